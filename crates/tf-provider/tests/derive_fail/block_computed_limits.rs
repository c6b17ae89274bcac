//! Limits are for the configuration.
use tf_provider::Schema;
use tf_provider::schema::Computed;

/// Part.
#[derive(Schema, Clone)]
struct Part {
    /// Name.
    name: String,
}

/// Thing.
#[derive(Schema, Clone)]
#[tf(type_name = "example_thing")]
struct Thing {
    /// Parts.
    #[tf(block(min = 1))]
    parts: Computed<Vec<Part>>,
}

fn main() {}

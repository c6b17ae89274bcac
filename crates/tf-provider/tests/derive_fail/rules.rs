//! Rules are about fields that may be left out.
use tf_provider::Schema;
use tf_provider::schema::Computed;

/// Thing.
#[derive(Schema, Clone)]
#[tf(conflicts(name, text), exactly_one_of(text), at_least_one_of(txet, text), together(), conflicts(id, text))]
struct Thing {
    /// Name.
    name: String,
    /// Text.
    text: Option<String>,
    /// Id.
    id: Computed<String>,
    /// Size.
    #[tf(replace, replace_if = shrinks)]
    size: Option<i64>,
}

fn shrinks(_: Option<&i64>, _: Option<&i64>) -> bool {
    false
}

fn main() {}

use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Where.
    #[tf(name = "provider")]
    upstream: String,
}

fn main() {}

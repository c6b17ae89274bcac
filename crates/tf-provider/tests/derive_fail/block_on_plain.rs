use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its rule.
    #[tf(block)]
    rule: String,
}

fn main() {}

use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository", timeouts)]
struct Repository {
    /// Limits.
    timeouts: Option<String>,
}

fn main() {}

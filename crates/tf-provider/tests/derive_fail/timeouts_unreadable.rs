use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository", timeouts(create = "5 minutes"))]
struct Repository {
    /// Its name.
    name: String,
}

fn main() {}

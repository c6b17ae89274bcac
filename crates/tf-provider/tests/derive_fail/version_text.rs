use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository", version = "2")]
struct Repository {
    /// Its name.
    name: String,
}

fn main() {}

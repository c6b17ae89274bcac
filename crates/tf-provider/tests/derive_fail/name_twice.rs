use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its name.
    name: String,
    /// Its name again.
    #[tf(name = "name")]
    other: String,
}

fn main() {}

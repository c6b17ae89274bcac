use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its name.
    #[tf(optional)]
    name: Option<String>,
}

fn main() {}

use tf_provider::Schema;
use tf_provider::schema::WriteOnly;
/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its name.
    name: Option<WriteOnly<String>>,
}

fn main() {}

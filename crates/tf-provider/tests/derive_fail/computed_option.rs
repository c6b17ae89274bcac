use tf_provider::Schema;
use tf_provider::schema::Computed;
/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its name.
    name: Computed<Option<String>>,
}

fn main() {}

use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example-Repository")]
struct Repository {}

fn main() {}

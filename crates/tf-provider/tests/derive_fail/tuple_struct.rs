use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
struct Repository(String);

fn main() {}

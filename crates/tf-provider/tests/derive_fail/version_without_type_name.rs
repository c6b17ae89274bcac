use tf_provider::Schema;

/// A copy.
#[derive(Schema, Clone, Debug)]
#[tf(version = 2)]
struct Copy {}

fn main() {}

use tf_provider::Schema;

#[derive(Schema, Clone, Debug)]
struct Repository {}

fn main() {}

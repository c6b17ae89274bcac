use std::collections::HashMap;

use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its labels.
    labels: HashMap<String, String>,
}

fn main() {}

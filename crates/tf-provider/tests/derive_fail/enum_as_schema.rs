use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
enum Repository {
    /// One.
    One,
}

fn main() {}

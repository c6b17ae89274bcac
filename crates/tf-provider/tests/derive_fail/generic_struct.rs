use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
struct Repository<T> {
    /// Its name.
    name: T,
}

fn main() {}

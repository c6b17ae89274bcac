use tf_provider::Schema;

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    name: String,
    /// Its note.
    #[tf(required)]
    note: Option<String>,
    /// Its account.
    #[tf(computed)]
    account: Option<String>,
}

fn main() {}

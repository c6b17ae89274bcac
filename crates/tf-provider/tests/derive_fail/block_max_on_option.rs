use tf_provider::Schema;

/// A rule.
#[derive(Schema, Clone, Debug)]
struct Rule {}

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its rule.
    #[tf(block(max = 2))]
    rule: Option<Rule>,
}

fn main() {}

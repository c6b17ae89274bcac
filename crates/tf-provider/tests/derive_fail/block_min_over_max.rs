use tf_provider::Schema;

/// A rule.
#[derive(Schema, Clone, Debug)]
struct Rule {}

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its rules.
    #[tf(block(min = 3, max = 2))]
    rule: Vec<Rule>,
}

fn main() {}

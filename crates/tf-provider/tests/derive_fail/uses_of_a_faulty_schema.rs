use tf_provider::Schema;
use tf_provider::schema::{AttributeValue, Convert};

/// A copy.
#[derive(Schema, Clone, Debug)]
struct Copy {
    region: String,
}

/// A repository.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "example_repository")]
struct Repository {
    /// Its copies.
    copies: Vec<Copy>,
    /// Its best copy.
    #[tf(block)]
    best: Option<Copy>,
}

fn main() {
    let plan = CopyPlan::default();
    println!("{:?} {:?}", plan.region, plan.to_raw());
    println!("{:?} {:?}", Copy::kind(), Repository::definition());
}

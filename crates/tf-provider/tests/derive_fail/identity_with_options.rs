//! An identity holds what the practitioner gives, and nothing else.
use std::collections::BTreeMap;

use tf_provider::Schema;
use tf_provider::schema::Computed;

/// Identity.
#[derive(Schema, Clone)]
#[tf(identity, type_name = "example_thing")]
struct Both {
    /// Name.
    name: String,
}

/// Identity.
#[derive(Schema, Clone)]
#[tf(identity, version = 1)]
struct Chosen {
    /// Name.
    #[tf(replace)]
    name: String,
    /// Id.
    id: Computed<String>,
}

/// Identity.
#[derive(Schema, Clone)]
#[tf(identity)]
struct Labelled {
    /// Labels.
    labels: BTreeMap<String, String>,
}

fn main() {}

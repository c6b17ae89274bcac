/// Where a rule is found.
#[derive(Schema, Clone, Debug, PartialEq)]
#[tf(identity, version = 1)]
pub struct RuleIdentity {
    /// Prefix of the repositories.
    pub repository_prefix: String,
    /// Account id.
    pub registry_id: Option<String>,
}

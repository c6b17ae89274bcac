/// Caches images of one upstream registry.
///
/// Needs no credential for `public.ecr.aws`.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_pull_through_cache_rule", version = 2, timeouts(create = "5m", delete = "1h30m"))]
pub struct PullThroughCacheRule {
    /// Prefix of the repositories.
    #[tf(replace, validate(length(2..=30), text(repository_prefix)))]
    pub ecr_repository_prefix: String,
    /// ARN of the secret.
    pub credential_arn: Option<String>,
    /// Account id.
    #[tf(keep)]
    pub registry_id: Computed<String>,
    /// Region.
    #[tf(optional)]
    pub region: Computed<String>,
    /// Whether tags may move.
    #[tf(default = "MUTABLE", validate(one_of(&["MUTABLE", "IMMUTABLE"])))]
    pub image_tag_mutability: String,
    /// Password.
    pub password_wo: WriteOnly<String>,
    /// Token.
    pub token: Option<Sensitive<String>>,
    /// Kind.
    #[tf(name = "type")]
    kind: u16,
    /// Old name.
    #[tf(deprecated = "Use token instead.")]
    pub r#old: Option<String>,
}

//! `moved` blocks: rules that hashicorp/aws made.

use serde::Deserialize;
use tf_provider::schema::Computed;
use tf_provider::{MoveState, Mover};

use super::PullThroughCacheRule;

/// What is needed of a rule's state in hashicorp/aws, `aws_ecr_pull_through_cache_rule`.
#[derive(Deserialize)]
struct AwsRule {
    ecr_repository_prefix: String,
    upstream_registry_url: String,
    credential_arn: Option<String>,
    custom_role_arn: Option<String>,
    upstream_repository_prefix: Option<String>,
    registry_id: Option<String>,
}

impl MoveState for PullThroughCacheRule {
    fn movers() -> Vec<Mover<Self>> {
        vec![Mover::new("hashicorp/aws", "aws_ecr_pull_through_cache_rule", |rule: AwsRule, _| {
            // The SDK that wrote the state has no null for texts.
            let text = |text: Option<String>| text.filter(|text| !text.is_empty());
            Ok(PullThroughCacheRule {
                ecr_repository_prefix: rule.ecr_repository_prefix,
                upstream_registry_url: rule.upstream_registry_url,
                credential_arn: text(rule.credential_arn),
                custom_role_arn: text(rule.custom_role_arn),
                upstream_repository_prefix: text(rule.upstream_repository_prefix).into(),
                delete_repositories: false,
                registry_id: text(rule.registry_id).into(),
                pull_permissions: Computed::null(),
            })
        })]
    }
}

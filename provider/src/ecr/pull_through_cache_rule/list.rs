//! `terraform query` for rules.

use tf_provider::{Context, Diagnostics, Found, ListResource, Listing, Schema};

use super::{PullThroughCacheRule, RuleIdentity};
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// Finds the pull through cache rules of the account and region.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_pull_through_cache_rule")]
pub struct PullThroughCacheRules {
    /// What the prefixes begin with. Default: all.
    pub ecr_repository_prefix: Option<String>,
}

impl ListResource for PullThroughCacheRules {
    type Resource = PullThroughCacheRule;

    async fn list(
        self,
        list: &mut Listing<PullThroughCacheRule>,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let wanted = self.ecr_repository_prefix.unwrap_or_default();
        let mut pages = clients.ecr.describe_pull_through_cache_rules().into_paginator().items().send();
        while let Some(rule) = pages.next().await {
            let rule = rule.map_err(|error| {
                Failure::of("ECR", &error).report("Listing ECR pull through cache rules", "", "")
            })?;
            let prefix = rule.ecr_repository_prefix().unwrap_or_default();
            if prefix.starts_with(&wanted) {
                let identity = RuleIdentity::new(prefix, &clients);
                let object = PullThroughCacheRule::named(prefix).with(&rule, &clients);
                list.push(Found::new(identity, prefix).object(object)).await?;
            }
        }
        Ok(())
    }
}

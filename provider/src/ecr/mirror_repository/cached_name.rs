//! Names that a pull through cache rule has a say about.
//! AWS: DescribePullThroughCacheRules (Amazon ECR API reference).

use tf_provider::{Context, Diagnostic, Diagnostics};

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// A repository under the prefix of a pull through cache rule is the rule's: ECR moves its tags to what upstream has.
pub(super) async fn refuse_cached_name(
    ctx: &mut Context<Clients>,
    summary: &str,
    name: &str,
) -> Result<(), Diagnostics> {
    let rules = ctx.client().ecr.describe_pull_through_cache_rules();
    let mut pages = rules.into_paginator().items().send();
    while let Some(rule) = pages.next().await {
        let rule = match rule {
            Ok(rule) => rule,
            Err(error) => {
                let failure = Failure::of("ECR", &error);
                if failure.is(&["AccessDeniedException"]) {
                    // Who may not see the rules may make a mirror all the same.
                    tracing::debug!(code = failure.code(), "pull through cache rules cannot be listed");
                    return Ok(());
                }
                return Err(failure.report(summary, "Nothing was created.", ""));
            }
        };
        let prefix = rule.ecr_repository_prefix().unwrap_or_default();
        if prefix == "ROOT" {
            let detail = "A pull through cache rule for ROOT fills every repository without a rule of its own: a pull of a \
                          tag that this mirror lacks asks the rule's upstream for it.";
            ctx.warn(Diagnostic::warning(summary, detail).at("name"));
        } else if name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')) {
            let detail = format!(
                "The pull through cache rule with the prefix \"{prefix}\" fills repositories of such names, and ECR would move \
                 the mirror's tags to what {} has. Nothing was created. Choose a name under another prefix.",
                rule.upstream_registry_url().unwrap_or_default()
            );
            return Err(Diagnostic::error(summary, detail).at("name").into());
        }
    }
    Ok(())
}

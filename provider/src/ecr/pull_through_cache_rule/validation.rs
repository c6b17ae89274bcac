//! Whether the upstream lets ECR in: asked once, and told as a warning.
//! AWS: ValidatePullThroughCacheRule (Amazon ECR API reference).

use std::time::Duration;

use tf_provider::{Context, Diagnostic};

use super::PullThroughCacheRule;
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// How long ECR may take to log in upstream; the rule is there in any case.
const LIMIT: Duration = Duration::from_secs(60);

impl PullThroughCacheRule {
    /// Has ECR log in upstream, where the rule has a credential, and warns when that fails.
    ///
    /// No answer is no warning: the right to ask is needed for nothing else.
    pub(super) async fn try_login(&self, ctx: &mut Context<Clients>) {
        let Some(secret) = &self.credential_arn else { return };
        let prefix = &self.ecr_repository_prefix;
        let call = ctx.client().ecr.validate_pull_through_cache_rule().ecr_repository_prefix(prefix);
        let answer = match tokio::time::timeout(LIMIT, call.send()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => {
                let failure = Failure::of("ECR", &error);
                tracing::debug!(prefix, code = failure.code(), "the login upstream cannot be tried");
                return;
            }
            Err(_) => {
                tracing::debug!(prefix, "the login upstream took too long");
                return;
            }
        };
        if answer.is_valid() {
            return;
        }
        let reason = answer.failure().unwrap_or("no reason was given").trim_end_matches('.');
        let detail = format!(
            "ECR cannot log in at {} with the secret {secret}: {reason}. The rule is there, but pulls of images that are not \
             cached yet fail. Correct user name and access token in the secret, which is a JSON object with username and \
             accessToken; the rule needs no change. To try again: aws ecr validate-pull-through-cache-rule \
             --ecr-repository-prefix {prefix}",
            self.upstream_registry_url
        );
        let summary = format!("Upstream refuses the login of ECR pull through cache rule ({prefix})");
        ctx.warn(Diagnostic::warning(summary, detail).at("credential_arn"));
    }
}

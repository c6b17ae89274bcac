//! `ecrunner_docker_hub_rate_limit`: what is left of Docker Hub's pull limit.
//! Source: Docker Hub's documentation, "Docker Hub pull usage and limits": a HEAD of `ratelimitpreview/test`, with a pull
//! token, tells the limit in its headers and counts as no pull.

use oci_copy::{Error, ManifestReference, Tag};
use tf_provider::schema::Computed;
use tf_provider::value::Number;
use tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Schema};

use super::upstream::check_registry;
use crate::clients::Clients;
use crate::diagnostics::registry_read_failure;

/// The repository that Docker Hub keeps for this question.
const REPOSITORY: &str = "ratelimitpreview/test";
/// The tag in it.
const TAG: &str = "latest";

/// Tells how many pulls Docker Hub still allows the address that Terraform runs behind, or the account that a
/// `registry_auth` block of the provider logs in to. Asking counts as no pull.
///
/// Without a login Docker Hub counts by address: machines behind another one, such as the workers' NAT gateway, have a
/// limit of their own, and whoever logs in is counted by account. The answer is another one at every plan: use it in a
/// `check` block or a precondition, not in an argument of a resource.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_docker_hub_rate_limit")]
pub struct DockerHubRateLimit {
    /// The registry to ask, with its port if it has one: Docker Hub, or a mirror of it that passes the question on.
    #[tf(default = "docker.io", validate(text(check_registry)))]
    pub registry: String,
    /// Pulls that are allowed within the window; null where Docker Hub sets no limit.
    pub limit: Computed<Number>,
    /// Pulls that are left in the window; null where Docker Hub sets no limit.
    pub remaining: Computed<Number>,
    /// Length of the window in seconds, 21600 (six hours) at the time of writing. When it ends is not told.
    pub window_seconds: Computed<Number>,
    /// Whom the limit counts: an IPv4 address, the first 64 bits of an IPv6 address, or an account's id; null where there
    /// is no limit.
    pub source: Computed<String>,
}

impl DataSource for DockerHubRateLimit {
    type Client = Clients;

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Reading the pull limit ({})", self.registry);
        let failed = |error: Error| registry_read_failure(&error, summary.clone()).at("registry");
        let registry = ctx.client().upstream(&self.registry, None).map_err(|faults| {
            Diagnostics::from(faults.into_iter().map(|fault| fault.at("registry")).collect::<Vec<_>>())
        })?;
        let tag: ManifestReference = Tag::parse(TAG).map_err(|error| failed(error.into()))?.into();
        let told = registry.pull_limit(REPOSITORY, &tag).await.map_err(|error| match error {
            Error::NotFound { .. } | Error::RepositoryNotFound { .. } => {
                let detail = format!(
                    "{} has no {REPOSITORY}:{TAG}, by which Docker Hub tells its limit. Name Docker Hub, or a mirror of \
                     it that passes requests on.",
                    self.registry
                );
                Diagnostic::error(summary.clone(), detail).at("registry")
            }
            error => failed(error),
        })?;
        // No such headers: unlimited, as paid accounts and sponsored addresses are.
        let told = told.unwrap_or_default();
        self.limit = told.limit.map(Number::from).into();
        self.remaining = told.remaining.map(Number::from).into();
        self.window_seconds = told.window.map(|window| Number::from(window.as_secs())).into();
        self.source = told.source.into();
        Ok(self)
    }
}

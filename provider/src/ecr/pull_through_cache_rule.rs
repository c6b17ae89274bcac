//! `ecrunner_pull_through_cache_rule`: one ECR pull through cache rule.
//! AWS: CreatePullThroughCacheRule, DescribePullThroughCacheRules, UpdatePullThroughCacheRule,
//! ValidatePullThroughCacheRule, DeletePullThroughCacheRule (Amazon ECR API reference); for the repositories it leaves see
//! `repositories.rs`.
//! Identity: the repository prefix within the registry. Updatable in place: credential and role, but not their removal.

mod list;
mod moved;
mod pull_permissions;
mod repositories;
mod secret;
mod upstream;
mod validation;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_ecr::types;
use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, ValidateConfig, Value,
};

pub use self::list::PullThroughCacheRules;
use self::pull_permissions::PullPermissions;
use self::repositories::{Leftovers, ROOT};
use self::secret::{SECRET_ERRORS, secret_remedy, when_secret_is_visible};
use self::upstream::{CredentialRule, check_upstream, credential_rule, upstream_of};
use super::repository_name::check_rule_prefix;
use super::upstream_secret::check_credential_arn;
use crate::arn::check_role_arn;
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::identity::{check_place, place};
use crate::retry::{self, CreateFailure};

/// Caches images of one upstream registry under a prefix of the account's own registry: a pull of
/// `<registry>/<prefix>/<image>:<tag>` imports the image on first use.
///
/// Who pulls an image for the first time needs more rights than for pulling: `ecr:CreateRepository` and
/// `ecr:BatchImportUpstreamImage`, which AWS's managed policy `AmazonEC2ContainerRegistryReadOnly` lacks.
/// `pull_permissions` says what pulling through this rule needs, and `image_pull` of `ecrunner_instance_profile` gives it.
///
/// Where the upstream takes a login, ECR is asked to try it once the rule is made, or has another credential. That it was
/// refused is a warning: the rule is there, and works as soon as the secret is right. Who applies needs
/// `ecr:ValidatePullThroughCacheRule` for that; without, nothing is tried.
///
/// Destroying a rule leaves the repositories that its pulls made; a warning then lists them. With `delete_repositories`
/// they are deleted, with their images, once the rule is. ECR does not record what made a repository. As made by the rule
/// counts one that is below its prefix and below no longer prefix of another rule, that is not older than the rule, and
/// that is no mirror of `ecrunner_mirror_repository`. So put nothing else below the prefix of a rule.
///
/// A rule has no tags, so a create whose answer was lost for good cannot be told from a rule of somebody else: apply then
/// names the import block.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_pull_through_cache_rule",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "20m")
)]
pub struct PullThroughCacheRule {
    /// Prefix of the repositories that this rule fills, such as `docker-hub`, or `ROOT` for all without a rule of
    /// their own; 2 to 30 characters.
    #[tf(replace, validate(text(check_rule_prefix)))]
    pub ecr_repository_prefix: String,
    /// Address of the upstream registry: `registry-1.docker.io`, `public.ecr.aws`, `quay.io`, `registry.k8s.io`,
    /// `ghcr.io`, `registry.gitlab.com`, `cgr.dev`, `<name>.azurecr.io`, or another ECR registry.
    #[tf(replace, validate(text(check_upstream)))]
    pub upstream_registry_url: String,
    /// ARN of the Secrets Manager secret with the upstream credentials, such as `arn` of `ecrunner_upstream_credential`;
    /// its name begins with `ecr-pullthroughcache/`. Docker Hub, GitHub, GitLab, Azure and Chainguard demand one.
    #[tf(validate(text(check_credential_arn)))]
    pub credential_arn: Option<String>,
    /// ARN of the role that ECR assumes to pull from an ECR registry of another account.
    #[tf(validate(text(check_role_arn)))]
    pub custom_role_arn: Option<String>,
    /// Prefix of the repositories in an upstream ECR registry; 2 to 30 characters. Default: `ROOT`, which is all.
    #[tf(optional, keep, replace, validate(text(check_rule_prefix)))]
    pub upstream_repository_prefix: Computed<String>,
    /// Whether destroy, and a replacement, also deletes the repositories that pulls through this rule made, with all their
    /// images. Apply it before destroying. Not for `ROOT`, whose repositories cannot be told from those of others. Needs
    /// `ecr:DescribeRepositories`, `ecr:ListTagsForResource` and `ecr:DeleteRepository`.
    #[tf(default = false)]
    pub delete_repositories: bool,
    /// Id of the registry, which is the id of the account.
    #[tf(keep)]
    pub registry_id: Computed<String>,
    /// What who pulls through this rule needs to be allowed, as `image_pull` of `ecrunner_instance_profile` takes it.
    pub pull_permissions: Computed<PullPermissions>,
}

impl Resource for PullThroughCacheRule {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Creating ECR pull through cache rule ({})", self.ecr_repository_prefix);
        if find_by_prefix(&clients, &self.ecr_repository_prefix).await?.is_some() {
            return Err(already_exists(&summary, &self.ecr_repository_prefix));
        }
        let no_retry = aws_sdk_ecr::config::Builder::new().retry_config(RetryConfig::disabled());
        let sent = when_secret_is_visible(ctx, self.credential_arn.as_deref(), || {
            retry::create(ctx, || {
                let call = clients
                    .ecr
                    .create_pull_through_cache_rule()
                    .ecr_repository_prefix(&self.ecr_repository_prefix)
                    .upstream_registry_url(&self.upstream_registry_url)
                    .set_upstream_registry(upstream_of(&self.upstream_registry_url))
                    .set_credential_arn(self.credential_arn.clone())
                    .set_custom_role_arn(self.custom_role_arn.clone())
                    .set_upstream_repository_prefix(self.upstream_repository_prefix.get().cloned())
                    .customize()
                    .config_override(no_retry.clone());
                async move { call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error)) }
            })
        })
        .await;
        if let Err(CreateFailure { failure, unanswered }) = sent {
            let exists = failure.is(&["PullThroughCacheRuleAlreadyExistsException"]);
            let found = if exists && unanswered {
                find_by_prefix(&clients, &self.ecr_repository_prefix).await?
            } else {
                None
            };
            if !found.is_some_and(|rule| self.is_made_by(&rule)) {
                return Err(match exists {
                    true => already_exists(&summary, &self.ecr_repository_prefix),
                    false => refused(&failure, &summary, "Nothing was created."),
                });
            }
        }
        self.registry_id = clients.account_id.as_str().into();
        self.pull_permissions = PullPermissions::new(&self.ecr_repository_prefix, &clients).into();
        ctx.save(&self);
        let prefix = self.ecr_repository_prefix.clone();
        let rule = ctx
            .wait_for("the new rule can be read", Duration::from_secs(1), || {
                find_by_prefix(&clients, &prefix)
            })
            .await?;
        let made = self.with(&rule, &clients);
        made.try_login(ctx).await;
        Ok(made)
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        match find_by_prefix(ctx.client(), &self.ecr_repository_prefix).await? {
            Some(rule) => {
                repositories::stay_with_rule(ctx.private());
                Ok(Some(self.with(&rule, ctx.client())))
            }
            // The next destroy goes on with these.
            None if repositories::are_left(ctx.private()) => Ok(Some(self)),
            None => Ok(None),
        }
    }

    async fn update(self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Updating ECR pull through cache rule ({})", self.ecr_repository_prefix);
        if (&self.credential_arn, &self.custom_role_arn) == (&prior.credential_arn, &prior.custom_role_arn) {
            // What else can change is not ECR's, which refuses to be told nothing.
            return Ok(self);
        }
        when_secret_is_visible(ctx, self.credential_arn.as_deref(), || {
            let call = clients
                .ecr
                .update_pull_through_cache_rule()
                .ecr_repository_prefix(&self.ecr_repository_prefix)
                .set_credential_arn(self.credential_arn.clone())
                .set_custom_role_arn(self.custom_role_arn.clone());
            async move { call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error)) }
        })
        .await
        .map_err(|failure| refused(&failure, &summary, "The rule is unchanged."))?;
        let Some(rule) = find_by_prefix(&clients, &self.ecr_repository_prefix).await? else {
            return Err(
                Diagnostic::error(summary, "The rule vanished during the update. Apply again.").into()
            );
        };
        let changed = self.with(&rule, &clients);
        if changed.credential_arn != prior.credential_arn {
            changed.try_login(ctx).await;
        }
        Ok(changed)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let found = find_by_prefix(ctx.client(), &self.ecr_repository_prefix).await?;
        let leftovers = Leftovers::of(&self, found.as_ref(), ctx);
        let call = ctx.client().ecr.delete_pull_through_cache_rule();
        if let Err(error) = call.ecr_repository_prefix(&self.ecr_repository_prefix).send().await {
            let failure = Failure::of("ECR", &error);
            if !failure.is(&["PullThroughCacheRuleNotFoundException"]) {
                let summary =
                    format!("Deleting ECR pull through cache rule ({})", self.ecr_repository_prefix);
                return Err(failure.report(summary, "The rule is still there.", ""));
            }
        }
        leftovers.settle(ctx).await
    }
}

impl ImportState for PullThroughCacheRule {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let rule = find_by_prefix(ctx.client(), &id).await?.ok_or_else(|| {
            Diagnostic::error(
                format!("ECR pull through cache rule not found ({id})"),
                format!(
                    "Account {} has no rule with the prefix \"{id}\" in {}. The import id is the prefix.",
                    ctx.client().account_id,
                    ctx.client().region
                ),
            )
        })?;
        Ok(PullThroughCacheRule::named(&id).with(&rule, ctx.client()))
    }
}

/// What tells a rule from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct RuleIdentity {
    /// Prefix of the repositories, or `ROOT`.
    pub ecr_repository_prefix: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

impl RuleIdentity {
    fn new(prefix: &str, clients: &Clients) -> Self {
        let (account_id, region) = place(clients);
        RuleIdentity { ecr_repository_prefix: prefix.to_owned(), account_id, region }
    }
}

impl ResourceIdentity for PullThroughCacheRule {
    type Identity = RuleIdentity;

    fn identity(&self, clients: &Clients) -> Option<RuleIdentity> {
        Some(RuleIdentity::new(&self.ecr_repository_prefix, clients))
    }
}

impl ImportIdentity for PullThroughCacheRule {
    async fn import_identity(
        identity: RuleIdentity,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        check_place(ctx.client(), identity.account_id.as_deref(), identity.region.as_deref())?;
        Self::import(identity.ecr_repository_prefix, ctx).await
    }
}

impl ModifyPlan for PullThroughCacheRule {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        // ECR can change a credential or a role, but has no call that takes one away.
        if let Some(prior) = plan.prior {
            if prior.credential_arn.is_some() && plan.planned.credential_arn.is_null() {
                plan.requires_replace("credential_arn");
            }
            if prior.custom_role_arn.is_some() && plan.planned.custom_role_arn.is_null() {
                plan.requires_replace("custom_role_arn");
            }
        }
        if plan.prior.is_some() && repositories::are_left(&plan.private) {
            plan.planned.registry_id = Value::Unknown;
            plan.requires_replace("registry_id");
            let detail = "An earlier destroy deleted the rule, and not all of its repositories. These are deleted before the \
                          rule is made anew.";
            plan.report(Diagnostic::warning("ECR pull through cache rule is half deleted", detail));
        }
        let Some(clients) = plan.client() else { return };
        if let Value::Known(prefix) = &plan.planned.ecr_repository_prefix {
            plan.planned.pull_permissions = PullPermissions::new(prefix, clients).plan();
        }
        let Value::Known(arn) = &plan.planned.credential_arn else { return };
        let mut parts = arn.split(':').skip(3);
        let (region, account) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if region != clients.region || account != clients.account_id {
            plan.report(
                Diagnostic::error(
                    "Invalid credential_arn",
                    format!(
                        "ECR reads secrets of its own account and region only: the rule is in {} {}, the secret in \
                         {account} {region}. Create the secret beside the rule.",
                        clients.account_id, clients.region
                    ),
                )
                .at("credential_arn"),
            );
        }
    }
}

impl ValidateConfig for PullThroughCacheRule {
    fn validate(config: &PullThroughCacheRulePlan, diagnostics: &mut Diagnostics) {
        let is_root = matches!(&config.ecr_repository_prefix, Value::Known(prefix) if prefix == ROOT);
        if is_root && config.delete_repositories == Value::Known(true) {
            let detail = "A rule for ROOT makes repositories of any name, which cannot be told from those of others. Remove \
                          delete_repositories; destroy will list what may be of its making.";
            diagnostics
                .push(Diagnostic::error("Invalid delete_repositories", detail).at("delete_repositories"));
        }
        let Value::Known(url) = &config.upstream_registry_url else { return };
        let Some(upstream) = upstream_of(url) else { return };
        let mut fault = |attribute: &str, detail: String| {
            diagnostics.push(Diagnostic::error(format!("Invalid {attribute}"), detail).at(attribute));
        };
        match (credential_rule(&upstream), &config.credential_arn) {
            (CredentialRule::Required, Value::Null) => fault(
                "credential_arn",
                format!(
                    "The upstream {url} demands a login. Set credential_arn to a secret named ecr-pullthroughcache/<name>."
                ),
            ),
            (CredentialRule::Refused, Value::Known(_)) => {
                fault("credential_arn", format!("The upstream {url} takes no login. Remove credential_arn."))
            }
            _ => {}
        }
        if upstream != types::UpstreamRegistry::Ecr {
            if matches!(config.custom_role_arn, Value::Known(_)) {
                let detail = format!(
                    "A role is for upstreams that are ECR registries; {url} is none. Remove custom_role_arn."
                );
                fault("custom_role_arn", detail);
            }
            // "ROOT" is what ECR itself reports for a rule without one.
            if matches!(&config.upstream_repository_prefix, Value::Known(prefix) if prefix != ROOT) {
                let detail = format!(
                    "An upstream prefix is for upstreams that are ECR registries; {url} is none. Remove upstream_repository_prefix."
                );
                fault("upstream_repository_prefix", detail);
            }
        } else if is_root
            && matches!(&config.upstream_repository_prefix, Value::Known(prefix) if prefix != ROOT)
        {
            fault(
                "upstream_repository_prefix",
                "A rule for ROOT takes no upstream prefix. Remove upstream_repository_prefix, or give the rule a prefix of its own.".to_owned(),
            );
        }
    }
}

/// The rule with this prefix, if there is one.
async fn find_by_prefix(
    clients: &Clients,
    prefix: &str,
) -> Result<Option<types::PullThroughCacheRule>, Diagnostics> {
    let answer = clients.ecr.describe_pull_through_cache_rules().ecr_repository_prefixes(prefix).send().await;
    match answer {
        Ok(answer) => Ok(answer
            .pull_through_cache_rules()
            .iter()
            .find(|rule| rule.ecr_repository_prefix() == Some(prefix))
            .cloned()),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["PullThroughCacheRuleNotFoundException"]) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading ECR pull through cache rule ({prefix})"), "", ""))
        }
    }
}

fn already_exists(summary: &str, prefix: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "A rule with this prefix is there already, and was not made by this configuration. Nothing was changed. \
             Choose another prefix, or take the rule over:\n\nimport {{\n  to = \
             ecrunner_pull_through_cache_rule.<name>\n  id = \"{prefix}\"\n}}"
        ),
    )
    .at("ecr_repository_prefix")
    .into()
}

fn refused(failure: &Failure, summary: &str, exists_now: &str) -> Diagnostics {
    let diagnostic = failure.diagnostic(summary, exists_now, secret_remedy(failure));
    match failure.code() {
        code if SECRET_ERRORS.contains(&code) => diagnostic.at("credential_arn").into(),
        "UnsupportedUpstreamRegistryException" => diagnostic.at("upstream_registry_url").into(),
        _ => diagnostic.into(),
    }
}

impl PullThroughCacheRule {
    /// A rule of which the prefix alone is known yet.
    fn named(prefix: &str) -> Self {
        PullThroughCacheRule {
            ecr_repository_prefix: prefix.to_owned(),
            upstream_registry_url: String::new(),
            credential_arn: None,
            custom_role_arn: None,
            upstream_repository_prefix: Computed::Pending,
            delete_repositories: false,
            registry_id: Computed::Pending,
            pull_permissions: Computed::Pending,
        }
    }

    /// This rule as AWS reports it.
    fn with(self, rule: &types::PullThroughCacheRule, clients: &Clients) -> Self {
        PullThroughCacheRule {
            pull_permissions: PullPermissions::new(&self.ecr_repository_prefix, clients).into(),
            ecr_repository_prefix: self.ecr_repository_prefix,
            upstream_registry_url: rule
                .upstream_registry_url()
                .map_or(self.upstream_registry_url, str::to_owned),
            credential_arn: rule.credential_arn().map(str::to_owned),
            custom_role_arn: rule.custom_role_arn().map(str::to_owned),
            upstream_repository_prefix: rule.upstream_repository_prefix().map(str::to_owned).into(),
            delete_repositories: self.delete_repositories,
            registry_id: rule.registry_id().map(str::to_owned).into(),
        }
    }

    /// True when `rule` is what this configuration asks for.
    fn is_made_by(&self, rule: &types::PullThroughCacheRule) -> bool {
        rule.upstream_registry_url() == Some(self.upstream_registry_url.as_str())
            && rule.credential_arn() == self.credential_arn.as_deref()
            && rule.custom_role_arn() == self.custom_role_arn.as_deref()
            && rule.upstream_repository_prefix().unwrap_or(ROOT)
                == self.upstream_repository_prefix.get().map_or(ROOT, String::as_str)
    }
}

//! `ecrunner_repository_creation_template`: settings of the repositories that ECR creates by itself.
//! AWS: CreateRepositoryCreationTemplate, DescribeRepositoryCreationTemplates, UpdateRepositoryCreationTemplate,
//! DeleteRepositoryCreationTemplate (Amazon ECR API reference).
//! Identity: the prefix within the registry. Updatable in place: everything else, but not the removal of the role.

mod moved;

use std::collections::BTreeSet;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_ecr::types;
use tf_provider::schema::{Computed, Json};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, ModifyPlan, PlanContext, Resource,
    ResourceIdentity, Schema, StringEnum, ValidateConfig, Value,
};

use super::repository::aws_tags;
use super::repository_name::check_template_prefix;
use super::repository_settings::{
    EncryptionConfiguration, ImageTagMutability, check_exclusion_filter, check_exclusions,
    check_lifecycle_policy, check_repository_policy, may_miss_a_principal, read_filters, to_filters,
    while_principals_are_missing,
};
use crate::arn::{Arn, check_role_arn};
use crate::clients::Clients;
use crate::diagnostics::Failure;
use crate::identity::{check_place, place};
use crate::retry::{self, CreateFailure};
use crate::tags::Tags;

/// Occasions on which ECR creates a repository by itself.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[tf(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AppliedFor {
    /// The first pull of an image through a pull through cache rule.
    PullThroughCache,
    /// The replication of an image from another region or account.
    Replication,
    /// The push of an image to a repository that does not exist.
    CreateOnPush,
}

/// Settings of the repositories that ECR creates by itself: by a pull through cache rule, a replication, or a push.
///
/// A template is for repositories created from then on. Those that there are keep what they have, also when the template
/// changes or goes. The template with the longest prefix wins; `ROOT` is for all others. The provider's `default_tags` are
/// not added: tags demand a role that most set-ups do not need.
#[derive(Schema, Clone, Debug, PartialEq)]
#[tf(
    type_name = "ecrunner_repository_creation_template",
    timeouts(create = "5m", read = "2m", update = "5m", delete = "2m")
)]
pub struct RepositoryCreationTemplate {
    /// What the names of the repositories begin with, such as `docker-hub` for `docker-hub/library/alpine`, or `ROOT`
    /// for all without a template of their own; up to 256 characters.
    #[tf(replace, validate(text(check_template_prefix)))]
    pub prefix: String,
    /// On which occasions repositories get these settings.
    #[tf(validate(length(1..=3)))]
    pub applied_for: BTreeSet<AppliedFor>,
    /// What the template is for, 1 to 256 characters.
    #[tf(validate(length(1..=256)))]
    pub description: Option<String>,
    /// Whether tags may move. `IMMUTABLE` keeps a pull through cache from ever taking a newer `latest`.
    #[tf(default = ImageTagMutability::Mutable)]
    pub image_tag_mutability: ImageTagMutability,
    /// Tags that are excluded from the mutability, 1 to 5; `*` stands for any text.
    #[tf(validate(length(1..=5), each(text(check_exclusion_filter))))]
    pub image_tag_mutability_exclusion_filters: Option<BTreeSet<String>>,
    /// How images are encrypted at rest. Default: `AES256`. KMS demands `custom_role_arn`.
    pub encryption_configuration: Option<EncryptionConfiguration>,
    /// Lifecycle policy of the repositories, as JSON: without one they grow for ever.
    #[tf(validate(text(check_lifecycle_policy)))]
    pub lifecycle_policy: Option<Json>,
    /// Repository policy, as JSON. Pulls from other accounts need one.
    #[tf(validate(text(check_repository_policy)))]
    pub repository_policy: Option<Json>,
    /// Tags of the repositories. They demand `custom_role_arn`.
    pub resource_tags: Option<Tags>,
    /// ARN of the role that ECR assumes to create the repositories, one of the registry's account, such as that of an
    /// `ecrunner_repository_creation_role`. Tags and KMS demand one: without it every first pull ends with "not found". It
    /// trusts `ecr.amazonaws.com` and needs `ecr:CreateRepository`, `ecr:ReplicateImage` and `ecr:TagResource`, and for KMS
    /// `kms:CreateGrant`, `kms:RetireGrant` and `kms:DescribeKey`. Who applies needs `iam:PassRole` for it.
    #[tf(validate(text(check_role_arn)))]
    pub custom_role_arn: Option<String>,
    /// Id of the registry, which is the id of the account.
    #[tf(keep)]
    pub registry_id: Computed<String>,
}

impl Resource for RepositoryCreationTemplate {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Creating ECR repository creation template ({})", self.prefix);
        if find(&clients, &self.prefix).await?.is_some() {
            return Err(already_exists(&summary, &self.prefix));
        }
        let no_retry = aws_sdk_ecr::config::Builder::new().retry_config(RetryConfig::disabled());
        let (filters, tags) = (self.filters()?, self.aws_tags()?);
        let encryption = self.encryption_configuration.as_ref().map(to_aws).transpose()?;
        let sent = while_principals_are_missing(ctx, || {
            retry::create(ctx, || {
                let call = clients
                    .ecr
                    .create_repository_creation_template()
                    .prefix(&self.prefix)
                    .set_applied_for(Some(self.occasions()))
                    .set_description(self.description.clone())
                    .image_tag_mutability(self.image_tag_mutability.into())
                    .set_image_tag_mutability_exclusion_filters(filters.clone())
                    .set_encryption_configuration(encryption.clone())
                    .set_lifecycle_policy(text(self.lifecycle_policy.as_ref()))
                    .set_repository_policy(text(self.repository_policy.as_ref()))
                    .set_resource_tags(tags.clone())
                    .set_custom_role_arn(self.custom_role_arn.clone())
                    .customize()
                    .config_override(no_retry.clone());
                async move { call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error)) }
            })
        })
        .await;
        if let Err(CreateFailure { failure, unanswered }) = sent {
            let exists = failure.is(&["TemplateAlreadyExistsException"]);
            let found = if exists && unanswered { find(&clients, &self.prefix).await? } else { None };
            if !found.is_some_and(|template| self.is_made_by(&template)) {
                return Err(match exists {
                    true => already_exists(&summary, &self.prefix),
                    false => refused(&failure, &summary, "Nothing was created."),
                });
            }
        }
        self.registry_id = clients.account_id.as_str().into();
        ctx.save(&self);
        let prefix = self.prefix.clone();
        let template = ctx
            .wait_for("the new template can be read", Duration::from_secs(1), || find(&clients, &prefix))
            .await?;
        Ok(self.with(&template))
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let found = find(ctx.client(), &self.prefix).await?;
        Ok(found.map(|template| self.with(&template)))
    }

    async fn update(self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let summary = format!("Updating ECR repository creation template ({})", self.prefix);
        // An empty text takes away what was there.
        let changed = |new: Option<String>, old: bool| new.or_else(|| old.then(String::new));
        let default = prior.encryption_configuration.is_some().then(EncryptionConfiguration::default);
        let encryption = self.encryption_configuration.as_ref().or(default.as_ref());
        let tags = self.aws_tags()?.or_else(|| prior.resource_tags.is_some().then(Vec::new));
        let call = clients
            .ecr
            .update_repository_creation_template()
            .prefix(&self.prefix)
            .set_applied_for(Some(self.occasions()))
            .set_description(changed(self.description.clone(), prior.description.is_some()))
            .image_tag_mutability(self.image_tag_mutability.into())
            .set_image_tag_mutability_exclusion_filters(self.filters()?)
            .set_encryption_configuration(encryption.map(to_aws).transpose()?)
            .set_lifecycle_policy(changed(
                text(self.lifecycle_policy.as_ref()),
                prior.lifecycle_policy.is_some(),
            ))
            .set_repository_policy(changed(
                text(self.repository_policy.as_ref()),
                prior.repository_policy.is_some(),
            ))
            .set_resource_tags(tags)
            .set_custom_role_arn(self.custom_role_arn.clone());
        while_principals_are_missing(ctx, || {
            let call = call.clone();
            async move { call.send().await.map(drop).map_err(|error| Failure::of("ECR", &error)) }
        })
        .await
        .map_err(|failure| refused(&failure, &summary, "The template is unchanged."))?;
        match find(&clients, &self.prefix).await? {
            Some(template) => Ok(self.with(&template)),
            None => Err(Diagnostic::error(
                summary,
                "The template vanished during the update. Apply again to make it anew.",
            )
            .into()),
        }
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let sent = ctx.client().ecr.delete_repository_creation_template().prefix(&self.prefix).send().await;
        let failure = match sent {
            Ok(_) => return Ok(()),
            Err(error) => Failure::of("ECR", &error),
        };
        if failure.is(&["TemplateNotFoundException"]) {
            return Ok(());
        }
        let summary = format!("Deleting ECR repository creation template ({})", self.prefix);
        Err(failure.report(summary, "The template is still there.", ""))
    }
}

impl ImportState for RepositoryCreationTemplate {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let template = find(ctx.client(), &id).await?.ok_or_else(|| {
            Diagnostic::error(
                format!("ECR repository creation template not found ({id})"),
                format!(
                    "Account {} has no template with the prefix \"{id}\" in {}. The import id is the prefix.",
                    ctx.client().account_id,
                    ctx.client().region
                ),
            )
        })?;
        Ok(RepositoryCreationTemplate::named(&id).with(&template))
    }
}

/// What tells a template from all others.
#[derive(Schema, Clone, Debug, PartialEq, Eq)]
#[tf(identity)]
pub struct TemplateIdentity {
    /// Prefix of the repositories, or `ROOT`.
    pub prefix: String,
    /// Id of the account. Default: the provider's.
    pub account_id: Option<String>,
    /// Region. Default: the provider's.
    pub region: Option<String>,
}

impl ResourceIdentity for RepositoryCreationTemplate {
    type Identity = TemplateIdentity;

    fn identity(&self, clients: &Clients) -> Option<TemplateIdentity> {
        let (account_id, region) = place(clients);
        Some(TemplateIdentity { prefix: self.prefix.clone(), account_id, region })
    }
}

impl ImportIdentity for RepositoryCreationTemplate {
    async fn import_identity(
        identity: TemplateIdentity,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        check_place(ctx.client(), identity.account_id.as_deref(), identity.region.as_deref())?;
        Self::import(identity.prefix, ctx).await
    }
}

impl ModifyPlan for RepositoryCreationTemplate {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        // Nothing says that a role can be taken away again.
        if plan.prior.is_some_and(|prior| prior.custom_role_arn.is_some())
            && plan.planned.custom_role_arn.is_null()
        {
            plan.requires_replace("custom_role_arn");
        }
        if let Value::Known(encryption) = &mut plan.planned.encryption_configuration {
            encryption.plan_key(plan.prior.and_then(|prior| prior.encryption_configuration.as_ref()));
        }
        let Some(clients) = plan.client() else { return };
        let encryption = plan.planned.encryption_configuration.known();
        if let Some(fault) = encryption.and_then(|encryption| encryption.check_place(clients)) {
            plan.report(fault);
        }
        if let Value::Known(role) = &plan.planned.custom_role_arn
            && let Some(account) = Arn::parse(role).map(|arn| arn.account.to_owned())
            && account != clients.account_id
        {
            let detail = format!(
                "ECR assumes roles of its own account only: the template is in {}, the role in {account}. Name a role of \
                 {}.",
                clients.account_id, clients.account_id
            );
            plan.report(Diagnostic::error("Invalid custom_role_arn", detail).at("custom_role_arn"));
        }
    }
}

impl ValidateConfig for RepositoryCreationTemplate {
    fn validate(config: &RepositoryCreationTemplatePlan, diagnostics: &mut Diagnostics) {
        check_exclusions(
            &config.image_tag_mutability,
            &config.image_tag_mutability_exclusion_filters,
            diagnostics,
        );
        let encryption = config.encryption_configuration.known();
        if let Some(encryption) = encryption {
            encryption.check(diagnostics);
        }
        let tags = matches!(&config.resource_tags, Value::Known(tags) if !tags.is_empty());
        let demanded_by = match (tags, encryption.is_some_and(|encryption| encryption.uses_kms())) {
            (true, _) => "resource_tags",
            (false, true) => "encryption_configuration",
            (false, false) => return,
        };
        if config.custom_role_arn.is_null() {
            let detail = format!(
                "With {demanded_by} ECR needs a role of yours to create a repository; its own one may not, and every first \
                 pull would end with \"not found\". Set custom_role_arn to a role that trusts ecr.amazonaws.com, or remove \
                 {demanded_by}."
            );
            diagnostics.push(Diagnostic::error("Missing custom_role_arn", detail).at(demanded_by));
        }
    }
}

/// The template with this prefix, if there is one.
async fn find(
    clients: &Clients,
    prefix: &str,
) -> Result<Option<types::RepositoryCreationTemplate>, Diagnostics> {
    match clients.ecr.describe_repository_creation_templates().prefixes(prefix).send().await {
        Ok(answer) => {
            let mut templates = answer.repository_creation_templates().iter();
            Ok(templates.find(|template| template.prefix() == Some(prefix)).cloned())
        }
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["TemplateNotFoundException"]) {
                return Ok(None);
            }
            Err(failure.report(format!("Reading ECR repository creation template ({prefix})"), "", ""))
        }
    }
}

fn already_exists(summary: &str, prefix: &str) -> Diagnostics {
    Diagnostic::error(
        summary,
        format!(
            "A template with this prefix is there already, and was not made by this configuration. Nothing was changed. \
             Choose another prefix, or take the template over:\n\nimport {{\n  to = \
             ecrunner_repository_creation_template.<name>\n  id = \"{prefix}\"\n}}"
        ),
    )
    .at("prefix")
    .into()
}

fn refused(failure: &Failure, summary: &str, exists_now: &str) -> Diagnostics {
    let diagnostic = failure.diagnostic(summary, exists_now, "");
    if may_miss_a_principal(failure) { diagnostic.at("repository_policy").into() } else { diagnostic.into() }
}

fn text(json: Option<&Json>) -> Option<String> {
    json.map(|json| json.as_str().to_owned())
}

fn to_aws(
    encryption: &EncryptionConfiguration,
) -> Result<types::EncryptionConfigurationForRepositoryCreationTemplate, Diagnostics> {
    types::EncryptionConfigurationForRepositoryCreationTemplate::builder()
        .encryption_type(types::EncryptionType::from(encryption.encryption_type.as_str()))
        .set_kms_key(encryption.kms_key.get().cloned())
        .build()
        .map_err(|error| {
            Diagnostic::provider_bug(format!("The encryption could not be built: {error}.")).into()
        })
}

impl RepositoryCreationTemplate {
    /// A template of which the prefix alone is known yet.
    fn named(prefix: &str) -> Self {
        RepositoryCreationTemplate {
            prefix: prefix.to_owned(),
            applied_for: BTreeSet::new(),
            description: None,
            image_tag_mutability: ImageTagMutability::Mutable,
            image_tag_mutability_exclusion_filters: None,
            encryption_configuration: None,
            lifecycle_policy: None,
            repository_policy: None,
            resource_tags: None,
            custom_role_arn: None,
            registry_id: Computed::Pending,
        }
    }

    fn occasions(&self) -> Vec<types::RctAppliedFor> {
        self.applied_for.iter().map(|occasion| types::RctAppliedFor::from(occasion.as_str())).collect()
    }

    fn filters(&self) -> Result<Option<Vec<types::ImageTagMutabilityExclusionFilter>>, Diagnostics> {
        let filters = self.image_tag_mutability_exclusion_filters.as_ref();
        filters.map(to_filters).transpose()
    }

    fn aws_tags(&self) -> Result<Option<Vec<types::Tag>>, Diagnostics> {
        self.resource_tags.as_ref().map(aws_tags).transpose()
    }

    /// This template as AWS reports it.
    fn with(self, template: &types::RepositoryCreationTemplate) -> Self {
        // What was taken away may be told as an empty text.
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let json = |text: Option<&str>| given(text).map(Json::new);
        let own = self.encryption_configuration.as_ref();
        let encryption = template.encryption_configuration();
        let tags: Tags = template
            .resource_tags()
            .iter()
            .map(|tag| (tag.key().to_owned(), tag.value().to_owned()))
            .collect();
        let mutability = template.image_tag_mutability().and_then(|value| value.as_str().parse().ok());
        RepositoryCreationTemplate {
            prefix: self.prefix,
            applied_for: template
                .applied_for()
                .iter()
                .filter_map(|occasion| occasion.as_str().parse().ok())
                .collect(),
            description: given(template.description()),
            image_tag_mutability: mutability.unwrap_or(ImageTagMutability::Mutable),
            image_tag_mutability_exclusion_filters: read_filters(
                template.image_tag_mutability_exclusion_filters(),
            ),
            encryption_configuration: encryption.and_then(|encryption| {
                EncryptionConfiguration::read(
                    encryption.encryption_type().as_str(),
                    given(encryption.kms_key()).as_deref(),
                    own,
                )
            }),
            lifecycle_policy: json(template.lifecycle_policy()),
            repository_policy: json(template.repository_policy()),
            // An empty map in configuration stays an empty map, a missing one stays missing.
            resource_tags: (!tags.is_empty() || self.resource_tags.is_some()).then_some(tags),
            custom_role_arn: given(template.custom_role_arn()),
            registry_id: self.registry_id,
        }
    }

    /// True when `template` is what this configuration asks for.
    fn is_made_by(&self, template: &types::RepositoryCreationTemplate) -> bool {
        let mut told = self.clone().with(template);
        if let (Some(told), Some(own)) = (&mut told.encryption_configuration, &self.encryption_configuration)
            && own.kms_key.is_pending()
        {
            told.kms_key = Computed::Pending;
        }
        told == *self
    }
}

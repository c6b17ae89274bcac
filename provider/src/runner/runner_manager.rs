//! `ecrunner_runner_manager`: the instance that GitLab Runner runs on, and the configuration published to it.
//! AWS: an SSM parameter with the configuration, a log group, a launch template, and an Auto Scaling group of size one
//! (see the modules below).
//! Identity: the name. A new configuration is a new value of the parameter and nothing else. What the launch template
//! says reaches a new instance only: the old one is ended first, since two managers on one fleet would delete each
//! other's workers.

mod assess;
mod complete;
mod log_group;
mod parameter;
mod plan;
mod read;
mod replacement;
mod user_data;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::schema::{Computed, Convert};
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, Resource, ResourceIdentity, Schema,
};

use self::complete::Existing;
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::ec2::auto_scaling_group::{self, GroupSpec, Launch};
use crate::ec2::launch_template::{self, Template};
use crate::ec2::launched_group::Parts;
use crate::ec2::root_volume::RootVolume;
use crate::identity::Named;
use crate::runner::boot::{self, Setup};
use crate::tags::Tags;

/// Private data: log groups that are ours and no longer used, to be deleted when nothing writes to them any more.
const FORMER_LOG_GROUPS: &str = "former_log_groups";
/// Seconds after the start in which a failed health check is ignored.
const HEALTH_CHECK_GRACE_PERIOD: i32 = 300;
/// Default size of the root volume: no job runs on a manager.
const ROOT_VOLUME_GIB: i32 = 20;

/// How GitLab Runner gets onto the manager: by `package`, or by `url` and `sha256`.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct GitlabRunner {
    /// Package, with its version as the package manager writes it, of a repository that the image knows:
    /// `gitlab-runner-19.4.0-1` for dnf, `gitlab-runner=19.4.0-1` for apt.
    #[tf(validate(text(validate::check_package)))]
    pub package: Option<String>,
    /// Address of the binary: `https://…`, or `s3://<bucket>/<key>`, read with the rights of the instance profile.
    #[tf(validate(text(boot::check_url)))]
    pub url: Option<String>,
    /// SHA-256 of the binary, 64 lower case hex digits.
    #[tf(validate(text(boot::check_sha256)))]
    pub sha256: Option<String>,
}

/// The fleeting plugin's binary.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct FleetingPlugin {
    /// Address: `https://…`, or `s3://<bucket>/<key>`, read with the rights of the instance profile.
    #[tf(validate(text(boot::check_url)))]
    pub url: String,
    /// SHA-256, 64 lower case hex digits.
    #[tf(validate(text(boot::check_sha256)))]
    pub sha256: String,
}

/// A log group of the manager's own.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct LogGroup {
    /// Name. Default: `/ecrunner/<name of the manager>`.
    #[tf(validate(text(validate::check_log_group_name)))]
    pub name: Option<String>,
    /// Days that lines are kept.
    #[tf(default = 30, validate(check(validate::check_retention)))]
    pub retention_days: i32,
}

/// The instance that GitLab Runner runs on, and the configuration published to it.
///
/// A changed `config` reaches the running manager within a minute, without a new instance and without harm to running
/// jobs. A changed image, setup or version replaces the instance: the old one is ended before the new one is started,
/// and GitLab keeps jobs waiting in between. The configuration holds no token: each is a placeholder that the manager
/// replaces by the value of an SSM parameter.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_runner_manager",
    timeouts(create = "20m", read = "2m", update = "3h", delete = "3h")
)]
pub struct RunnerManager {
    /// Name of Auto Scaling group and launch template; 3 to 128 letters, digits and `.-_`.
    #[tf(replace, validate(text(validate::check_name)))]
    pub name: String,
    /// Id of the image, such as that of the data source `ecrunner_ami`.
    #[tf(validate(text(validate::check_image)))]
    pub image_id: String,
    /// Type of instance.
    #[tf(default = "t3.small")]
    pub instance_type: String,
    /// Ids of the subnets that the instance is started in.
    #[tf(validate(length(1..=50)))]
    pub subnet_ids: Vec<String>,
    /// Ids of the security groups of the instance.
    #[tf(validate(length(1..=16)))]
    pub security_group_ids: Vec<String>,
    /// ARN of the instance profile.
    pub instance_profile_arn: String,
    /// Text of the `config.toml`, such as `config_toml` of the data source `ecrunner_runner_config`. Each token in it is
    /// a placeholder `__NAME__`.
    pub config: String,
    /// Names of the SSM parameters with the tokens, by placeholder; one for each placeholder in `config`.
    pub token_parameters: BTreeMap<String, String>,
    /// Name of the SSM parameter that the configuration is published to. Default: `/ecrunner/<name>/config`.
    #[tf(optional, keep, replace, validate(text(validate::check_parameter_name)))]
    pub config_parameter: Computed<String>,
    /// ARNs of the fleets that the manager scales. Nothing is done with them: they make Terraform create the fleets
    /// before the manager, and end the manager before the fleets.
    pub fleets: Option<BTreeSet<String>>,
    /// Hosts of the ECR registries that the manager logs in to for its jobs. Default: the account's own in this region.
    #[tf(validate(each(text(validate::check_host))))]
    pub ecr_hosts: Option<BTreeSet<String>>,
    /// GitLab Runner.
    pub gitlab_runner: GitlabRunner,
    /// The fleeting plugin, installed as `/usr/local/bin/fleeting-plugin-aws`. Without it the image must have one.
    pub fleeting_plugin: Option<FleetingPlugin>,
    /// How the instance is set up. Of it `operating_system`, `extra_packages` and `extra_script` mean something here.
    pub setup: Option<Setup>,
    /// The root volume. Default: 20 GiB gp3, encrypted.
    pub root_volume: Option<RootVolume>,
    /// A log group for GitLab Runner's log. Without it the log stays on the instance.
    pub log_group: Option<LogGroup>,
    /// How long a stop of GitLab Runner waits for running jobs, 1 minute to 48 hours.
    #[tf(default = "2h", validate(text(validate::check_shutdown_timeout)))]
    pub shutdown_timeout: String,
    /// Tags of all objects. The running instance keeps those it was started with.
    pub tags: Option<Tags>,
    /// ARN of the Auto Scaling group.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// Id of the launch template.
    #[tf(keep)]
    pub launch_template_id: Computed<String>,
    /// Number of the launch template's version that the group uses.
    pub launch_template_version: Computed<i64>,
    /// ARN of the parameter with the configuration.
    pub config_parameter_arn: Computed<String>,
    /// SHA-256 of `config`, in hex.
    pub config_sha256: Computed<String>,
    /// Name of the log group; null without one.
    pub log_group_name: Computed<String>,
    /// SHA-256 of the instance's user data, in hex. Nothing of `config` is in it.
    pub user_data_sha256: Computed<String>,
    /// What others changed and what is not as it should be, such as another size of the group; the next apply sets it
    /// right.
    pub unexpected_settings: Computed<Vec<String>>,
    /// All tags, with the provider's default tags.
    pub tags_all: Computed<Tags>,
}

impl Resource for RunnerManager {
    type Client = Clients;

    async fn create(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        // Unknown to the plan as the name was.
        if self.config_parameter.is_pending() {
            self.config_parameter = plan::default_parameter(&self.name).into();
        }
        let creating = Creating::begin_of(&self);
        let existing = Existing::find(&self, ctx.client()).await?;
        existing.refuse_foreign(&self, &creating)?;
        creating.note(ctx);
        self.complete(existing, &creating, None, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        read::read(self, ctx).await
    }

    async fn update(self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let parts = Parts::find(ctx.client(), &self.name).await?;
        let summary = format!("Updating runner manager ({})", self.name);
        parts.refuse_vanished(summary, &self.arn, &self.launch_template_id)?;
        // What parameter and log group were tagged with; nobody else's tags are looked at.
        let before = prior.tags_all.get().cloned().unwrap_or_default();
        let parameter = prior.config_parameter_arn.get().map(|_| before.clone());
        let log_group = plan::log_group_name(&self).filter(|name| prior.log_group_name.get() == Some(name));
        let log_group = log_group.map(|_| before);
        let existing = Existing { parts, parameter, log_group };
        self.complete(existing, &Creating::restoring(), Some(prior), ctx).await
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let mut log_group = self.log_group_name.get().cloned();
        if creating::is_unfinished(ctx) || log_group.is_none() && self.log_group.is_some() {
            let tags = parameter::tags_of(&clients, self.parameter_name()?).await?;
            if tags.as_ref().is_some_and(|tags| creating::was_taken_over(ctx, tags)) {
                return Ok(());
            }
            // A create that failed may have made the log group without ever being told.
            let mark = tags.as_ref().and_then(Creating::of);
            if let (None, Some(creating), Some(name)) = (&log_group, mark, plan::log_group_name(&self)) {
                let tags = log_group::tags_of(&clients, &name).await?;
                log_group = tags.filter(|tags| creating.has_made(tags)).map(|_| name);
            }
        }
        auto_scaling_group::delete(ctx, &self.name).await?;
        // A create that failed half way made none.
        if launch_template::find(&clients, &self.name).await?.is_some() {
            launch_template::delete(&clients, &self.name).await?;
        }
        if let Some(name) = log_group {
            log_group::delete(ctx, &name).await?;
        }
        delete_former_log_groups(ctx).await?;
        match self.config_parameter_arn.get() {
            Some(_) => parameter::delete(ctx, self.parameter_name()?).await,
            None => Ok(()),
        }
    }
}

impl ImportState for RunnerManager {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        read::import(id, ctx).await
    }
}

impl ResourceIdentity for RunnerManager {
    type Identity = Named;

    fn identity(&self, clients: &Clients) -> Option<Named> {
        Some(Named::new(&self.name, clients))
    }
}

impl ImportIdentity for RunnerManager {
    async fn import_identity(identity: Named, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl RunnerManager {
    /// The computed attributes that are known without asking anybody.
    fn set_computed(&mut self, template: &Template, tags: &Tags) {
        self.tags_all = tags.clone().into();
        self.config_sha256 = plan::sha256(&self.config).into();
        self.user_data_sha256 = template.user_data.sha256().into();
        self.log_group_name = plan::log_group_name(self).into();
        self.unexpected_settings = Vec::new().into();
    }

    fn parameter_name(&self) -> Result<&str, Diagnostics> {
        self.config_parameter.get().map(String::as_str).ok_or_else(|| {
            Diagnostic::provider_bug("The name of the parameter with the configuration is not set.").into()
        })
    }

    fn template(&self, clients: &Clients, tags: &Tags) -> Result<Template, Diagnostics> {
        let planned = RunnerManagerPlan::from_raw(&self.to_raw())
            .map_err(|error| Diagnostic::provider_bug(format!("{}: {}.", error.path, error.problem)))?;
        let Some(user_data) = plan::user_data(&planned, clients) else {
            let detail = "The instance's user data depends on something unknown.";
            return Err(Diagnostic::provider_bug(detail).into());
        };
        let mut instance_tags = Tags::from([("Name".to_owned(), self.name.clone())]);
        instance_tags.extend(tags.clone());
        let setup = self.setup.clone().unwrap_or_default();
        Ok(Template {
            image_id: self.image_id.clone(),
            instance_type: self.instance_type.clone(),
            security_group_ids: self.security_group_ids.clone(),
            instance_profile_arn: Some(self.instance_profile_arn.clone()),
            root_volume: self.root_volume.clone().unwrap_or_default().sized(ROOT_VOLUME_GIB),
            root_device_name: setup.operating_system.root_device_name(),
            user_data: user_data?,
            detailed_monitoring: false,
            instance_tags,
        })
    }

    fn group(&self, launch_template_id: &str, version: i64, template: &Template, tags: &Tags) -> GroupSpec {
        GroupSpec {
            name: self.name.clone(),
            min_size: 1,
            max_size: 1,
            launch: Launch { launch_template_id: launch_template_id.to_owned(), version, mixed: None },
            subnet_ids: self.subnet_ids.clone(),
            protected: false,
            health_check_grace_period_seconds: HEALTH_CHECK_GRACE_PERIOD,
            // The old instance goes before the new one comes.
            maintenance: Some((0, 100)),
            lifecycle_hooks: Vec::new(),
            tags: tags.clone(),
            instance_tags: template.instance_tags.clone(),
        }
    }
}

async fn delete_former_log_groups(ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
    let names: BTreeSet<String> = ctx.private().get(FORMER_LOG_GROUPS).unwrap_or_default();
    for name in &names {
        log_group::delete(ctx, name).await?;
    }
    ctx.private().remove(FORMER_LOG_GROUPS);
    Ok(())
}

//! `ecrunner_runner_manager`: the instance that GitLab Runner runs on, and the configuration published to it.
//! AWS: an SSM parameter with the configuration, a log group, a launch template, and an Auto Scaling group of size one
//! (see the modules below).
//! Identity: the name. A new configuration is a new value of the parameter and nothing else. What the launch template
//! says reaches a new instance only: the old one is ended first, since two managers on one fleet would delete each
//! other's workers.

mod assess;
mod log_group;
mod parameter;
mod plan;
mod read;
mod replacement;
mod user_data;
mod validate;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use tf_provider::schema::{Computed, Convert};
use tf_provider::{Context, Diagnostic, Diagnostics, ImportState, Resource, Schema};

use super::published;
use crate::clients::Clients;
use crate::ec2::auto_scaling_group::{self, GroupSpec, Launch};
use crate::ec2::launch_template::{self, LaunchTemplate, Template};
use crate::ec2::root_volume::RootVolume;
use crate::runner::boot::Setup;
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
    #[tf(validate(text(validate::check_url)))]
    pub url: Option<String>,
    /// SHA-256 of the binary, 64 lower case hex digits.
    #[tf(validate(text(validate::check_sha256)))]
    pub sha256: Option<String>,
}

/// The fleeting plugin's binary.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct FleetingPlugin {
    /// Address: `https://…`, or `s3://<bucket>/<key>`, read with the rights of the instance profile.
    #[tf(validate(text(validate::check_url)))]
    pub url: String,
    /// SHA-256, 64 lower case hex digits.
    #[tf(validate(text(validate::check_sha256)))]
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
        let clients = ctx.client().clone();
        let tags = clients.tags.all(self.tags.as_ref());
        let template = self.template(&clients, &tags)?;
        self.refuse_what_exists(&clients).await?;
        self.set_computed(&template, &tags);
        // Only what was made is recorded: destroy goes by it.
        let log_group = std::mem::replace(&mut self.log_group_name, Computed::null()).into_inner();

        let parameter = self.parameter_name()?.to_owned();
        parameter::create(ctx, &parameter, &published::encode(&self.config), &tags).await?;
        self.config_parameter_arn = parameter::arn(&clients, &parameter).into();
        ctx.save(&self);
        if let (Some(name), Some(settings)) = (log_group, self.log_group.clone()) {
            self.create_log_group(name, settings.retention_days, &tags, ctx).await?;
        }
        let created = launch_template::create(&clients, &self.name, &template, &tags).await?;
        self.launch_template_id = created.id.as_str().into();
        self.launch_template_version = created.latest_version.into();
        ctx.save(&self);
        let spec = self.group(&created.id, created.latest_version, &template, &tags);
        self.create_group(&spec, ctx).await?;
        Ok(self)
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        read::read(self, ctx).await
    }

    async fn update(mut self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let tags = clients.tags.all(self.tags.as_ref());
        let template = self.template(&clients, &tags)?;
        let group = auto_scaling_group::find(&clients, &self.name).await?;
        let found = launch_template::find(&clients, &self.name).await?;
        let gone = group.is_none() && !self.arn.is_pending()
            || found.is_none() && !self.launch_template_id.is_pending();
        if gone {
            return Err(Diagnostic::error(
                format!("Updating runner manager ({})", self.name),
                "A part of the manager vanished between plan and apply. Apply again to restore it.",
            )
            .into());
        }
        let is_other_version = self.launch_template_version.is_pending();
        self.set_computed(&template, &tags);
        self.publish(&prior, &tags, ctx).await?;
        self.update_log_group(&prior, &tags, ctx).await?;

        let (id, version) = match found {
            None => {
                let created = launch_template::create(&clients, &self.name, &template, &tags).await?;
                (created.id, created.latest_version)
            }
            Some(found) => {
                launch_template::change_tags(&clients, &found.id, &found.tags, &tags).await?;
                let version = match self.launch_template_version.get() {
                    Some(version) => *version,
                    None => version_for(&clients, &found, &prior, &template).await?,
                };
                (found.id, version)
            }
        };
        self.launch_template_id = id.as_str().into();
        self.launch_template_version = version.into();
        let spec = self.group(&id, version, &template, &tags);
        match group {
            None => self.create_group(&spec, ctx).await?,
            Some(group) => self.update_group(spec, &group, ctx).await?,
        }
        // Not by comparison with the prior state: an update that was cut short has left this version there.
        if is_other_version {
            launch_template::set_default_version(&clients, &id, version).await?;
        }
        delete_former_log_groups(ctx).await?;
        Ok(self)
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        auto_scaling_group::delete(ctx, &self.name).await?;
        // A create that failed half way made none.
        if launch_template::find(&clients, &self.name).await?.is_some() {
            launch_template::delete(&clients, &self.name).await?;
        }
        if let Some(name) = self.log_group_name.get() {
            log_group::delete(ctx, name).await?;
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

impl RunnerManager {
    /// Create adopts nothing.
    async fn refuse_what_exists(&self, clients: &Clients) -> Result<(), Diagnostics> {
        let parameter = self.parameter_name()?;
        let exists = if auto_scaling_group::find(clients, &self.name).await?.is_some() {
            Some(("an Auto Scaling group", self.name.as_str(), "name"))
        } else if launch_template::find(clients, &self.name).await?.is_some() {
            Some(("a launch template", self.name.as_str(), "name"))
        } else if parameter::find(clients, parameter).await?.is_some() {
            Some(("an SSM parameter", parameter, "config_parameter"))
        } else if let Some(name) = self.log_group_name.get()
            && log_group::find(clients, name).await?.is_some()
        {
            Some(("a log group", name.as_str(), "log_group"))
        } else {
            None
        };
        let Some((what, which, attribute)) = exists else { return Ok(()) };
        Err(Diagnostic::error(
            format!("Creating runner manager ({})", self.name),
            format!(
                "There is {what} called {which} already, and it was not made by this configuration. Nothing was \
                 changed. Choose another name, or, if it belongs to a runner manager, take that over:\n\nimport {{\n  to \
                 = ecrunner_runner_manager.<name>\n  id = \"{}\"\n}}",
                self.name
            ),
        )
        .at(attribute)
        .into())
    }

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
            root_volume: self.root_volume.clone().unwrap_or_else(default_root_volume),
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

    async fn create_group(
        &mut self,
        spec: &GroupSpec,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        auto_scaling_group::create(ctx, spec).await?;
        let group = ctx
            .wait_for("the new group can be read", Duration::from_secs(1), || {
                auto_scaling_group::find(&clients, &spec.name)
            })
            .await?;
        self.arn = group.auto_scaling_group_arn().map(str::to_owned).into();
        ctx.save(self);
        replacement::start(ctx, &self.name).await
    }

    /// Points the group at its template, then replaces the instance if it is another's.
    async fn update_group(
        &mut self,
        spec: GroupSpec,
        group: &AutoScalingGroup,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        // The sizes stay for now: a minimum of one would start an instance beside one that is still ending.
        let sizes = |size: Option<i32>| size.unwrap_or_default();
        let spec = GroupSpec { min_size: sizes(group.min_size()), max_size: sizes(group.max_size()), ..spec };
        auto_scaling_group::update(ctx, &spec, group).await?;
        ctx.save(self);
        replacement::run(ctx, &self.name, &spec.launch).await
    }

    /// Publishes the configuration where another one is published, or none.
    async fn publish(
        &mut self,
        prior: &Self,
        tags: &Tags,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let name = self.parameter_name()?.to_owned();
        let value = published::encode(&self.config);
        match parameter::find(&clients, &name).await? {
            None => parameter::create(ctx, &name, &value, tags).await?,
            Some(found) => {
                if found.text().as_ref() != Some(&self.config) {
                    parameter::overwrite(ctx, &name, &value).await?;
                }
                parameter::change_tags(&clients, &name, &before(prior), tags).await?;
            }
        }
        self.config_parameter_arn = parameter::arn(&clients, &name).into();
        Ok(())
    }

    /// Creates the log group that is wanted; one that is not any more is deleted at the end of the update.
    async fn update_log_group(
        &mut self,
        prior: &Self,
        tags: &Tags,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let wanted = std::mem::replace(&mut self.log_group_name, prior.log_group_name.clone()).into_inner();
        ctx.save(self);
        if let Some(former) = prior.log_group_name.get()
            && wanted.as_ref() != Some(former)
        {
            let mut names: BTreeSet<String> = ctx.private().get(FORMER_LOG_GROUPS).unwrap_or_default();
            names.insert(former.clone());
            ctx.private().set(FORMER_LOG_GROUPS, names);
            self.log_group_name = Computed::null();
            ctx.save(self);
        }
        let (Some(name), Some(settings)) = (wanted, self.log_group.clone()) else { return Ok(()) };
        if self.log_group_name.get() == Some(&name) {
            log_group::set_retention(ctx, &name, settings.retention_days).await?;
            log_group::change_tags(&clients, &name, &before(prior), tags).await?;
            return Ok(());
        }
        // Wanted again before it was deleted.
        let mut former: BTreeSet<String> = ctx.private().get(FORMER_LOG_GROUPS).unwrap_or_default();
        if former.remove(&name) && log_group::find(&clients, &name).await?.is_some() {
            ctx.private().set(FORMER_LOG_GROUPS, former);
            log_group::set_retention(ctx, &name, settings.retention_days).await?;
            self.log_group_name = name.into();
            ctx.save(self);
            return Ok(());
        }
        self.create_log_group(name, settings.retention_days, tags, ctx).await
    }

    async fn create_log_group(
        &mut self,
        name: String,
        retention_days: i32,
        tags: &Tags,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        log_group::create(ctx, &name, tags).await?;
        self.log_group_name = name.as_str().into();
        ctx.save(self);
        log_group::set_retention(ctx, &name, retention_days).await
    }
}

/// The root volume where the configuration names none.
fn default_root_volume() -> RootVolume {
    RootVolume { size_gib: ROOT_VOLUME_GIB, ..RootVolume::default() }
}

/// The tags that parameter and log group had.
fn before(prior: &RunnerManager) -> Tags {
    prior.tags_all.get().cloned().unwrap_or_default()
}

/// The version that says what `template` does: one that is there, or a new one.
async fn version_for(
    clients: &Clients,
    found: &LaunchTemplate,
    prior: &RunnerManager,
    template: &Template,
) -> Result<i64, Diagnostics> {
    let candidate = prior.launch_template_version.get().copied().unwrap_or(found.latest_version);
    let version = launch_template::find_version(clients, &found.id, &candidate.to_string()).await?;
    match version {
        Some((number, data)) if template.is_said_by(&data) => Ok(number),
        _ => launch_template::create_version(clients, &found.id, template).await,
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

//! `ecrunner_worker_fleet`: launch template and Auto Scaling group of the instances that jobs run on, as
//! fleeting-plugin-aws demands it.
//! AWS: see `launch_template` and `auto_scaling_group`.
//! Identity: the name, which both objects bear. Updatable in place: all but the name and the purchase mix, which would
//! make AWS replace running instances. Desired capacity belongs to the runner manager and is never sent after create.

mod convert;
mod plan;
mod validate;

use std::time::Duration;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use tf_provider::schema::Computed;
use tf_provider::{
    Context, Diagnostic, Diagnostics, ImportIdentity, ImportState, Resource, ResourceIdentity, Schema,
    StringEnum,
};

use super::auto_scaling_group;
use super::launch_template::{self, Template};
use super::launched_group::{self, Parts};
use super::root_volume::RootVolume;
use crate::clients::Clients;
use crate::creating::{self, Creating};
use crate::identity::Named;
use crate::runner::boot::{BootError, JobSettings, PullProxy, Setup, worker};
use crate::tags::Tags;

/// What remains of `timeouts.delete` for ending the instances that the runner manager has not ended; at most half of it.
const ENDING: Duration = Duration::from_secs(600);

/// How spot capacity is chosen.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[tf(rename_all = "kebab-case")]
pub enum SpotAllocationStrategy {
    /// Where interruption is unlikely, then by price.
    PriceCapacityOptimized,
    /// Where interruption is unlikely.
    CapacityOptimized,
    /// By price alone.
    LowestPrice,
}

/// A share of spot instances. AWS ends them with two minutes' notice, and the jobs on them fail.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Spot {
    /// On-demand instances before any spot instance.
    #[tf(default = 0, validate(range(0..=10_000)))]
    pub on_demand_base_capacity: i32,
    /// Share of on-demand instances above the base, in percent.
    #[tf(default = 0, validate(range(0..=100)))]
    pub on_demand_percentage_above_base: i32,
    /// How spot capacity is chosen.
    #[tf(default = SpotAllocationStrategy::PriceCapacityOptimized)]
    pub allocation_strategy: SpotAllocationStrategy,
}

/// The instances that jobs run on: an Auto Scaling group for the runner manager's autoscaler (GitLab calls it an
/// instance group), and the launch template that prepares each instance with Docker.
///
/// The runner manager starts and ends instances. The group is made so that nobody else does: scale-in protection is on,
/// zone rebalancing off, no policy, no refresh. A new image or setting is for instances started from then on.
///
/// Destroy and replacement start no more instances, and leave it to the runner manager to end those that there are, each
/// when its jobs are over. `timeouts.delete` says for how long: what is left 10 minutes before its end, or at half of it
/// where it is shorter than 20 minutes, is terminated with the jobs on it.
///
/// With `pull_proxy` each instance runs the daemon `ecr-pull-proxy`, and pulls of upstream names such as `alpine` or
/// `quay.io/org/app` come from ECR. Jobs need neither logins nor other names for that; the instance profile must be allowed
/// to pull (`image_pull`), to read the program where it lies in S3 (`read_objects`), and with `push` to assume its role. An
/// instance on which the daemon does not start does not become ready. How much of it an engine makes use of, and what
/// `fallback = "none"` means for it:
///
/// | engine | is served | kept from the upstream registry |
/// |---|---|---|
/// | Docker before 28, and any Docker with its old image store, as here by default | Docker Hub | by a block of Docker Hub's names on the instance |
/// | Docker from 28 with `{"features": {"containerd-snapshotter": true}}` in `setup.daemon_json`, and `docker build` of any Docker from 28 | every registry of `mirrors` and `rules` | by `hosts.toml`, which names the daemon alone; for Docker Hub by the block too |
/// | containerd with `config_path = "/etc/containerd/certs.d"` | every registry of `mirrors` and `rules` | as above |
/// | `docker:dind` in jobs, by `job_volumes` | Docker Hub | not |
/// | BuildKit in jobs (`docker buildx create`), by `job_volumes` | every registry of `mirrors` and `rules` | not |
///
/// The block is `/etc/hosts` of the instance, and is there only with `fallback = "none"` and a mirror or rule for
/// `docker.io`. An image of Docker Hub that no mirror and no rule names can then not be pulled, and `docker login` and
/// `docker push` to Docker Hub fail where jobs use the engine of the instance. Containers have a hosts file of their own:
/// what runs in them, nested engines among it, reaches Docker Hub as far as the network allows. An engine that is told by
/// `hosts.toml` that there is nobody but the daemon cannot push to these registries either.
///
/// Registries that an engine is not served from are asked by the engine itself, as without `pull_proxy`.
#[derive(Schema, Clone, Debug)]
#[tf(
    type_name = "ecrunner_worker_fleet",
    timeouts(create = "10m", read = "2m", update = "10m", delete = "30m")
)]
pub struct WorkerFleet {
    /// Name of Auto Scaling group and launch template; 3 to 128 letters, digits and `().-/_`.
    #[tf(replace, validate(text(validate::check_name)))]
    pub name: String,
    /// Id of the image, such as that of the data source `ecrunner_ami`.
    #[tf(validate(text(validate::check_image)))]
    pub image_id: String,
    /// Types of instances, 1 to 40, the preferred first. More than one makes a mixed instances policy.
    #[tf(validate(length(1..=40), check(|ids: &Vec<String>| validate::check_unique(ids))))]
    pub instance_types: Vec<String>,
    /// Ids of the subnets that instances are started in.
    #[tf(validate(length(1..=50), check(|ids: &Vec<String>| validate::check_unique(ids))))]
    pub subnet_ids: Vec<String>,
    /// Ids of the security groups of the instances.
    #[tf(validate(length(1..=16), check(|ids: &Vec<String>| validate::check_unique(ids))))]
    pub security_group_ids: Vec<String>,
    /// ARN of the instance profile. All jobs of an instance can use its rights.
    pub instance_profile_arn: Option<String>,
    /// Most instances at a time; at least the `max_instances` of the runner's autoscaler.
    #[tf(validate(range(1..=10_000)))]
    pub max_size: i32,
    /// A share of spot instances. Without it all are on demand.
    pub spot: Option<Spot>,
    /// The root volume. Default: 50 GiB gp3, encrypted.
    pub root_volume: Option<RootVolume>,
    /// How instances are set up. AWS does not know it: after an import it is as in the configuration from the next
    /// apply on.
    pub setup: Option<Setup>,
    /// Serves pulls of upstream names from ECR. AWS does not know it: after an import it is as in the configuration from
    /// the next apply on.
    pub pull_proxy: Option<PullProxy>,
    /// Further tags of instances, volumes and network interfaces; they win over `tags`.
    pub instance_tags: Option<Tags>,
    /// Whether CloudWatch gets figures each minute, at extra cost.
    #[tf(default = false)]
    pub detailed_monitoring: bool,
    /// Seconds after the start in which a failed health check is ignored.
    #[tf(default = 300, validate(range(0..=7_200)))]
    pub health_check_grace_period_seconds: i32,
    /// Tags of group and launch template, and of what is started from them.
    pub tags: Option<Tags>,
    /// ARN of the Auto Scaling group: what the runner manager's rights are limited to.
    #[tf(keep)]
    pub arn: Computed<String>,
    /// Id of the launch template.
    #[tf(keep)]
    pub launch_template_id: Computed<String>,
    /// Number of the launch template's version that the group uses.
    pub launch_template_version: Computed<i64>,
    /// SHA-256 of the instances' user data, in hex.
    pub user_data_sha256: Computed<String>,
    /// What to write as `instance_ready_command` of the runner's autoscaler.
    pub ready_command: Computed<String>,
    /// With `pull_proxy`: what to write as `volumes` of the runner's Docker executor, so that `docker:dind` and buildx in
    /// jobs ask the daemon, and pushes have a login. Otherwise empty. It is for jobs that run as root and are privileged or
    /// have the Docker socket. A `docker:dind` must then not be given `--registry-mirror` as well: it would not start.
    pub job_volumes: Computed<Vec<String>>,
    /// With `pull_proxy`: what to write as `environment` of the runner, together with `job_volumes`. Otherwise empty. With
    /// `push` it sets `DOCKER_CONFIG` to a directory that is read-only: jobs that log in elsewhere set their own.
    pub job_environment: Computed<Vec<String>>,
    /// Settings that others changed and that endanger running jobs; the next apply sets them right.
    pub unexpected_settings: Computed<Vec<String>>,
    /// All tags, with the provider's default tags.
    pub tags_all: Computed<Tags>,
}

impl Resource for WorkerFleet {
    type Client = Clients;

    async fn create(self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let parts = Parts::find(ctx.client(), &self.name).await?;
        let creating = Creating::begin_of(&self);
        if let Some(what) = parts.foreign(&creating) {
            return Err(already_exists(&self.name, what));
        }
        creating.note(ctx);
        self.complete(parts, &creating, None, ctx).await
    }

    async fn read(self, ctx: &mut Context<Clients>) -> Result<Option<Self>, Diagnostics> {
        let clients = ctx.client().clone();
        let parts = Parts::find(&clients, &self.name).await?;
        if parts.is_nothing() {
            return Ok(None);
        }
        let Parts { template, group } = parts;
        let used = group.as_ref().and_then(|group| auto_scaling_group::launch_of(group).0);
        let version = match (&template, used) {
            (Some(template), Some(used)) if used.launch_template_id() == Some(&template.id) => {
                launch_template::find_version(&clients, &template.id, used.version().unwrap_or("$Default"))
                    .await?
            }
            (Some(template), _) => {
                let latest = template.latest_version.to_string();
                launch_template::find_version(&clients, &template.id, &latest).await?
            }
            (None, _) => None,
        };
        let fleet = self.with(&clients, group.as_ref(), template.as_ref(), version.as_ref());
        fleet.warn_of_failed_launches(ctx).await?;
        Ok(Some(fleet))
    }

    async fn update(self, prior: Self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let parts = Parts::find(ctx.client(), &self.name).await?;
        let summary = format!("Updating worker fleet ({})", self.name);
        parts.refuse_vanished(summary, &self.arn, &self.launch_template_id)?;
        let prior_version = prior.launch_template_version.into_inner();
        self.complete(parts, &Creating::restoring(), prior_version, ctx).await
    }

    async fn delete(self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let template = launch_template::find(&clients, &self.name).await?;
        if template.is_some_and(|template| creating::was_taken_over(ctx, &template.tags)) {
            return Ok(());
        }
        let limit = ctx.limit() - ENDING.min(ctx.limit() / 2);
        let left = auto_scaling_group::drain(ctx, &self.name, limit).await?;
        if !left.is_empty() {
            ctx.warn(ended_by_force(&self.name, &left, limit));
        }
        auto_scaling_group::delete(ctx, &self.name).await?;
        launch_template::delete(&clients, &self.name).await
    }
}

impl ImportState for WorkerFleet {
    async fn import(id: String, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        if Parts::find(&clients, &id).await?.is_nothing() {
            return Err(Diagnostic::error(
                format!("Worker fleet not found ({id})"),
                format!(
                    "Account {} has neither an Auto Scaling group nor a launch template of that name in {}. The import \
                     id is the name.",
                    clients.account_id, clients.region
                ),
            )
            .into());
        }
        Ok(WorkerFleet {
            name: id,
            image_id: String::new(),
            instance_types: Vec::new(),
            subnet_ids: Vec::new(),
            security_group_ids: Vec::new(),
            instance_profile_arn: None,
            max_size: 0,
            spot: None,
            root_volume: None,
            setup: None,
            pull_proxy: None,
            instance_tags: None,
            detailed_monitoring: false,
            health_check_grace_period_seconds: 0,
            tags: None,
            arn: Computed::Pending,
            launch_template_id: Computed::Pending,
            launch_template_version: Computed::Pending,
            user_data_sha256: Computed::Pending,
            ready_command: Computed::Pending,
            job_volumes: Computed::Pending,
            job_environment: Computed::Pending,
            unexpected_settings: Computed::Pending,
            tags_all: Computed::Pending,
        })
    }
}

impl ResourceIdentity for WorkerFleet {
    type Identity = Named;

    fn identity(&self, clients: &Clients) -> Option<Named> {
        Some(Named::new(&self.name, clients))
    }
}

impl ImportIdentity for WorkerFleet {
    async fn import_identity(identity: Named, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let name = identity.name(ctx.client())?;
        Self::import(name, ctx).await
    }
}

impl WorkerFleet {
    /// The known computed attributes.
    fn set_computed(&mut self, template: &Template, tags: &Tags) {
        self.tags_all = tags.clone().into();
        self.user_data_sha256 = template.user_data.sha256().into();
        self.set_jobs();
        self.unexpected_settings = Vec::new().into();
    }

    /// What the runner's configuration has to say of jobs on these workers.
    fn set_jobs(&mut self) {
        let jobs = JobSettings::of(self.pull_proxy.as_ref());
        self.ready_command = worker::ready_command().into();
        self.job_volumes = jobs.volumes.into();
        self.job_environment = jobs.environment.into();
    }

    /// Makes what is missing and sets the rest right; saves state after each object.
    async fn complete(
        mut self,
        parts: Parts,
        creating: &Creating,
        prior_version: Option<i64>,
        ctx: &mut Context<Clients>,
    ) -> Result<Self, Diagnostics> {
        let clients = ctx.client().clone();
        let tags = clients.tags.all(self.tags.as_ref());
        let template = self.template(&tags)?;
        self.set_computed(&template, &tags);
        let launched = launched_group::set_template(
            &clients,
            &self.name,
            parts.template.as_ref(),
            &template,
            self.launch_template_version.get(),
            prior_version.as_ref(),
            creating.tags_for(parts.template.is_some(), &tags),
        )
        .await?;
        self.launch_template_id = launched.id.as_str().into();
        if parts.group.is_none() {
            self.launch_template_version = launched.version.into();
            ctx.save(&self);
        }
        let group_tags = creating.tags_for(parts.group.is_some(), &tags);
        let spec = self.group(&launched.id, launched.version, &template, &group_tags);
        match &parts.group {
            Some(group) => {
                self.warn_of_smaller_size(group, ctx);
                auto_scaling_group::update(ctx, &spec, group).await?;
                self.arn = group.auto_scaling_group_arn().map(str::to_owned).into();
            }
            None => self.arn = launched_group::create_group(ctx, &spec, creating).await?.into(),
        }
        self.launch_template_version = launched.version.into();
        ctx.save(&self);
        if parts.template.is_some() && prior_version != Some(launched.version) {
            launch_template::set_default_version(&clients, &launched.id, launched.version).await?;
        }
        creating::note_end(ctx);
        launched_group::unmark(ctx, &launched, &spec, &tags).await?;
        Ok(self)
    }

    /// AWS then lowers desired capacity on its own account.
    fn warn_of_smaller_size(&self, group: &AutoScalingGroup, ctx: &mut Context<Clients>) {
        let desired = group.desired_capacity().unwrap_or_default();
        if desired > self.max_size {
            let detail = format!(
                "The fleet had {desired} instances, and max_size is now {}. AWS lowers the desired capacity to that; \
                 protected instances stay until the runner manager ends them. Lower max_instances of the runner's \
                 autoscaler first.",
                self.max_size
            );
            ctx.warn(Diagnostic::warning("Fleet made smaller than it was", detail).at("max_size"));
        }
    }

    /// After a day of failed launches AWS stops trying, and nothing else would tell.
    async fn warn_of_failed_launches(&self, ctx: &mut Context<Clients>) -> Result<(), Diagnostics> {
        let suspended = self
            .unexpected_settings
            .get()
            .is_some_and(|settings| settings.iter().any(|setting| setting == "Launch suspended"));
        if suspended {
            let reasons = auto_scaling_group::failed_activities(ctx.client(), &self.name).await?;
            let detail = format!(
                "The process Launch of Auto Scaling group {} is suspended: by somebody, or by AWS after a day of \
                 failed launches. Latest failures: {}. Mend the cause, then apply to resume.",
                self.name,
                if reasons.is_empty() { "none".to_owned() } else { reasons.join("; ") }
            );
            ctx.warn(Diagnostic::warning("Worker fleet starts no instances", detail));
        }
        Ok(())
    }
}

/// The jobs on the instances that are left fail: the practitioner set the limit, and is told.
fn ended_by_force(name: &str, left: &[String], limit: Duration) -> Diagnostic {
    let detail = format!(
        "The runner manager has not ended {} within {} seconds, or there is none any more. They were terminated with the \
         jobs on them. Raise timeouts.delete where jobs take longer.",
        left.join(", "),
        limit.as_secs()
    );
    Diagnostic::warning(format!("Workers were ended by force ({name})"), detail)
}

/// User data that EC2 would not take; `state` says what was done about it.
fn unsendable(error: &BootError, state: &str) -> Diagnostic {
    let argument = worker::cause(error);
    Diagnostic::error(format!("Invalid {argument}"), format!("It cannot be sent: {error}.{state}"))
        .at(argument)
}

fn already_exists(name: &str, what: &str) -> Diagnostics {
    Diagnostic::error(
        format!("Creating worker fleet ({name})"),
        format!(
            "There is a {what} of this name already, and it was not made by this configuration. Nothing was changed. \
             Choose another name, or take it over:\n\nimport {{\n  to = ecrunner_worker_fleet.<name>\n  id = \
             \"{name}\"\n}}"
        ),
    )
    .at("name")
    .into()
}

//! What AWS reports of a runner manager, as state; and import.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::{
    GitlabRunner, LogGroup, ROOT_VOLUME_GIB, RunnerManager, log_group, parameter, plan, replacement,
    user_data,
};
use crate::clients::Clients;
use crate::ec2::auto_scaling_group;
use crate::ec2::launch_template::{self, LaunchTemplate};
use crate::ec2::launched_group::Parts;
use crate::ec2::root_volume::RootVolume;
use crate::runner::boot::{OperatingSystem, sha256_of_base64};

/// The manager as AWS reports it; what is gone has null ids. `None` when all of it is gone.
///
/// # Errors
/// AWS refuses or does not answer.
pub(super) async fn read(
    mut manager: RunnerManager,
    ctx: &mut Context<Clients>,
) -> Result<Option<RunnerManager>, Diagnostics> {
    let clients = ctx.client().clone();
    let Parts { template, group } = Parts::find(&clients, &manager.name).await?;
    let parameter = manager.parameter_name()?.to_owned();
    let published = parameter::find(&clients, &parameter).await?;
    let logs = match manager.log_group_name.get() {
        Some(name) => log_group::find(&clients, name).await?,
        None => None,
    };
    if group.is_none() && template.is_none() && published.is_none() && logs.is_none() {
        return Ok(None);
    }
    manager.config_parameter_arn = published.is_some().then(|| parameter::arn(&clients, &parameter)).into();
    if let Some(published) = published {
        manager.config = published.text().unwrap_or_else(|| {
            let detail = format!(
                "SSM parameter {parameter} holds something else than a published configuration, or one with a secret in \
                 it; the value is not shown. The manager goes on with the last one that it could read. Apply to publish \
                 again."
            );
            ctx.warn(Diagnostic::warning("Published configuration was replaced", detail));
            String::new()
        });
    }
    // Of a parameter that is gone the text is still known.
    manager.config_sha256 = plan::sha256(&manager.config).into();
    match (logs, &mut manager.log_group) {
        (Some(found), Some(settings)) => {
            settings.retention_days = found.retention_days.unwrap_or_default();
        }
        (None, _) => manager.log_group_name = Computed::null(),
        (Some(_), None) => {}
    }
    let reported = group.as_ref().map(auto_scaling_group::tags_of);
    let reported = reported.or_else(|| template.as_ref().map(|template| template.tags.clone()));
    if let Some(reported) = reported {
        (manager.tags, manager.tags_all) = clients.tags.read(reported, manager.tags.as_ref());
    }
    manager.arn = group.as_ref().and_then(|group| group.auto_scaling_group_arn()).map(str::to_owned).into();
    manager.launch_template_id = template.as_ref().map(|template| template.id.clone()).into();
    manager.launch_template_version = Computed::null();
    let version = used_version(&clients, group.as_ref(), template.as_ref()).await?;
    let mut unexpected = Vec::new();
    if let Some((_, data)) = &version {
        manager.read_template(data);
        unexpected.extend(launch_template::unexpected_settings(data));
    }
    if let Some(group) = &group {
        manager.read_group(group);
        unexpected.extend(sizes(group));
        if let Some(template) = &template {
            unexpected.extend(manager.read_launch(&clients, group, template, version.as_ref()).await?);
        }
    }
    warn_of_failed_launches(&manager.name, &unexpected, ctx).await?;
    manager.unexpected_settings = unexpected.into();
    Ok(Some(manager))
}

/// The version that the group starts instances from; the newest one where no group says.
async fn used_version(
    clients: &Clients,
    group: Option<&AutoScalingGroup>,
    template: Option<&LaunchTemplate>,
) -> Result<Option<(i64, ResponseLaunchTemplateData)>, Diagnostics> {
    let Some(template) = template else { return Ok(None) };
    let used = group.and_then(|group| auto_scaling_group::launch_of(group).0);
    let latest = template.latest_version.to_string();
    let version = match used {
        Some(used) if used.launch_template_id() == Some(&template.id) => used.version().unwrap_or("$Default"),
        _ => &latest,
    };
    launch_template::find_version(clients, &template.id, version).await
}

/// Sizes other than one, and whatever else is fixed.
fn sizes(group: &AutoScalingGroup) -> Vec<String> {
    let mut unexpected = auto_scaling_group::unexpected_settings(group, 1, false);
    for (what, size) in [("maximum size", group.max_size()), ("desired capacity", group.desired_capacity())] {
        if size != Some(1) {
            unexpected.push(format!("{what} {}", size.unwrap_or_default()));
        }
    }
    let policy = group.instance_maintenance_policy();
    let healthy = policy.map(|policy| (policy.min_healthy_percentage(), policy.max_healthy_percentage()));
    if healthy != Some((Some(0), Some(100))) {
        unexpected.push("instance maintenance policy".to_owned());
    }
    unexpected
}

impl RunnerManager {
    fn read_template(&mut self, data: &ResponseLaunchTemplateData) {
        self.image_id = data.image_id().unwrap_or_default().to_owned();
        let instance_type = data.instance_type().map(|name| name.as_str().to_owned());
        self.instance_type = instance_type.unwrap_or_default();
        keep_order(&mut self.security_group_ids, data.security_group_ids().to_vec());
        let profile = data.iam_instance_profile();
        self.instance_profile_arn = profile.and_then(|profile| profile.arn()).unwrap_or_default().to_owned();
        let system = self.setup.as_ref().map(|setup| setup.operating_system);
        let device = system.unwrap_or(OperatingSystem::AmazonLinux2023).root_device_name();
        let mapping = data.block_device_mappings().first();
        self.root_volume = mapping.and_then(|mapping| {
            RootVolume::from_mapping(mapping, self.root_volume.as_ref(), ROOT_VOLUME_GIB, device)
        });
        self.user_data_sha256 = data.user_data().and_then(sha256_of_base64).into();
    }

    fn read_group(&mut self, group: &AutoScalingGroup) {
        let subnets = group.vpc_zone_identifier().unwrap_or_default().split(',');
        keep_order(&mut self.subnet_ids, subnets.filter(|id| !id.is_empty()).map(str::to_owned).collect());
    }

    /// The version in use; and what is wrong with it, or with the instances that run.
    async fn read_launch(
        &mut self,
        clients: &Clients,
        group: &AutoScalingGroup,
        template: &LaunchTemplate,
        version: Option<&(i64, ResponseLaunchTemplateData)>,
    ) -> Result<Vec<String>, Diagnostics> {
        let used = auto_scaling_group::launch_of(group).0;
        let foreign = used.and_then(|used| used.launch_template_id()) != Some(&template.id);
        let number = used.and_then(|used| used.version()).and_then(|version| version.parse::<i64>().ok());
        let (Some(number), false, Some((_, data))) = (number, foreign, version) else {
            return Ok(vec!["another launch template or version".to_owned()]);
        };
        self.launch_template_version = number.into();
        let mut unexpected = Vec::new();
        for instance in replacement::living(group) {
            if replacement::is_outdated(clients, instance, &template.id, number, data).await? {
                let id = instance.instance_id().unwrap_or_default();
                unexpected.push(format!("{id} is not of launch template version {number}"));
            }
        }
        Ok(unexpected)
    }
}

/// After a day of failed launches AWS stops trying, and nothing else would tell.
async fn warn_of_failed_launches(
    name: &str,
    unexpected: &[String],
    ctx: &mut Context<Clients>,
) -> Result<(), Diagnostics> {
    if !unexpected.iter().any(|setting| setting == "Launch suspended") {
        return Ok(());
    }
    let reasons = auto_scaling_group::failed_activities(ctx.client(), name).await?;
    let detail = format!(
        "The process Launch of Auto Scaling group {name} is suspended: by somebody, or by AWS after a day of failed \
         launches. Latest failures: {}. Mend the cause, then apply to resume.",
        if reasons.is_empty() { "none".to_owned() } else { reasons.join("; ") }
    );
    ctx.warn(Diagnostic::warning("Runner manager is not started", detail));
    Ok(())
}

/// AWS' order means nothing where ours is a permutation of it.
fn keep_order(ours: &mut Vec<String>, reported: Vec<String>) {
    let sorted = |ids: &[String]| {
        let mut ids = ids.to_vec();
        ids.sort();
        ids
    };
    if sorted(ours) != sorted(&reported) {
        *ours = reported;
    }
}

/// Finds the manager called `id`. The user data tells names that were chosen; how the instance is set up shows in its
/// checksum alone.
///
/// # Errors
/// There is nothing of that name; AWS refuses or does not answer.
pub(super) async fn import(id: String, ctx: &mut Context<Clients>) -> Result<RunnerManager, Diagnostics> {
    let clients = ctx.client().clone();
    let parts = Parts::find(&clients, &id).await?;
    if parts.is_nothing() {
        return Err(Diagnostic::error(
            format!("Runner manager not found ({id})"),
            format!(
                "Account {} has neither an Auto Scaling group nor a launch template of that name in {}. The import id is \
                 the name.",
                clients.account_id, clients.region
            ),
        )
        .into());
    }
    let version = used_version(&clients, parts.group.as_ref(), parts.template.as_ref()).await?;
    let user_data = version.as_ref().and_then(|(_, data)| data.user_data()).unwrap_or_default();
    let told = user_data::read(user_data);
    let default_name = plan::default_log_group(&id);
    Ok(RunnerManager {
        config_parameter: told.config_parameter.unwrap_or_else(|| plan::default_parameter(&id)).into(),
        log_group: told
            .log_group
            .as_ref()
            .map(|name| LogGroup { name: (*name != default_name).then(|| name.clone()), retention_days: 0 }),
        log_group_name: told.log_group.into(),
        token_parameters: told.token_parameters,
        name: id,
        image_id: String::new(),
        instance_type: String::new(),
        subnet_ids: Vec::new(),
        security_group_ids: Vec::new(),
        instance_profile_arn: String::new(),
        config: String::new(),
        fleets: None,
        ecr_hosts: None,
        gitlab_runner: GitlabRunner { package: None, url: None, sha256: None },
        fleeting_plugin: None,
        setup: None,
        root_volume: None,
        shutdown_timeout: "2h".to_owned(),
        tags: None,
        arn: Computed::Pending,
        launch_template_id: Computed::Pending,
        launch_template_version: Computed::Pending,
        config_parameter_arn: Computed::Pending,
        config_sha256: Computed::Pending,
        user_data_sha256: Computed::Pending,
        unexpected_settings: Computed::Pending,
        tags_all: Computed::from(BTreeMap::new()),
    })
}

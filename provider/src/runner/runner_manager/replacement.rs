//! The manager's instance: whether it is another's than the group's, and its replacement.
//!
//! Never two at a time: the group is emptied before the new instance is started. An instance that differs by tags alone
//! stays, since a replacement holds up every job.

use std::time::Duration;

use aws_sdk_autoscaling::types::{AutoScalingGroup, Instance, LifecycleState};
use aws_sdk_ec2::types::ResponseLaunchTemplateData;
use tf_provider::{Context, Diagnostic, Diagnostics};

use crate::clients::Clients;
use crate::ec2::auto_scaling_group::{self, Launch};
use crate::ec2::launch_template;

/// How long a started instance may take to be in service; AWS needs about a minute.
const START_LIMIT: Duration = Duration::from_secs(600);

/// Instances that are not ending.
pub(super) fn living(group: &AutoScalingGroup) -> impl Iterator<Item = &Instance> {
    group.instances().iter().filter(|instance| {
        !instance.lifecycle_state().is_some_and(|state| state.as_str().starts_with("Terminat"))
    })
}

/// Whether the instance was started from something else than version `version` of the template with this id, which
/// says `data`.
///
/// # Errors
/// EC2 refuses or does not answer.
pub(super) async fn is_outdated(
    clients: &Clients,
    instance: &Instance,
    template_id: &str,
    version: i64,
    data: &ResponseLaunchTemplateData,
) -> Result<bool, Diagnostics> {
    let Some(template) = instance.launch_template() else { return Ok(true) };
    if template.launch_template_id() != Some(template_id) {
        return Ok(true);
    }
    let Some(of_instance) = template.version() else { return Ok(true) };
    if of_instance == version.to_string() {
        return Ok(false);
    }
    let found = launch_template::find_version(clients, template_id, of_instance).await?;
    Ok(found.is_none_or(|(_, found)| without_tags(&found) != without_tags(data)))
}

fn without_tags(data: &ResponseLaunchTemplateData) -> ResponseLaunchTemplateData {
    let mut data = data.clone();
    data.tag_specifications = None;
    data
}

/// Brings the group to one instance of `launch`, which it starts instances from already.
///
/// # Errors
/// The time limit is over; AWS refuses or does not answer, or cannot start the instance.
pub(super) async fn run(ctx: &mut Context<Clients>, name: &str, launch: &Launch) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let version = launch.version.to_string();
    let (_, data) = ctx
        .wait_for("the launch template's version can be read", Duration::from_secs(1), || {
            launch_template::find_version(&clients, &launch.launch_template_id, &version)
        })
        .await?;
    let group = ctx
        .wait_for("the group can be read", Duration::from_secs(1), || {
            auto_scaling_group::find(&clients, name)
        })
        .await?;
    let mut outdated = false;
    for instance in living(&group) {
        outdated |=
            is_outdated(&clients, instance, &launch.launch_template_id, launch.version, &data).await?;
    }
    // None is wanted, but one may still be ending: an earlier replacement was cut short.
    let interrupted = group.desired_capacity() == Some(0);
    if outdated || interrupted {
        auto_scaling_group::set_sizes(ctx, name, 0, 0, 0).await?;
        auto_scaling_group::wait_until_empty(ctx, name).await?;
        return start(ctx, name).await;
    }
    let sizes = [group.min_size(), group.max_size(), group.desired_capacity()];
    if sizes != [Some(1); 3] {
        return start(ctx, name).await;
    }
    Ok(())
}

/// Sets all sizes to one, and waits until the instance is in service.
///
/// # Errors
/// The time limit is over; AWS refuses or does not answer, or cannot start the instance.
pub(super) async fn start(ctx: &mut Context<Clients>, name: &str) -> Result<(), Diagnostics> {
    auto_scaling_group::set_sizes(ctx, name, 1, 1, 1).await?;
    let clients = ctx.client().clone();
    let what = format!("the instance of Auto Scaling group {name} is in service");
    let started = ctx.wait_for(&what, Duration::from_secs(1), || async {
        let group = auto_scaling_group::find(&clients, name).await?;
        let in_service = |instance: &Instance| instance.lifecycle_state() == Some(&LifecycleState::InService);
        Ok(group.is_some_and(|group| group.instances().iter().any(in_service)).then_some(()))
    });
    if let Ok(ended) = tokio::time::timeout(START_LIMIT, started).await {
        return ended;
    }
    let reasons = auto_scaling_group::failed_activities(&clients, name).await?;
    let detail = format!(
        "Auto Scaling group {name} has no instance in service after {} minutes. Latest failures: {}. What was made is \
         still there, and AWS goes on trying. Mend the cause, then apply again.",
        START_LIMIT.as_secs() / 60,
        if reasons.is_empty() { "none".to_owned() } else { reasons.join("; ") }
    );
    Err(Diagnostic::error(format!("Starting runner manager ({name})"), detail).into())
}

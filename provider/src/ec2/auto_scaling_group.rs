//! Auto Scaling groups of worker fleets and runner managers.
//! AWS: CreateAutoScalingGroup, UpdateAutoScalingGroup, SuspendProcesses, ResumeProcesses, SetInstanceProtection,
//! CreateOrUpdateTags, DeleteTags, DescribeAutoScalingGroups, DescribeScalingActivities, DeleteAutoScalingGroup
//! (Amazon EC2 Auto Scaling API reference).

mod ending;
mod spec;

use std::time::Duration;

use aws_sdk_autoscaling::types;
use tf_provider::{Context, Diagnostics};
use tokio::time::Instant;

pub use self::ending::{delete, drain, wait_until_empty};
use self::spec::to_tag;
pub use self::spec::{GroupSpec, Launch, Mixed};
use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::retry;
use crate::tags::Tags;

/// Another activity holds the group; the SDK does not repeat all of them.
const BUSY: [&str; 4] =
    ["ScalingActivityInProgress", "ResourceInUse", "ResourceContention", "InstanceRefreshInProgress"];
/// How long what was just created elsewhere may stay invisible to Auto Scaling: profiles of IAM take longest.
const VISIBLE: Duration = Duration::from_secs(120);
/// The one process that is suspended: to even out zones it would replace instances with jobs on them.
const SUSPENDED: &str = "AZRebalance";

/// The group of this name, if there is one that is not being deleted.
///
/// # Errors
/// Auto Scaling refuses or does not answer.
pub async fn find(clients: &Clients, name: &str) -> Result<Option<types::AutoScalingGroup>, Diagnostics> {
    Ok(find_any(clients, name).await?.filter(|group| !is_being_deleted(group)))
}

/// The group of this name, also one that is being deleted.
async fn find_any(clients: &Clients, name: &str) -> Result<Option<types::AutoScalingGroup>, Diagnostics> {
    let answer =
        clients.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(name).send().await;
    let answer = answer.map_err(|error| {
        Failure::of("Auto Scaling", &error).report(format!("Reading Auto Scaling group ({name})"), "", "")
    })?;
    let mut groups = answer.auto_scaling_groups().iter();
    Ok(groups.find(|group| group.auto_scaling_group_name() == Some(name)).cloned())
}

/// Launch template, its version, and mixed instances policy of a group.
pub fn launch_of(
    group: &types::AutoScalingGroup,
) -> (Option<&types::LaunchTemplateSpecification>, Option<&types::MixedInstancesPolicy>) {
    let mixed = group.mixed_instances_policy();
    let template = mixed
        .and_then(|mixed| mixed.launch_template())
        .and_then(|template| template.launch_template_specification());
    (template.or(group.launch_template()), mixed)
}

/// The group's tags.
pub fn tags_of(group: &types::AutoScalingGroup) -> Tags {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    group.tags().iter().map(|tag| (text(tag.key()), text(tag.value()))).collect()
}

/// What others changed of a group's fixed settings, each as a short text; empty when nothing is.
/// [`update`] sets all of them right.
pub fn unexpected_settings(group: &types::AutoScalingGroup, min_size: i32, protected: bool) -> Vec<String> {
    let mut unexpected = Vec::new();
    if group.min_size() != Some(min_size) {
        unexpected.push(format!("minimum size {}", group.min_size().unwrap_or_default()));
    }
    if group.new_instances_protected_from_scale_in().unwrap_or_default() != protected {
        let state = if protected { "unprotected" } else { "protected" };
        unexpected.push(format!("new instances {state} from scale-in"));
    }
    if group.capacity_rebalance().unwrap_or_default() {
        unexpected.push("capacity rebalancing".to_owned());
    }
    if group.health_check_type().is_some_and(|checks| checks != "EC2") {
        unexpected.push(format!("health check {}", group.health_check_type().unwrap_or_default()));
    }
    if group.max_instance_lifetime().unwrap_or_default() > 0 {
        unexpected.push("maximum instance lifetime".to_owned());
    }
    let suspended: Vec<&str> =
        group.suspended_processes().iter().filter_map(|process| process.process_name()).collect();
    if !suspended.contains(&SUSPENDED) {
        unexpected.push(format!("{SUSPENDED} not suspended"));
    }
    let others = suspended.iter().filter(|process| **process != SUSPENDED);
    unexpected.extend(others.map(|process| format!("{process} suspended")));
    unexpected.sort();
    unexpected
}

/// Creates a group without instances and suspends zone rebalancing. The caller has looked whether the name is free; a
/// group that is being deleted still has it, and its end is waited for.
///
/// # Errors
/// The time limit is over; Auto Scaling refuses or does not answer.
pub async fn create(
    ctx: &Context<Clients>,
    spec: &GroupSpec,
    creating: &Creating,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let what = format!("the former Auto Scaling group {} is gone", spec.name);
    ctx.wait_for(&what, Duration::from_secs(1), || async {
        let former = find_any(ctx.client(), &spec.name).await?;
        Ok((!former.as_ref().is_some_and(is_being_deleted)).then_some(()))
    })
    .await?;
    let summary = format!("Creating Auto Scaling group ({})", spec.name);
    let hooks = (!spec.lifecycle_hooks.is_empty()).then(|| spec.lifecycle_hooks.clone());
    let sent = retrying(ctx, || {
        let call = clients
            .autoscaling
            .create_auto_scaling_group()
            .auto_scaling_group_name(&spec.name)
            // Nothing is to be started before the processes are set.
            .min_size(0)
            .max_size(spec.max_size)
            .desired_capacity(0)
            .set_launch_template(spec.plain_template())
            .set_mixed_instances_policy(spec.mixed_policy())
            .vpc_zone_identifier(spec.subnet_ids.join(","))
            .health_check_type("EC2")
            .health_check_grace_period(spec.health_check_grace_period_seconds)
            .new_instances_protected_from_scale_in(spec.protected)
            .capacity_rebalance(false)
            .termination_policies("Default")
            .set_instance_maintenance_policy(spec.maintenance_policy(None))
            .set_lifecycle_hook_specification_list(hooks.clone())
            .set_tags(Some(spec.to_tags(&spec.tags)));
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
    })
    .await;
    if let Err(failure) = sent {
        // It was not there a moment ago: an answer of ours was lost, or somebody was faster.
        let ours = failure.is(&["AlreadyExists", "AlreadyExistsFault"])
            && find(&clients, &spec.name).await?.is_some_and(|group| creating.has_made(&tags_of(&group)));
        if !ours {
            return Err(failure.report(summary, "The group was not created.", ""));
        }
    }
    set_processes(ctx, &spec.name, None).await
}

/// Makes a group what `spec` says, except for hooks and desired capacity, which is never sent.
///
/// # Errors
/// Auto Scaling refuses or does not answer, or stays busy until the time limit.
pub async fn update(
    ctx: &Context<Clients>,
    spec: &GroupSpec,
    group: &types::AutoScalingGroup,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    retrying(ctx, || {
        // What is left out stays as it is, so everything is said.
        let call = clients
            .autoscaling
            .update_auto_scaling_group()
            .auto_scaling_group_name(&spec.name)
            .min_size(spec.min_size)
            .max_size(spec.max_size)
            .set_launch_template(spec.plain_template())
            .set_mixed_instances_policy(spec.mixed_policy())
            .vpc_zone_identifier(spec.subnet_ids.join(","))
            .health_check_type("EC2")
            .health_check_grace_period(spec.health_check_grace_period_seconds)
            .new_instances_protected_from_scale_in(spec.protected)
            .capacity_rebalance(false)
            .max_instance_lifetime(0)
            .termination_policies("Default")
            .set_instance_maintenance_policy(spec.maintenance_policy(Some((-1, -1))));
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
    })
    .await
    .map_err(|failure| {
        failure.report(format!("Updating Auto Scaling group ({})", spec.name), "The group is unchanged.", "")
    })?;
    set_processes(ctx, &spec.name, Some(group)).await?;
    change_tags(&clients, spec, &tags_of(group)).await
}

/// Suspends zone rebalancing, and resumes what others (or AWS, after a day of failed launches) suspended.
async fn set_processes(
    ctx: &Context<Clients>,
    name: &str,
    group: Option<&types::AutoScalingGroup>,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let suspended: Vec<String> = group
        .map(types::AutoScalingGroup::suspended_processes)
        .unwrap_or_default()
        .iter()
        .filter_map(|process| process.process_name().map(str::to_owned))
        .collect();
    let failed = |failure: Failure| {
        failure.report(format!("Setting processes of Auto Scaling group ({name})"), "The group exists.", "")
    };
    if !suspended.iter().any(|process| process == SUSPENDED) {
        suspend(ctx, name, SUSPENDED).await.map_err(failed)?;
    }
    let others: Vec<String> = suspended.into_iter().filter(|process| process != SUSPENDED).collect();
    if !others.is_empty() {
        retrying(ctx, || {
            let call = clients.autoscaling.resume_processes().auto_scaling_group_name(name);
            let call = call.set_scaling_processes(Some(others.clone()));
            async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
        })
        .await
        .map_err(failed)?;
    }
    Ok(())
}

async fn suspend(ctx: &Context<Clients>, name: &str, process: &str) -> Result<(), Failure> {
    retrying(ctx, || {
        let call = ctx.client().autoscaling.suspend_processes().auto_scaling_group_name(name);
        let call = call.scaling_processes(process);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
    })
    .await
}

/// Sets all three sizes at once. Only for who owns desired capacity: a manager's group, and destroy.
///
/// # Errors
/// Auto Scaling refuses or does not answer, or stays busy until the time limit.
pub async fn set_sizes(
    ctx: &Context<Clients>,
    name: &str,
    min_size: i32,
    max_size: i32,
    desired_capacity: i32,
) -> Result<(), Diagnostics> {
    let clients = ctx.client().clone();
    let sent = retrying(ctx, || {
        let call = clients
            .autoscaling
            .update_auto_scaling_group()
            .auto_scaling_group_name(name)
            .min_size(min_size)
            .max_size(max_size)
            .desired_capacity(desired_capacity);
        async move { call.send().await.map(drop).map_err(|error| Failure::of("Auto Scaling", &error)) }
    })
    .await;
    sent.map_err(|failure| {
        failure.report(format!("Setting sizes of Auto Scaling group ({name})"), "The group is unchanged.", "")
    })
}

/// True while AWS is deleting the group: it is listed, and can no longer be changed.
fn is_being_deleted(group: &types::AutoScalingGroup) -> bool {
    group.status().is_some_and(|status| status.starts_with("Delete"))
}

/// Makes the group's tags those of `spec`; tags of AWS and ignored ones are left alone.
///
/// # Errors
/// Auto Scaling refuses or does not answer.
pub async fn change_tags(clients: &Clients, spec: &GroupSpec, actual: &Tags) -> Result<(), Diagnostics> {
    let name = &spec.name;
    let (_, removed) = clients.tags.changes(actual, &spec.tags);
    let failed = |failure: &Failure| failure.report(format!("Tagging Auto Scaling group ({name})"), "", "");
    if !removed.is_empty() {
        let tags = removed.iter().map(|key| to_tag(name, key, None, false)).collect();
        let call = clients.autoscaling.delete_tags().set_tags(Some(tags));
        call.send().await.map_err(|error| failed(&Failure::of("Auto Scaling", &error)))?;
    }
    // All of them: whether one propagates may have changed too.
    if !spec.tags.is_empty() {
        let call = clients.autoscaling.create_or_update_tags().set_tags(Some(spec.to_tags(&spec.tags)));
        call.send().await.map_err(|error| failed(&Failure::of("Auto Scaling", &error)))?;
    }
    Ok(())
}

/// Why the group's latest activities failed, the newest first, each reason once; at most three. For diagnostics:
/// nothing else tells that an image is missing or that there is no capacity.
///
/// # Errors
/// Auto Scaling refuses or does not answer.
pub async fn failed_activities(clients: &Clients, name: &str) -> Result<Vec<String>, Diagnostics> {
    let call = clients.autoscaling.describe_scaling_activities().auto_scaling_group_name(name);
    let answer = call.max_records(20).send().await.map_err(|error| {
        let summary = format!("Reading scaling activities of Auto Scaling group ({name})");
        Failure::of("Auto Scaling", &error).report(summary, "", "")
    })?;
    Ok(reasons(answer.activities()))
}

fn reasons(activities: &[types::Activity]) -> Vec<String> {
    let failed = activities.iter().filter(|activity| {
        matches!(
            activity.status_code(),
            Some(types::ScalingActivityStatusCode::Failed | types::ScalingActivityStatusCode::Cancelled)
        )
    });
    let mut reasons = Vec::new();
    for reason in failed.filter_map(|activity| activity.status_message()) {
        if !reasons.iter().any(|known| known == reason) && reasons.len() < 3 {
            reasons.push(reason.to_owned());
        }
    }
    reasons
}

/// True when the group named in a call does not exist.
pub fn is_not_found(failure: &Failure) -> bool {
    failure.is(&["ValidationError"]) && failure.message().contains("not found")
}

/// Repeats `call` while the group is busy, until the operation's time limit, and while Auto Scaling does not see an
/// instance profile, launch template or service-linked role that was just created.
///
/// # Errors
/// The last failure.
pub async fn retrying<F>(ctx: &Context<Clients>, call: impl Fn() -> F + Send + Sync) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>> + Send,
{
    let visible = (Instant::now() + VISIBLE).min(ctx.deadline());
    let give_up = |failure: &Failure| {
        if failure.is(&BUSY) {
            return Some(ctx.deadline());
        }
        is_not_visible_yet(failure).then_some(visible)
    };
    retry::until(ctx, Duration::from_secs(1), give_up, call).await
}

fn is_not_visible_yet(failure: &Failure) -> bool {
    let message = failure.message().to_ascii_lowercase();
    failure.is(&["ServiceLinkedRoleFailure"])
        || failure.is(&["ValidationError"])
            && (message.contains("invalid iam instance profile")
                || message.contains("launch template") && message.contains("does not exist"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> aws_sdk_autoscaling::types::builders::AutoScalingGroupBuilder {
        let suspended = types::SuspendedProcess::builder().process_name("AZRebalance").build();
        types::AutoScalingGroup::builder()
            .min_size(0)
            .new_instances_protected_from_scale_in(true)
            .health_check_type("EC2")
            .suspended_processes(suspended)
    }

    #[test]
    fn a_group_as_it_was_made_has_no_unexpected_setting() {
        assert_eq!(unexpected_settings(&group().build(), 0, true), Vec::<String>::new());
    }

    #[test]
    fn reasons_of_failures_are_told_once_and_successes_not_at_all() {
        use types::ScalingActivityStatusCode::{Failed, Successful};
        let activity = |status, message: &str| {
            types::Activity::builder().status_code(status).status_message(message).build()
        };
        let activities = [
            activity(Failed, "no capacity"),
            activity(Successful, "fine"),
            activity(Failed, "no capacity"),
            activity(Failed, "invalid image"),
        ];
        assert_eq!(reasons(&activities), ["no capacity", "invalid image"]);
    }

    #[test]
    fn each_setting_that_endangers_jobs_is_named() {
        let launch = types::SuspendedProcess::builder().process_name("Launch").build();
        let changed = group()
            .min_size(1)
            .new_instances_protected_from_scale_in(false)
            .capacity_rebalance(true)
            .max_instance_lifetime(86_400)
            .health_check_type("ELB")
            .set_suspended_processes(Some(vec![launch]))
            .build();
        assert_eq!(
            unexpected_settings(&changed, 0, true),
            [
                "AZRebalance not suspended",
                "Launch suspended",
                "capacity rebalancing",
                "health check ELB",
                "maximum instance lifetime",
                "minimum size 1",
                "new instances unprotected from scale-in",
            ]
        );
    }
}

//! Auto Scaling groups: sizes, names and launch templates as AWS checks them.
//! AWS: CreateAutoScalingGroup, UpdateAutoScalingGroup, SetDesiredCapacity, DeleteAutoScalingGroup,
//! DescribeAutoScalingGroups (Amazon EC2 Auto Scaling API reference).
//!
//! Added to moto: a name is taken only once, `MaxSize` below the desired capacity lowers it and `MinSize` above
//! raises it, lifecycle hooks of the create call exist, and the instance maintenance policy is kept.

use axum::body::Bytes;

use super::{MotoCall, read, write};
use crate::identity::element;
use crate::reply::{Reply, ServiceError};

const VERSION: &str = "2011-01-01";
const EC2_VERSION: &str = "2016-11-15";
const MAINTENANCE: &str = "InstanceMaintenancePolicy";

/// Sizes and instances of a group.
#[derive(Debug)]
struct Group {
    min: i64,
    max: i64,
    desired: i64,
    instances: Vec<String>,
}

pub(super) async fn handle(call: MotoCall<'_>, action: &str, body: Bytes) -> Result<Reply, ServiceError> {
    match action {
        "CreateAutoScalingGroup" => create(call).await,
        "UpdateAutoScalingGroup" => update(call).await,
        "SetDesiredCapacity" => {
            let group = existing(&call).await?;
            check_desired(call.number("DesiredCapacity"), group.min, group.max)?;
            call.pass(body).await
        }
        "DeleteAutoScalingGroup" => {
            if !existing(&call).await?.instances.is_empty() && call.value("ForceDelete") != Some("true") {
                let message = "You cannot delete an AutoScalingGroup while there are instances in the group.";
                return Err(ServiceError::new("ResourceInUse", message));
            }
            lock(&call).remove(&key(&call));
            call.pass(body).await
        }
        "SetInstanceProtection" => {
            check_members(&call).await?;
            call.pass(body).await
        }
        "DescribeAutoScalingGroups" => describe(call, body).await,
        _ => call.pass(body).await,
    }
}

async fn create(call: MotoCall<'_>) -> Result<Reply, ServiceError> {
    if find(&call).await?.is_some() {
        let name = call.value("AutoScalingGroupName").unwrap_or_default();
        return Err(ServiceError::new(
            "AlreadyExists",
            format!(
                "AutoScalingGroup by this name already exists - A group with the name {name} already exists"
            ),
        ));
    }
    let (min, max) = (call.number("MinSize").unwrap_or_default(), call.number("MaxSize").unwrap_or_default());
    check_sizes(min, max)?;
    check_desired(call.number("DesiredCapacity"), min, max)?;
    check_launch_template(&call).await?;
    let answer = call.pass_form().await?;
    if answer.status().is_success() {
        remember_maintenance(&call);
        put_lifecycle_hooks(&call).await?;
    }
    Ok(answer)
}

async fn update(mut call: MotoCall<'_>) -> Result<Reply, ServiceError> {
    let group = existing(&call).await?;
    let min = call.number("MinSize").unwrap_or(group.min);
    let max = call.number("MaxSize").unwrap_or(group.max);
    check_sizes(min, max)?;
    check_desired(call.number("DesiredCapacity"), min, max)?;
    check_launch_template(&call).await?;
    if call.value("DesiredCapacity").is_none() && group.desired.clamp(min, max) != group.desired {
        call.set("DesiredCapacity", &group.desired.clamp(min, max).to_string());
    }
    let answer = call.pass_form().await?;
    if answer.status().is_success() {
        remember_maintenance(&call);
    }
    Ok(answer)
}

/// Puts the kept policy where moto leaves it out.
async fn describe(call: MotoCall<'_>, body: Bytes) -> Result<Reply, ServiceError> {
    let (parts, mut text) = read(call.pass(body).await?).await?;
    let scope = call.caller.scope();
    let kept = lock(&call).clone();
    if !text.contains(&format!("<{MAINTENANCE}>")) {
        for ((_, group), (minimum, maximum)) in kept.iter().filter(|((owner, _), _)| *owner == scope) {
            let name = format!("<AutoScalingGroupName>{group}</AutoScalingGroupName>");
            let policy = format!(
                "{name}<{MAINTENANCE}><MinHealthyPercentage>{minimum}</MinHealthyPercentage>\
                 <MaxHealthyPercentage>{maximum}</MaxHealthyPercentage></{MAINTENANCE}>"
            );
            text = text.replace(&name, &policy);
        }
    }
    Ok(write(parts, text))
}

async fn existing(call: &MotoCall<'_>) -> Result<Group, ServiceError> {
    find(call).await?.ok_or_else(|| {
        let name = call.value("AutoScalingGroupName").unwrap_or_default();
        invalid(&format!("AutoScalingGroup name not found - AutoScalingGroup {name} not found"))
    })
}

async fn find(call: &MotoCall<'_>) -> Result<Option<Group>, ServiceError> {
    let name = call.value("AutoScalingGroupName").unwrap_or_default().to_owned();
    let parameters = [("AutoScalingGroupNames.member.1".to_owned(), name.clone())];
    let (_, text) = call.ask("autoscaling", VERSION, "DescribeAutoScalingGroups", &parameters).await?;
    if element(&text, "AutoScalingGroupName") != Some(name.as_str()) {
        return Ok(None);
    }
    let number = |name| element(&text, name).and_then(|text| text.parse().ok()).unwrap_or_default();
    Ok(Some(Group {
        min: number("MinSize"),
        max: number("MaxSize"),
        desired: number("DesiredCapacity"),
        instances: text
            .split("<InstanceId>")
            .skip(1)
            .filter_map(|rest| rest.split('<').next())
            .map(str::to_owned)
            .collect(),
    }))
}

/// Protection is for instances of the group.
async fn check_members(call: &MotoCall<'_>) -> Result<(), ServiceError> {
    let group = existing(call).await?;
    let asked = call.form.iter().filter(|(key, _)| key.starts_with("InstanceIds.member."));
    for (_, instance) in asked {
        if !group.instances.contains(instance) {
            return Err(invalid(&format!("The instance {instance} is not part of Auto Scaling group.")));
        }
    }
    Ok(())
}

/// A launch template that is named, alone or in a mixed instances policy, exists.
async fn check_launch_template(call: &MotoCall<'_>) -> Result<(), ServiceError> {
    for prefix in ["LaunchTemplate", "MixedInstancesPolicy.LaunchTemplate.LaunchTemplateSpecification"] {
        for (member, parameter) in
            [("LaunchTemplateId", "LaunchTemplateId.1"), ("LaunchTemplateName", "LaunchTemplateName.1")]
        {
            let Some(named) = call.value(&format!("{prefix}.{member}")) else { continue };
            let parameters = [(parameter.to_owned(), named.to_owned())];
            let (_, text) = call.ask("ec2", EC2_VERSION, "DescribeLaunchTemplates", &parameters).await?;
            if !text.contains(&format!(">{named}<")) {
                return Err(invalid(&format!(
                    "You must use a valid fully-formed launch template. The launch template {named} does not exist."
                )));
            }
        }
    }
    Ok(())
}

/// moto takes lifecycle hooks only by a call of their own.
async fn put_lifecycle_hooks(call: &MotoCall<'_>) -> Result<(), ServiceError> {
    let group = call.value("AutoScalingGroupName").unwrap_or_default();
    for number in 1.. {
        let prefix = format!("LifecycleHookSpecificationList.member.{number}.");
        let mut hook: Vec<(String, String)> = call
            .form
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(&prefix)?.to_owned(), value.clone())))
            .collect();
        if hook.is_empty() {
            break;
        }
        hook.push(("AutoScalingGroupName".to_owned(), group.to_owned()));
        let (status, text) = call.ask("autoscaling", VERSION, "PutLifecycleHook", &hook).await?;
        if status != 200 {
            return Err(ServiceError::server(format!("PutLifecycleHook: {text}")));
        }
    }
    Ok(())
}

fn remember_maintenance(call: &MotoCall<'_>) {
    let percentage = |name: &str| call.value(&format!("{MAINTENANCE}.{name}HealthyPercentage"));
    match (percentage("Min"), percentage("Max")) {
        // -1 clears.
        (Some("-1"), _) => {
            lock(call).remove(&key(call));
        }
        (Some(minimum), Some(maximum)) => {
            lock(call).insert(key(call), (minimum.to_owned(), maximum.to_owned()));
        }
        _ => {}
    }
}

type Key = (crate::identity::Scope, String);

fn key(call: &MotoCall<'_>) -> Key {
    (call.caller.scope(), call.value("AutoScalingGroupName").unwrap_or_default().to_owned())
}

fn lock<'a>(
    call: &'a MotoCall<'_>,
) -> std::sync::MutexGuard<'a, std::collections::HashMap<Key, (String, String)>> {
    call.shared.moto_state.maintenance.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn check_sizes(min: i64, max: i64) -> Result<(), ServiceError> {
    if min > max { Err(invalid("Max bound, must be greater than or equal to min bound.")) } else { Ok(()) }
}

fn check_desired(desired: Option<i64>, min: i64, max: i64) -> Result<(), ServiceError> {
    match desired {
        Some(desired) if desired > max => {
            Err(invalid(&format!("Desired capacity:{desired} must not be greater than max size:{max}")))
        }
        Some(desired) if desired < min => {
            Err(invalid(&format!("Desired capacity:{desired} must not be less than min size:{min}")))
        }
        _ => Ok(()),
    }
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

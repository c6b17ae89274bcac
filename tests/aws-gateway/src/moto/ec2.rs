//! EC2: client tokens, unknown launch templates and images, and security groups in use as AWS treats them.
//! AWS: CreateLaunchTemplate, CreateLaunchTemplateVersion, RunInstances, DescribeLaunchTemplates,
//! DeleteSecurityGroup (EC2 API reference).

use axum::body::Bytes;

use super::{MotoCall, read, write};
use crate::reply::{self, Reply, ServiceError};

const VERSION: &str = "2016-11-15";

pub(super) async fn handle(call: MotoCall<'_>, action: &str, body: Bytes) -> Result<Reply, ServiceError> {
    match action {
        "CreateLaunchTemplate" | "CreateLaunchTemplateVersion" => idempotent(call, action, body).await,
        "RunInstances" => {
            check_image(&call).await?;
            idempotent(call, action, body).await
        }
        "DeleteSecurityGroup" => {
            check_unused(&call).await?;
            call.pass(body).await
        }
        "DescribeLaunchTemplates" => describe_launch_templates(call, body).await,
        _ => call.pass(body).await,
    }
}

/// The same token gives the same answer, and with other parameters an error.
async fn idempotent(call: MotoCall<'_>, action: &str, body: Bytes) -> Result<Reply, ServiceError> {
    let Some(token) = call.value("ClientToken").map(str::to_owned) else { return call.pass(body).await };
    let key = (call.caller.scope(), action.to_owned(), token);
    let tokens = || call.shared.moto_state.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let earlier = tokens().get(&key).cloned();
    match earlier {
        Some((form, answer)) if form == call.form => Ok(reply::raw(200, "text/xml", answer)),
        Some(_) => Err(ServiceError::new(
            "IdempotentParameterMismatch",
            "The client token was used before with other parameters.",
        )),
        None => {
            let (parts, text) = read(call.pass(body).await?).await?;
            if parts.status.is_success() {
                tokens().insert(key, (call.form.clone(), text.clone()));
            }
            Ok(write(parts, text))
        }
    }
}

/// An image that does not exist cannot be started.
async fn check_image(call: &MotoCall<'_>) -> Result<(), ServiceError> {
    let Some(image) = call.value("ImageId") else { return Ok(()) };
    let parameters = [("ImageId.1".to_owned(), image.to_owned())];
    let (_, text) = call.ask("ec2", VERSION, "DescribeImages", &parameters).await?;
    if text.contains(&format!("<imageId>{image}</imageId>")) {
        return Ok(());
    }
    let message = format!("The image id '[{image}]' does not exist");
    Err(ServiceError::new("InvalidAMIID.NotFound", message))
}

/// A security group of an instance, or one that a rule of another group refers to, cannot be deleted.
async fn check_unused(call: &MotoCall<'_>) -> Result<(), ServiceError> {
    let Some(group) = call.value("GroupId") else { return Ok(()) };
    let filter = |number: u32, name: &str, values: &[&str]| {
        let mut parameters = vec![(format!("Filter.{number}.Name"), name.to_owned())];
        for (position, value) in (1..).zip(values) {
            parameters.push((format!("Filter.{number}.Value.{position}"), (*value).to_owned()));
        }
        parameters
    };
    let mut of_instances = filter(1, "instance.group-id", &[group]);
    of_instances.extend(filter(2, "instance-state-name", &["pending", "running", "stopping", "stopped"]));
    let (_, text) = call.ask("ec2", VERSION, "DescribeInstances", &of_instances).await?;
    let mut used = text.contains("<instanceId>");
    for name in ["ip-permission.group-id", "egress.ip-permission.group-id"] {
        let (_, text) =
            call.ask("ec2", VERSION, "DescribeSecurityGroups", &filter(1, name, &[group])).await?;
        let arns = text.split("<securityGroupArn>").skip(1).filter_map(|rest| rest.split('<').next());
        used |= arns.filter_map(|arn| arn.rsplit('/').next()).any(|referring| referring != group);
    }
    if used {
        let message = format!("resource {group} has a dependent object");
        return Err(ServiceError::new("DependencyViolation", message));
    }
    Ok(())
}

/// moto leaves an unknown id out.
async fn describe_launch_templates(call: MotoCall<'_>, body: Bytes) -> Result<Reply, ServiceError> {
    let (parts, text) = read(call.pass(body).await?).await?;
    let asked = call.form.iter().filter(|(key, _)| key.starts_with("LaunchTemplateId."));
    for (_, id) in asked {
        if parts.status.is_success() && !text.contains(&format!("<launchTemplateId>{id}</launchTemplateId>"))
        {
            return Err(ServiceError::new(
                "InvalidLaunchTemplateId.NotFound",
                format!("The specified launch template, with template ID {id}, does not exist."),
            ));
        }
    }
    Ok(write(parts, text))
}

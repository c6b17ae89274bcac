//! What a plan can tell: computed attributes, checksums, and whether the instance will be another.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tf_provider::schema::Convert;
use tf_provider::{Diagnostic, Diagnostics, ModifyPlan, PlanContext, Value};

use super::{GitlabRunnerPlan, RunnerManager, RunnerManagerPlan, assess, parameter, validate};
use crate::clients::Clients;
use crate::ec2::launch_template;
use crate::runner::boot::manager::{self, GitlabRunner, Manager};
use crate::runner::boot::{BootError, Download, Setup, UserData};

const RUNNER_PATH: &str = "/usr/local/bin/gitlab-runner";
const PLUGIN_PATH: &str = "/usr/local/bin/fleeting-plugin-aws";

/// What a version of the launch template is made of. All else about an instance stands in its user data.
const TEMPLATE_ATTRIBUTES: [&str; 7] = [
    "image_id",
    "instance_type",
    "security_group_ids",
    "instance_profile_arn",
    "root_volume",
    "user_data_sha256",
    "tags_all",
];

impl ModifyPlan for RunnerManager {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        let planned = &mut plan.planned;
        planned.unexpected_settings = Value::Known(Vec::new());
        planned.config_sha256 = planned.config.clone().map(|text| sha256(&text));
        planned.log_group_name = planned_log_group_name(planned);
        // One that is configured and not known yet stays unknown.
        if let (Value::Null, Value::Unknown, Value::Known(name)) =
            (&plan.config.config_parameter, &planned.config_parameter, &planned.name)
        {
            planned.config_parameter = Value::Known(default_parameter(name));
        }
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
            if let Value::Known(name) = &plan.planned.config_parameter {
                plan.planned.config_parameter_arn = Value::Known(parameter::arn(clients, name));
            }
            check_default_host(plan, clients);
        }
        let user_data = plan.client().and_then(|clients| user_data(&plan.planned, clients));
        plan.planned.user_data_sha256 = match user_data {
            None => Value::Unknown,
            Some(Ok(data)) => Value::Known(data.sha256()),
            Some(Err(faults)) => {
                for fault in faults.iter() {
                    plan.report(fault.clone());
                }
                Value::Unknown
            }
        };
        let Some(prior) = plan.prior else { return };
        // What is gone comes back under another id.
        if prior.arn.get().is_none() {
            plan.planned.arn = Value::Unknown;
        }
        if prior.launch_template_id.get().is_none() {
            plan.planned.launch_template_id = Value::Unknown;
        }
        let version = prior.launch_template_version.get();
        plan.planned.launch_template_version = launch_template::planned_version(
            version.filter(|_| prior.unexpected_settings.get().is_none_or(Vec::is_empty)),
            &TEMPLATE_ATTRIBUTES,
            &prior.to_raw(),
            &plan.planned.to_raw(),
        );
    }
}

/// The check of registry hosts against the default, which only the provider's configuration tells.
fn check_default_host(plan: &mut PlanContext<'_, RunnerManager>, clients: &Clients) {
    let (Value::Null, Value::Known(text)) = (&plan.config.ecr_hosts, &plan.config.config) else { return };
    let before = assess::assess(text, None).diagnostics;
    let hosts = BTreeSet::from([default_host(clients)]);
    for diagnostic in assess::assess(text, Some(hosts)).diagnostics {
        // The others were told when the configuration was validated.
        if !before.contains(&diagnostic) {
            plan.report(diagnostic);
        }
    }
}

fn default_host(clients: &Clients) -> String {
    ecr_host::private_host(&clients.account_id, &clients.region, &clients.partition)
}

/// Where a configuration is published unless the practitioner chooses.
pub(super) fn default_parameter(name: &str) -> String {
    format!("/ecrunner/{name}/config")
}

/// SHA-256 of a text, in hex.
pub(super) fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Name of the log group that the configuration asks for.
pub(super) fn log_group_name(manager: &RunnerManager) -> Option<String> {
    let group = manager.log_group.as_ref()?;
    Some(group.name.clone().unwrap_or_else(|| default_log_group(&manager.name)))
}

pub(super) fn default_log_group(name: &str) -> String {
    format!("/ecrunner/{name}")
}

fn planned_log_group_name(plan: &RunnerManagerPlan) -> Value<String> {
    match &plan.log_group {
        Value::Unknown => Value::Unknown,
        Value::Null => Value::Null,
        Value::Known(group) => match &group.name {
            Value::Null => plan.name.clone().map(|name| default_log_group(&name)),
            named => named.clone(),
        },
    }
}

/// The instance's user data; `None` while something that it depends on is unknown.
pub(super) fn user_data(
    plan: &RunnerManagerPlan,
    clients: &Clients,
) -> Option<Result<UserData, Diagnostics>> {
    let (setup, manager) = (Setup::from_plan(&plan.setup)?, manager(plan, clients)?);
    Some(manager::bundle(&setup, &manager).user_data().map_err(|error| {
        let detail = format!("The instance's user data cannot be sent: {error}. Nothing was changed.");
        let fault = Diagnostic::error("Invalid setup", detail);
        match error {
            BootError::TooLarge { .. } => fault.at("setup").into(),
            // Terraform shows the source that a diagnostic points at.
            BootError::Secret { .. } | BootError::Invalid { .. } => fault.into(),
        }
    }))
}

fn manager(plan: &RunnerManagerPlan, clients: &Clients) -> Option<Manager> {
    let tokens = plan.token_parameters.known()?.iter();
    let hosts = match &plan.ecr_hosts {
        Value::Unknown => return None,
        Value::Null => BTreeSet::from([default_host(clients)]),
        Value::Known(hosts) => hosts.iter().map(|host| host.known().cloned()).collect::<Option<_>>()?,
    };
    let plugin = match &plan.fleeting_plugin {
        Value::Unknown => return None,
        Value::Null => None,
        Value::Known(plugin) => Some(download(plugin.url.known()?, plugin.sha256.known()?, PLUGIN_PATH)),
    };
    Some(Manager {
        group: plan.name.known()?.clone(),
        region: clients.region.clone(),
        config_parameter: plan.config_parameter.known()?.clone(),
        token_parameters: tokens
            .map(|(placeholder, name)| Some((placeholder.clone(), name.known()?.clone())))
            .collect::<Option<_>>()?,
        ecr_hosts: hosts,
        gitlab_runner: gitlab_runner(plan.gitlab_runner.known()?)?,
        fleeting_plugin: plugin,
        log_group: match planned_log_group_name(plan) {
            Value::Unknown => return None,
            Value::Null => None,
            Value::Known(name) => Some(name),
        },
        shutdown_timeout: shutdown_timeout(plan)?,
    })
}

fn shutdown_timeout(plan: &RunnerManagerPlan) -> Option<Duration> {
    validate::shutdown_timeout(plan.shutdown_timeout.known()?).ok()
}

fn gitlab_runner(plan: &GitlabRunnerPlan) -> Option<GitlabRunner> {
    match (&plan.package, &plan.url, &plan.sha256) {
        (Value::Known(package), Value::Null, Value::Null) => Some(GitlabRunner::Package(package.clone())),
        (Value::Null, Value::Known(url), Value::Known(sha256)) => {
            Some(GitlabRunner::Download(download(url, sha256, RUNNER_PATH)))
        }
        _ => None,
    }
}

fn download(url: &str, sha256: &str, path: &str) -> Download {
    Download { url: url.to_owned(), sha256: sha256.to_owned(), path: path.to_owned(), mode: 0o755 }
}

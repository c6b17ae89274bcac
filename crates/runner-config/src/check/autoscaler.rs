//! `[runners.autoscaler]`, for the AWS plugin.

use super::runner::missing;
use super::{CheckContext, Findings, check_timezone, is_blank};
use crate::autoscaler::{Autoscaler, ConnectorConfig, Policy};
use crate::path::Path;
use crate::runner::Runner;
use crate::value::{GoDuration, Protocol};

/// The AWS plugin reports this as its maximum, and the library refuses to start above it.
const MOST_INSTANCES: u32 = 1000;

pub(super) fn check(
    runner: &Runner,
    autoscaler: &Autoscaler,
    context: &CheckContext,
    path: &Path,
    findings: &mut Findings,
) {
    check_plugin(autoscaler, path, findings);
    check_capacity(autoscaler, context, path, findings);
    check_policies(runner, autoscaler, path, findings);
    check_state(autoscaler, path, findings);
    check_buckets(autoscaler, path, findings);
    if let Some(connector) = &autoscaler.connector_config {
        check_connector(connector, &path.attribute("connector_config"), findings);
    }
    if autoscaler.vm_isolation.as_ref().and_then(|isolation| isolation.enabled) == Some(true) {
        findings.warning(
            &path.attribute("vm_isolation"),
            "EC2 instances cannot nest virtual machines, metal ones excepted",
            "Remove the section",
        );
    }
    if let Some(throttle) = &autoscaler.scale_throttle {
        let path = path.attribute("scale_throttle");
        for (key, number) in [("limit", throttle.limit), ("burst", throttle.burst)] {
            if number.is_some_and(|number| number < -1) {
                findings.error(&path.attribute(key), "this must be at least -1", "Correct the number");
            }
        }
    }
}

fn check_plugin(autoscaler: &Autoscaler, path: &Path, findings: &mut Findings) {
    let plugin = autoscaler.plugin.as_deref();
    let plugin_path = path.attribute("plugin");
    if !missing(
        plugin,
        &plugin_path,
        findings,
        "there is no plugin",
        "Write \"fleeting-plugin-aws\" if it is in PATH, or an OCI reference such as \"aws:1\"",
    ) && plugin.is_some_and(|name| !name.contains(['/', ':']) && !name.starts_with("fleeting-plugin-"))
    {
        findings.warning(
            &plugin_path,
            "a file or folder of this name in the working directory would be taken for the plugin",
            "Write a version too, such as \"aws:1\", or \"fleeting-plugin-aws\" for a binary in PATH",
        );
    }
    let config = path.attribute("plugin_config");
    match &autoscaler.plugin_config {
        None => findings.error(
            path,
            "the AWS plugin needs the name of its Auto Scaling group",
            "Set name in [runners.autoscaler.plugin_config]",
        ),
        Some(settings) => {
            let name = settings.name.as_deref();
            let name_path = config.attribute("name");
            let absent = missing(
                name,
                &name_path,
                findings,
                "the AWS plugin needs the name of its Auto Scaling group",
                "Write the group's name",
            );
            if !absent && name.is_some_and(|name| name.starts_with("arn:")) {
                findings.error(&name_path, "this is an ARN", "Write the group's name");
            }
        }
    }
}

fn check_capacity(autoscaler: &Autoscaler, context: &CheckContext, path: &Path, findings: &mut Findings) {
    if autoscaler.capacity_per_instance.unwrap_or(0) == 0 {
        findings.error(
            &path.attribute("capacity_per_instance"),
            "an instance needs capacity for at least one job",
            "Write 1, or how many jobs may share an instance",
        );
    }
    let path = path.attribute("max_instances");
    let instances = autoscaler.max_instances.unwrap_or(0);
    let group = autoscaler.plugin_config.as_ref().and_then(|settings| settings.name.as_ref());
    let max_size = group.and_then(|group| context.group_max_sizes.get(group));
    if instances == 0 {
        findings.warning(
            &path,
            "the number of instances has no limit",
            "Write the most instances that may run",
        );
    } else if instances > MOST_INSTANCES {
        findings.error(
            &path,
            format!("the runner does not start with more than {MOST_INSTANCES} instances of the AWS plugin"),
            format!("Write at most {MOST_INSTANCES}, and use several entries"),
        );
    }
    if let Some(max_size) = max_size.filter(|max_size| instances > **max_size) {
        findings.error(
            &path,
            format!("{instances} is above the group's maximum size, {max_size}; AWS refuses what exceeds it"),
            format!("Write at most {max_size}, or raise the group's maximum size"),
        );
    }
}

fn check_policies(runner: &Runner, autoscaler: &Autoscaler, path: &Path, findings: &mut Findings) {
    let policies = path.attribute("policy");
    if autoscaler.policy.is_empty() {
        findings.warning(
            &policies,
            "without a policy no idle instance is kept, and each is removed as soon as it is idle",
            "Add [[runners.autoscaler.policy]] with idle_count and idle_time",
        );
    }
    let always =
        |policy: &Policy| policy.periods.is_empty() || policy.periods.iter().any(crate::Cron5::is_always);
    for (position, policy) in autoscaler.policy.iter().enumerate() {
        let path = policies.index(position);
        check_policy(runner, policy, &path, findings);
        let shadow = autoscaler.policy.iter().enumerate().skip(position + 1).find(|(_, later)| always(later));
        if let Some((later, _)) = shadow {
            findings.warning(
                &path,
                format!(
                    "{} holds at any time and comes later, so this policy never applies",
                    policies.index(later)
                ),
                "Put the policy that holds at any time first: the last match wins",
            );
        }
    }
}

fn check_policy(runner: &Runner, policy: &Policy, path: &Path, findings: &mut Findings) {
    check_timezone(policy.timezone.as_deref(), &path.attribute("timezone"), findings);
    let idle = policy.idle_count.unwrap_or(0);
    if let Some(most) = runner.default_limit().filter(|most| idle > *most) {
        findings.error(
            &path.attribute("idle_count"),
            format!("{idle} jobs are more than the {most} that all instances can hold"),
            format!("Write at most {most} (max_instances × capacity_per_instance); idle_count counts jobs"),
        );
    } else if let Some(limit) = runner.limit.filter(|limit| *limit > 0 && idle > *limit) {
        findings.warning(
            &path.attribute("idle_count"),
            format!("capacity is kept for {idle} jobs, but limit allows only {limit}"),
            format!("Write at most {limit}"),
        );
    }
    if policy.idle_time.is_some_and(|time| time > GoDuration::ZERO && time < GoDuration::from_seconds(1)) {
        findings.error(
            &path.attribute("idle_time"),
            "this is shorter than a second, which GitLab Runner's lint refuses",
            "Write \"0s\", or at least \"1s\"",
        );
    }
    let factor = policy.scale_factor.unwrap_or(0.0);
    if !(factor >= 0.0 && factor.is_finite()) {
        findings.error(&path.attribute("scale_factor"), "this must be 0.0 or above", "Correct the number");
    }
    if policy.scale_factor_limit.is_some_and(|limit| limit > 0) && factor == 0.0 {
        findings.warning(
            &path.attribute("scale_factor_limit"),
            "without scale_factor this has no effect",
            "Set scale_factor, or remove this key",
        );
    }
}

fn check_state(autoscaler: &Autoscaler, path: &Path, findings: &mut Findings) {
    let state = autoscaler.state_storage.as_ref();
    if state.and_then(|state| state.enabled) != Some(true) {
        findings.warning(
            &path.attribute("state_storage"),
            "a restart of the runner deletes every instance, with the jobs on it",
            "Set enabled = true in [runners.autoscaler.state_storage]",
        );
    }
    if state.is_some_and(|state| state.dir.is_some() && is_blank(state.dir.as_deref())) {
        findings.error(
            &path.attribute("state_storage").attribute("dir"),
            "the directory has no name",
            "Write an absolute path, or leave the key out",
        );
    }
    if autoscaler.delete_instances_on_shutdown == Some(true) {
        findings.warning(
            &path.attribute("delete_instances_on_shutdown"),
            "every restart of the runner deletes all instances",
            "Leave it out, and empty the group when the runner is removed",
        );
    }
}

fn check_buckets(autoscaler: &Autoscaler, path: &Path, findings: &mut Findings) {
    for (key, buckets) in [
        ("instance_operation_time_buckets", &autoscaler.instance_operation_time_buckets),
        ("instance_creation_time_buckets", &autoscaler.instance_creation_time_buckets),
        ("instance_is_running_time_buckets", &autoscaler.instance_is_running_time_buckets),
        ("instance_deletion_time_buckets", &autoscaler.instance_deletion_time_buckets),
        ("instance_readiness_time_buckets", &autoscaler.instance_readiness_time_buckets),
        ("instance_life_duration_buckets", &autoscaler.instance_life_duration_buckets),
    ] {
        if !buckets.is_sorted_by(|lower, upper| lower < upper) {
            findings.error(
                &path.attribute(key),
                "buckets of a histogram must increase; the runner ends itself otherwise",
                "Sort them, each once",
            );
        }
    }
}

fn check_connector(connector: &ConnectorConfig, path: &Path, findings: &mut Findings) {
    if connector.use_static_credentials == Some(true) {
        for (key, value) in [("username", &connector.username), ("key_path", &connector.key_path)] {
            missing(
                value.as_deref(),
                &path.attribute(key),
                findings,
                "static credentials need it",
                &format!("Set {key}, or remove use_static_credentials"),
            );
        }
    }
    if matches!(connector.protocol, Some(Protocol::Winrm | Protocol::WinrmHttps))
        && connector.use_static_credentials == Some(true)
    {
        findings.error(
            &path.attribute("protocol"),
            "WinRM with static credentials needs a password, which must not stand in the configuration",
            "Remove use_static_credentials: the plugin then asks EC2 for the password",
        );
    }
    if connector.protocol_port.is_some_and(|port| port > u32::from(u16::MAX)) {
        findings.error(&path.attribute("protocol_port"), "there is no such port", "Write 0 to 65535");
    }
}

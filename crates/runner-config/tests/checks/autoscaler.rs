//! `[runners.autoscaler]` and what depends on its capacity.

use runner_config::Severity::{Error, Warning};

use crate::{AUTOSCALER, changed, finds, found};

#[test]
fn limit_is_compared_with_the_capacity_of_all_instances() {
    finds(&[("runners/0/limit", "")], Warning, "runners[0].limit", "more jobs than the 20");
    finds(
        &[("runners/0/limit", "21"), ("concurrent", "21")],
        Warning,
        "runners[0].limit",
        "21 jobs are more than the 20",
    );
    let config =
        changed(AUTOSCALER, &[("runners/0/limit", ""), ("runners/0/autoscaler/capacity_per_instance", "3")]);
    assert_eq!(config.runners[0].default_limit(), Some(60));
}

#[test]
fn idle_count_is_compared_with_capacity_and_limit() {
    let policy = "runners/0/autoscaler/policy/1/idle_count";
    finds(&[(policy, "21")], Error, "runners[0].autoscaler.policy[1].idle_count", "more than the 20");
    finds(
        &[(policy, "4"), ("runners/0/limit", "3")],
        Warning,
        "runners[0].autoscaler.policy[1].idle_count",
        "limit allows only 3",
    );
}

#[test]
fn capacity_and_number_of_instances_are_checked() {
    let limit = (Warning, "runners[0].autoscaler.max_instances", "no limit");
    for value in ["0", ""] {
        finds(
            &[("runners/0/autoscaler/capacity_per_instance", value)],
            Error,
            "runners[0].autoscaler.capacity_per_instance",
            "at least one job",
        );
        found(AUTOSCALER, &[("runners/0/autoscaler/max_instances", value)], &[limit]);
    }
    finds(
        &[("runners/0/autoscaler/max_instances", "31")],
        Error,
        "runners[0].autoscaler.max_instances",
        "maximum size, 30",
    );
    finds(
        &[
            ("runners/0/autoscaler/max_instances", "1001"),
            ("runners/0/autoscaler/plugin_config/name", "\"b\""),
        ],
        Error,
        "runners[0].autoscaler.max_instances",
        "does not start",
    );
}

#[test]
fn plugin_and_its_group_are_needed_and_the_group_is_used_once() {
    finds(&[("runners/0/autoscaler/plugin", "")], Error, "runners[0].autoscaler.plugin", "no plugin");
    finds(
        &[("runners/0/autoscaler/plugin", "\"aws\"")],
        Warning,
        "runners[0].autoscaler.plugin",
        "file or folder",
    );
    found(AUTOSCALER, &[("runners/0/autoscaler/plugin", "\"aws:1.1.0\"")], &[]);
    finds(
        &[("runners/0/autoscaler/plugin_config", "")],
        Error,
        "runners[0].autoscaler",
        "name of its Auto Scaling group",
    );
    let name = "runners/0/autoscaler/plugin_config/name";
    finds(
        &[(name, "\"\"")],
        Error,
        "runners[0].autoscaler.plugin_config.name",
        "name of its Auto Scaling group",
    );
    finds(&[(name, "\"arn:aws:autoscaling:x\"")], Error, "runners[0].autoscaler.plugin_config.name", "ARN");
}

#[test]
fn policies_are_checked() {
    let path = "runners[0].autoscaler.policy[1]";
    for (key, value, severity, word) in [
        ("idle_time", "\"500ms\"", Error, "shorter than a second"),
        ("timezone", "\"\"", Error, "time zone"),
        ("timezone", "\"Central European\"", Error, "time zone"),
        ("scale_factor", "-1.0", Error, "0.0 or above"),
    ] {
        finds(
            &[(&format!("runners/0/autoscaler/policy/1/{key}"), value)],
            severity,
            &format!("{path}.{key}"),
            word,
        );
    }
    finds(
        &[
            ("runners/0/autoscaler/policy/1/scale_factor", ""),
            ("runners/0/autoscaler/policy/1/scale_factor_limit", "5"),
        ],
        Warning,
        "runners[0].autoscaler.policy[1].scale_factor_limit",
        "no effect",
    );
    finds(
        &[("runners/0/autoscaler/policy", "")],
        Warning,
        "runners[0].autoscaler.policy",
        "without a policy",
    );
    finds(
        &[("runners/0/autoscaler/policy/1/periods", "[\"* * * * *\"]")],
        Warning,
        "runners[0].autoscaler.policy[0]",
        "never applies",
    );
}

#[test]
fn what_a_restart_would_delete_is_warned_about() {
    finds(
        &[("runners/0/autoscaler/state_storage", "")],
        Warning,
        "runners[0].autoscaler.state_storage",
        "restart",
    );
    finds(
        &[("runners/0/autoscaler/delete_instances_on_shutdown", "true")],
        Warning,
        "runners[0].autoscaler.delete_instances_on_shutdown",
        "restart",
    );
    finds(
        &[("runners/0/autoscaler/state_storage/dir", "\"\"")],
        Error,
        "runners[0].autoscaler.state_storage.dir",
        "no name",
    );
}

#[test]
fn connection_to_instances_is_checked() {
    let connector = "runners/0/autoscaler/connector_config";
    let path = "runners[0].autoscaler.connector_config";
    found(
        AUTOSCALER,
        &[(connector, "{ use_static_credentials = true }")],
        &[(Error, &format!("{path}.username"), "static"), (Error, &format!("{path}.key_path"), "static")],
    );
    finds(
        &[(
            connector,
            "{ use_static_credentials = true, username = \"u\", key_path = \"/k\", protocol = \"winrm\" }",
        )],
        Error,
        &format!("{path}.protocol"),
        "password",
    );
    finds(&[(connector, "{ protocol_port = 70000 }")], Error, &format!("{path}.protocol_port"), "port");
    finds(
        &[("runners/0/autoscaler/scale_throttle/limit", "-2")],
        Error,
        "runners[0].autoscaler.scale_throttle.limit",
        "-1",
    );
    finds(
        &[("runners/0/autoscaler/vm_isolation/enabled", "true")],
        Warning,
        "runners[0].autoscaler.vm_isolation",
        "nest",
    );
    finds(
        &[("runners/0/autoscaler/instance_deletion_time_buckets", "[2.0, 1.0]")],
        Error,
        "runners[0].autoscaler.instance_deletion_time_buckets",
        "increase",
    );
}

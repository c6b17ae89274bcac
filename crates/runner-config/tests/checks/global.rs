//! The global section, and secrets.

use runner_config::Severity::{Error, Warning};
use runner_config::{Step, check};

use crate::{AUTOSCALER, changed, context, finds, found};

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    found(AUTOSCALER, &[], &[]);
}

#[test]
fn concurrent_is_compared_with_limits_and_number_of_entries() {
    finds(&[("concurrent", "19")], Warning, "concurrent", "below 20");
    finds(&[("concurrent", "0")], Error, "concurrent", "no job");
    let second = r#"[{ url = "https://gitlab.example.com", token = "__A__", executor = "shell", id = 1, request_concurrency = 2, feature_flags = { FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true } }, { url = "https://gitlab.example.com", token = "__B__", executor = "shell", id = 2, request_concurrency = 2, feature_flags = { FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true } }]"#;
    finds(&[("concurrent", "1"), ("runners", second)], Warning, "concurrent", "fewer than the 2 entries");
    finds(&[("runners", "[]")], Error, "runners", "no [[runners]]");
}

#[test]
fn global_values_are_checked() {
    for (key, value, severity, path, word) in [
        ("listen_address", "\"localhost\"", Error, "listen_address", "port"),
        (
            "session_server",
            "{ listen_address = \"[::]:8093\", advertise_address = \"h:x\" }",
            Error,
            "session_server.advertise_address",
            "port",
        ),
        ("session_server", "{}", Warning, "session_server", "off"),
        ("machine", "{}", Warning, "machine", "no effect"),
        ("user", "\"ci\"", Warning, "user", "shell"),
        ("log_field_dual_emit_target", "1", Error, "log_field_dual_emit_target", "above"),
    ] {
        let version = ("log_field_schema_version", "1");
        finds(&[(key, value), version], severity, path, word);
    }
    finds(
        &[("runners/0/monitoring", "{ job_queuing_durations = [{ threshold = \"1m\", timezone = \"\" }] }")],
        Error,
        "runners[0].monitoring.job_queuing_durations[0].timezone",
        "time zone",
    );
    finds(
        &[("runners/0/use_slot_cgroups", "true"), ("runners/0/slot_cgroup_template", "\"one\"")],
        Error,
        "runners[0].slot_cgroup_template",
        "share one cgroup",
    );
}

#[test]
fn secret_in_a_model_is_found_without_being_repeated() {
    let mut config = changed(AUTOSCALER, &[]);
    config.runners[0].environment =
        vec!["DOCKER_AUTH_CONFIG={\"auths\":{\"r.example\":{\"auth\":\"c2VjcmV0\"}}}".to_owned()];
    let findings = check(&config, &context());
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].severity, Error);
    let steps = [
        Step::Attribute("runners".to_owned()),
        Step::Index(0),
        Step::Attribute("environment".to_owned()),
        Step::Index(0),
    ];
    assert_eq!(findings[0].path.steps(), steps);
    assert!(!format!("{findings:?}").contains("c2VjcmV0"));
}

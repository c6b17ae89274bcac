//! `[runners.docker]`.

use runner_config::Severity::{Error, Warning};
use runner_config::{CheckContext, check};

use crate::{AUTOSCALER, changed, finds, found};

#[test]
fn privileges_on_shared_instances_are_warned_about() {
    for (key, value) in [("max_use_count", "2"), ("max_use_count", ""), ("capacity_per_instance", "2")] {
        finds(
            &[
                (&format!("runners/0/autoscaler/{key}"), value),
                ("concurrent", "60"),
                ("runners/0/limit", "20"),
            ],
            Warning,
            "runners[0].docker.privileged",
            "root on the instance",
        );
    }
    finds(
        &[
            ("runners/0/autoscaler/max_use_count", "2"),
            ("runners/0/docker/privileged", "false"),
            ("runners/0/docker/volumes", "[\"/cache\", \"/var/run/docker.sock:/var/run/docker.sock\"]"),
        ],
        Warning,
        "runners[0].docker.volumes[1]",
        "Docker socket",
    );
}

#[test]
fn ecr_images_need_a_credential_helper() {
    let foreign = "\"210987654321.dkr.ecr.eu-central-1.amazonaws.com/a:1\"";
    finds(&[("runners/0/docker/image", foreign)], Error, "runners[0].docker.image", "210987654321.dkr.ecr");
    finds(
        &[("runners/0/docker/helper_image", foreign)],
        Error,
        "runners[0].docker.helper_image",
        "credential helper",
    );
    finds(
        &[("runners/0/docker/services/0/name", foreign)],
        Error,
        "runners[0].docker.services[0].name",
        "credential helper",
    );
    finds(
        &[("runners/0/docker/image", "\"123456789012.dkr-ecr.eu-central-1.on.aws/a:1\"")],
        Error,
        "runners[0].docker.image",
        "credential helper",
    );
    for other in
        ["\"alpine:3.20\"", "\"public.ecr.aws/docker/library/alpine:3\"", "\"registry.example.com/a\""]
    {
        found(AUTOSCALER, &[("runners/0/docker/image", other)], &[]);
    }
    let config = changed(AUTOSCALER, &[("runners/0/docker/image", foreign)]);
    assert_eq!(check(&config, &CheckContext::default()), []);
}

#[test]
fn pull_policy_must_be_allowed() {
    finds(
        &[("runners/0/docker/allowed_pull_policies", "[\"if-not-present\"]")],
        Error,
        "runners[0].docker.allowed_pull_policies",
        "`always`",
    );
    finds(
        &[("runners/0/docker/allowed_pull_policies", "[\"never\"]"), ("runners/0/docker/pull_policy", "")],
        Error,
        "runners[0].docker.allowed_pull_policies",
        "`always`",
    );
}

#[test]
fn docker_values_are_checked() {
    for (key, value, path, word) in [
        ("image", "", "image", "no image"),
        ("image", "\"\"", "image", "no image"),
        ("cpus", "\"many\"", "cpus", "number of CPUs"),
        ("oom_score_adjust", "1001", "oom_score_adjust", "-1000 to 1000"),
        ("wait_for_services_timeout", "-2", "wait_for_services_timeout", "at least -1"),
        ("ulimit", "{ nofile = \"lots\" }", "ulimit[\"nofile\"]", "resource limit"),
        ("log_options", "{ max-size = \"1m\" }", "log_options[\"max-size\"]", "env and labels"),
        ("services", "[{ name = \"\" }]", "services[0].name", "no image"),
        (
            "services",
            "[{ name = \"a\", environment = [\"=x\"] }]",
            "services[0].environment[0]",
            "assignment",
        ),
    ] {
        finds(
            &[(&format!("runners/0/docker/{key}"), value)],
            Error,
            &format!("runners[0].docker.{path}"),
            word,
        );
    }
    finds(
        &[("runners/0/docker/memory", "\"512m\""), ("runners/0/docker/memory_reservation", "\"1g\"")],
        Error,
        "runners[0].docker.memory_reservation",
        "above memory",
    );
    finds(&[("runners/0/docker/links", "[\"a:b\"]")], Warning, "runners[0].docker.links", "legacy");
}

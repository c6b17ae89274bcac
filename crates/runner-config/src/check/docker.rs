//! `[runners.docker]`.

use super::runner::{missing, shares_instances};
use super::{CheckContext, Findings, check_environment};
use crate::docker::Docker;
use crate::path::Path;
use crate::runner::Runner;
use crate::value::ByteSize;

pub(super) fn check(
    runner: &Runner,
    docker: &Docker,
    context: &CheckContext,
    path: &Path,
    findings: &mut Findings,
) {
    if runner.executor.uses_docker() {
        missing(
            docker.image.as_deref(),
            &path.attribute("image"),
            findings,
            "jobs that name no image cannot run",
            "Write the image for them, such as \"alpine:3.20\"",
        );
    }
    check_hosts(docker, context, path, findings);
    check_privileges(runner, docker, path, findings);
    check_pull_policies(docker, path, findings);
    check_sizes(docker, path, findings);
    check_numbers(docker, path, findings);
    for (position, service) in docker.services.iter().enumerate() {
        let path = path.attribute("services").index(position);
        missing(
            Some(&service.name),
            &path.attribute("name"),
            findings,
            "the service has no image",
            "Write its image",
        );
        check_environment(&service.environment, &path.attribute("environment"), findings);
        if service.suspend_data_path.is_some() {
            findings.warning(
                &path.attribute("suspend_data_path"),
                "only the kubernetes executor reads this key",
                "Remove it",
            );
        }
    }
    if !docker.links.is_empty() {
        findings.warning(
            &path.attribute("links"),
            "container links are legacy, and go with no network of a job",
            "Use services, or FF_NETWORK_PER_BUILD",
        );
    }
}

/// Images in ECR for whose registry the manager has no login.
fn check_hosts(docker: &Docker, context: &CheckContext, path: &Path, findings: &mut Findings) {
    let Some(hosts) = &context.credential_helper_hosts else { return };
    let mut images = vec![(path.attribute("image"), docker.image.as_ref())];
    images.push((path.attribute("helper_image"), docker.helper_image.as_ref()));
    for (position, service) in docker.services.iter().enumerate() {
        images.push((path.attribute("services").index(position).attribute("name"), Some(&service.name)));
    }
    for (path, image) in images {
        let host = image.and_then(|image| ecr_host(image));
        if let Some(host) = host.filter(|host| !hosts.contains(*host)) {
            findings.error(
                &path,
                format!("the manager has no credential helper for {host}, so the image cannot be pulled"),
                "Add the registry to those that the manager logs in to, or name another image",
            );
        }
    }
}

/// The host of an image in a private ECR registry:
/// `<account>.dkr.ecr[-fips].<region>.amazonaws.com[.cn]` or `<account>.dkr-ecr[-fips].<region>.on.aws`.
fn ecr_host(image: &str) -> Option<&str> {
    let (host, _) = image.split_once('/')?;
    let (account, rest) = host.split_once('.')?;
    let is_account = account.len() == 12 && account.bytes().all(|digit| digit.is_ascii_digit());
    let is_registry =
        ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."].iter().any(|name| rest.starts_with(name));
    (is_account && is_registry).then_some(host)
}

fn check_privileges(runner: &Runner, docker: &Docker, path: &Path, findings: &mut Findings) {
    if !shares_instances(runner) {
        return;
    }
    let remedy =
        "Set max_use_count = 1 and capacity_per_instance = 1 in [runners.autoscaler], or turn this off";
    for (key, on) in [
        ("privileged", docker.privileged == Some(true)),
        ("services_privileged", docker.services_privileged == Some(true) && docker.privileged != Some(true)),
    ] {
        if on {
            findings.warning(
                &path.attribute(key),
                "privileged containers are root on the instance, which other jobs use too",
                remedy,
            );
        }
    }
    for (position, volume) in docker.volumes.iter().enumerate() {
        if volume.split(':').next().is_some_and(|source| source.ends_with("/docker.sock")) {
            findings.warning(
                &path.attribute("volumes").index(position),
                "the Docker socket makes jobs root on the instance, which other jobs use too",
                remedy,
            );
        }
    }
}

fn check_pull_policies(docker: &Docker, path: &Path, findings: &mut Findings) {
    if docker.allowed_pull_policies.is_empty() {
        return;
    }
    for policy in docker.pull_policy.effective() {
        if !docker.allowed_pull_policies.contains(policy) {
            findings.error(
                &path.attribute("allowed_pull_policies"),
                format!("pull_policy is `{policy}`, which is not allowed here, so every job fails"),
                format!("Add \"{policy}\", or change pull_policy"),
            );
        }
    }
}

fn check_sizes(docker: &Docker, path: &Path, findings: &mut Findings) {
    let mut at_most = |(low_key, low): (&str, &Option<ByteSize>),
                       (high_key, high): (&str, &Option<ByteSize>)| {
        let (Some(low), Some(high)) = (low, high) else { return };
        if low.bytes() > high.bytes() {
            findings.error(
                &path.attribute(low_key),
                format!("{low} is above {high_key}, which is {high}; Docker refuses the container"),
                format!("Write at most {high}"),
            );
        }
    };
    at_most(("memory_reservation", &docker.memory_reservation), ("memory", &docker.memory));
    at_most(("memory", &docker.memory), ("memory_swap", &docker.memory_swap));
    at_most(
        ("service_memory_reservation", &docker.service_memory_reservation),
        ("service_memory", &docker.service_memory),
    );
    at_most(("service_memory", &docker.service_memory), ("service_memory_swap", &docker.service_memory_swap));
}

fn check_numbers(docker: &Docker, path: &Path, findings: &mut Findings) {
    for (key, cpus) in [("cpus", &docker.cpus), ("service_cpus", &docker.service_cpus)] {
        let is_number =
            |text: &String| text.parse::<f64>().is_ok_and(|number| number > 0.0 && number.is_finite());
        if cpus.as_ref().is_some_and(|text| !is_number(text)) {
            findings.error(
                &path.attribute(key),
                "this is no number of CPUs",
                "Write a decimal number such as \"1.5\"",
            );
        }
    }
    for (key, number, lowest, highest) in [
        ("oom_score_adjust", docker.oom_score_adjust, -1000, 1000),
        ("shm_size", docker.shm_size, 0, i64::MAX),
        ("cpu_shares", docker.cpu_shares, 0, i64::MAX),
        ("service_cpu_shares", docker.service_cpu_shares, 0, i64::MAX),
        ("services_limit", docker.services_limit, -1, i64::MAX),
        ("wait_for_services_timeout", docker.wait_for_services_timeout, -1, i64::MAX),
    ] {
        if number.is_some_and(|number| !(lowest..=highest).contains(&number)) {
            let range = if highest == i64::MAX {
                format!("at least {lowest}")
            } else {
                format!("{lowest} to {highest}")
            };
            findings.error(&path.attribute(key), format!("this must be {range}"), "Correct the number");
        }
    }
    for (name, limit) in &docker.ulimit {
        let mut parts = limit.splitn(2, ':');
        if !parts.all(|part| part.parse::<i64>().is_ok_and(|number| number >= -1)) {
            findings.error(
                &path.attribute("ulimit").key(name),
                "this is no resource limit",
                "Write \"soft\" or \"soft:hard\", such as \"1024:2048\"",
            );
        }
    }
    for name in docker.log_options.keys().filter(|name| !matches!(name.as_str(), "env" | "labels")) {
        findings.error(
            &path.attribute("log_options").key(name),
            "the runner accepts only the options env and labels, and else fails every job",
            "Remove it, or set it in the Docker daemon's configuration",
        );
    }
}

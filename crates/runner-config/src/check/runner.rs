//! `[[runners]]`.

use std::collections::BTreeSet;

use super::{Findings, check_environment, check_timezone, is_blank};
use crate::global::RunnerConfig;
use crate::path::Path;
use crate::runner::Runner;
use crate::value::Executor;

/// Labels of one entry together with the global ones. Source: GitLab Runner, common/labels.go.
const MOST_LABELS: usize = 32;

pub(super) fn check(config: &RunnerConfig, runner: &Runner, path: &Path, findings: &mut Findings) {
    check_identity(runner, path, findings);
    check_sections(runner, path, findings);
    check_limit(runner, path, findings);
    check_flags(runner, path, findings);
    check_labels(config, runner, path, findings);
    check_environment(&runner.environment, &path.attribute("environment"), findings);
    if runner.request_concurrency.unwrap_or(1) <= 1 {
        findings.warning(
            &path.attribute("request_concurrency"),
            "with one question at a time, GitLab's long polling delays jobs of this and of other entries",
            "Write 2 to 4",
        );
    }
    if runner.use_slot_cgroups == Some(true)
        && runner.slot_cgroup_template.as_ref().is_some_and(|template| !template.contains("${slot}"))
    {
        findings.error(
            &path.attribute("slot_cgroup_template"),
            "without `${slot}` all jobs share one cgroup",
            "Write `${slot}` into the name",
        );
    }
    let durations = runner.monitoring.iter().flat_map(|monitoring| &monitoring.job_queuing_durations);
    for (position, duration) in durations.enumerate() {
        let path = path.attribute("monitoring").attribute("job_queuing_durations").index(position);
        check_timezone(duration.timezone.as_deref(), &path.attribute("timezone"), findings);
    }
    check_instance(runner, path, findings);
}

fn check_identity(runner: &Runner, path: &Path, findings: &mut Findings) {
    let url = path.attribute("url");
    let host = runner.url.strip_prefix("https://").or_else(|| runner.url.strip_prefix("http://"));
    if host.is_none_or(|host| {
        host.is_empty() || host.starts_with(['/', ':', '?']) || host.contains(char::is_whitespace)
    }) {
        findings.error(
            &url,
            "this is no URL of a GitLab instance",
            "Write a URL such as \"https://gitlab.com\"",
        );
    } else if host.is_some_and(|host| host.contains('@')) {
        findings.error(&url, "the URL holds a user name", "Write the URL without it");
    } else if runner.url.contains('$') {
        findings.warning(
            &url,
            "the runner expands `$` in this key from its own environment",
            "Write the URL in full",
        );
    }
    match runner.id {
        None => findings.warning(
            &path.attribute("id"),
            "without the id, a new token makes a second autoscaler start on the same instances",
            "Write the number that GitLab gave the runner when it was created",
        ),
        Some(id) if id <= 0 => {
            findings.error(
                &path.attribute("id"),
                "ids of runners start at 1",
                "Write the id that GitLab gave",
            );
        }
        Some(_) => {}
    }
    for (key, present) in [
        ("token_obtained_at", runner.token_obtained_at.is_some()),
        ("token_expires_at", runner.token_expires_at.is_some()),
    ] {
        if present {
            findings.warning(
                &path.attribute(key),
                "the runner rotates the token by itself when this says so, and writes the new one into the file",
                "Leave the key out, and rotate the token outside the runner",
            );
        }
    }
}

/// Sections that the executor needs, and those it has no use for.
fn check_sections(runner: &Runner, path: &Path, findings: &mut Findings) {
    let executor = runner.executor;
    for (key, present, wanted) in [
        ("docker", runner.docker.is_some(), executor.uses_docker()),
        ("autoscaler", runner.autoscaler.is_some(), executor.uses_autoscaler()),
        ("machine", runner.machine.is_some(), executor == Executor::DockerMachine),
        ("instance", runner.instance.is_some(), executor == Executor::Instance),
    ] {
        // All that the instance executor's own section holds is optional.
        if wanted && !present && key != "instance" {
            findings.error(
                path,
                format!("the executor {executor} needs a section [runners.{key}]"),
                format!("Add [runners.{key}]"),
            );
        }
        if present && !wanted {
            findings.warning(
                &path.attribute(key),
                format!("the executor {executor} does not read this section"),
                "Remove the section, or choose the executor that reads it",
            );
        }
    }
    if executor == Executor::DockerMachine {
        findings.warning(
            &path.attribute("executor"),
            "docker+machine gets fixes only; GitLab names docker-autoscaler as its successor",
            "Move to docker-autoscaler",
        );
    }
}

fn check_limit(runner: &Runner, path: &Path, findings: &mut Findings) {
    let Some(most) = runner.default_limit() else { return };
    let path = path.attribute("limit");
    match runner.limit {
        None | Some(0) => findings.warning(
            &path,
            format!("without a limit the entry takes more jobs than the {most} that its instances can hold"),
            format!("Write {most} (max_instances × capacity_per_instance)"),
        ),
        Some(limit) if limit > most => findings.warning(
            &path,
            format!(
                "{limit} jobs are more than the {most} that the instances can hold; the rest waits for them"
            ),
            format!("Write at most {most} (max_instances × capacity_per_instance)"),
        ),
        Some(_) => {}
    }
}

fn check_flags(runner: &Runner, path: &Path, findings: &mut Findings) {
    const ROTATION: &str = "FF_DISABLE_AUTOMATIC_TOKEN_ROTATION";
    let flags = path.attribute("feature_flags");
    for name in runner.feature_flags.keys() {
        if !name.starts_with("FF_") {
            findings.warning(
                &flags.key(name),
                "names of feature flags start with FF_; this one has no effect",
                "Correct the name",
            );
        }
    }
    let in_environment = ["true", "1"]
        .iter()
        .any(|value| runner.environment.iter().any(|entry| *entry == format!("{ROTATION}={value}")));
    if runner.feature_flags.get(ROTATION) != Some(&true) && !in_environment {
        findings.warning(
            &flags,
            "automatic token rotation is on: the runner would write a new token into the file in clear",
            format!("Set {ROTATION} = true"),
        );
    }
}

fn check_labels(config: &RunnerConfig, runner: &Runner, path: &Path, findings: &mut Findings) {
    let names: BTreeSet<&String> = config.labels.keys().chain(runner.labels.keys()).collect();
    if names.len() > MOST_LABELS {
        findings.error(
            &path.attribute("labels"),
            format!(
                "{} labels, with the global ones, are more than the {MOST_LABELS} that are allowed",
                names.len()
            ),
            "Remove some",
        );
    }
    let global = (Path::root().attribute("labels"), &config.labels);
    let own = (path.attribute("labels"), &runner.labels);
    // The global ones are reported once, with the first entry.
    let first = config.runners.first().is_some_and(|first| std::ptr::eq(first, runner));
    for (path, labels) in std::iter::once(own).chain(first.then_some(global)) {
        for (name, value) in labels {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            if !(3..=65).contains(&name.len()) || !name.chars().all(plain) || !name.starts_with(word) {
                findings.error(
                    &path.key(name),
                    "this is no name of a label; the runner refuses the whole file",
                    "Use 3 to 65 letters, digits, `.`, `_` or `-`, the first a letter, digit or `_`",
                );
            }
            if !(1..=256).contains(&value.len()) || !value.chars().all(plain) {
                findings.error(
                    &path.key(name),
                    "this is no value of a label; the runner refuses the whole file",
                    "Use 1 to 256 letters, digits, `.`, `_` or `-`",
                );
            }
        }
    }
}

fn check_instance(runner: &Runner, path: &Path, findings: &mut Findings) {
    let common = runner.instance.as_ref().and_then(|instance| instance.use_common_build_dir) == Some(true);
    let Some(autoscaler) = runner.autoscaler.as_ref().filter(|_| common) else { return };
    let isolated = autoscaler.vm_isolation.as_ref().and_then(|isolation| isolation.enabled) == Some(true);
    if !isolated && autoscaler.max_use_count != Some(1) {
        findings.error(
            &path.attribute("instance").attribute("use_common_build_dir"),
            "jobs may share a build directory only if each has its instance for itself",
            "Set max_use_count = 1 in [runners.autoscaler], or remove this key",
        );
    }
}

/// Whether the jobs of the entry share instances with each other or with earlier jobs.
pub(super) fn shares_instances(runner: &Runner) -> bool {
    runner.autoscaler.as_ref().is_some_and(|autoscaler| {
        runner.executor.uses_autoscaler()
            && (autoscaler.max_use_count != Some(1)
                || autoscaler.capacity_per_instance.is_some_and(|jobs| jobs > 1))
    })
}

pub(super) fn missing(
    value: Option<&str>,
    path: &Path,
    findings: &mut Findings,
    problem: &str,
    remedy: &str,
) -> bool {
    let blank = is_blank(value);
    if blank {
        findings.error(path, problem, remedy);
    }
    blank
}

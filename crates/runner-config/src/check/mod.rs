//! What is well-formed but will not work (an error) or will hurt later (a warning), found without asking
//! anybody: GitLab Runner itself accepts all of it in silence or fails only when a job comes.

mod autoscaler;
mod cache;
mod docker;
mod global;
mod machine;
mod runner;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::is_known;
use crate::global::RunnerConfig;
use crate::path::Path;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It will not work: the file is refused, ignored in part, or jobs fail.
    Error,
    /// It works and will hurt later.
    Warning,
}

/// One result of [`check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The key it is about, or the section in which one is missing.
    pub path: Path,
    /// What is wrong: a sentence without full stop.
    pub problem: String,
    /// What to write instead: an imperative without full stop.
    pub remedy: String,
}

/// What is known of the surroundings; where nothing is, the checks that need it are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CheckContext {
    /// Registry hosts for which the manager has a credential helper (`credHelpers`); `None` if not known.
    pub credential_helper_hosts: Option<BTreeSet<String>>,
    /// Largest size of Auto Scaling groups, by name.
    pub group_max_sizes: BTreeMap<String, u32>,
}

/// Finds all errors and warnings, in the order of the sections.
#[must_use]
pub fn check(config: &RunnerConfig, context: &CheckContext) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    global::check(config, &mut findings);
    for (position, runner) in config.runners.iter().enumerate() {
        let path = Path::root().attribute("runners").index(position);
        runner::check(config, runner, &path, &mut findings);
        if let Some(docker) = &runner.docker {
            docker::check(runner, docker, context, &path.attribute("docker"), &mut findings);
        }
        if let Some(autoscaler) = &runner.autoscaler {
            autoscaler::check(runner, autoscaler, context, &path.attribute("autoscaler"), &mut findings);
        }
        if let Some(machine) = &runner.machine {
            machine::check(machine, &path.attribute("machine"), &mut findings);
        }
        if let Some(cache) = &runner.cache {
            cache::check(cache, &path.attribute("cache"), &mut findings);
        }
    }
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, path: &Path, problem: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Error, path, problem.into(), remedy.into());
    }

    fn warning(&mut self, path: &Path, problem: impl Into<String>, remedy: impl Into<String>) {
        self.push(Severity::Warning, path, problem.into(), remedy.into());
    }

    fn push(&mut self, severity: Severity, path: &Path, problem: String, remedy: String) {
        debug_assert!(is_known(path), "{path} is no path of the model");
        self.0.push(Finding { severity, path: path.clone(), problem, remedy });
    }
}

/// A time zone that is there must be a name of the tz database; which names there are, only the manager knows.
fn check_timezone(timezone: Option<&str>, path: &Path, findings: &mut Findings) {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '+' | '-');
    if timezone.is_some_and(|name| name.is_empty() || !name.chars().all(allowed)) {
        findings.error(
            path,
            "this is no name of a time zone",
            "Write a name such as \"Europe/Berlin\" or \"UTC\", or leave the key out for the manager's own",
        );
    }
}

/// `KEY=value` lists.
fn check_environment(environment: &[String], path: &Path, findings: &mut Findings) {
    for (position, entry) in environment.iter().enumerate() {
        let name = entry.split_once('=').map_or("", |(name, _)| name);
        if name.is_empty() || name.contains(char::is_whitespace) {
            findings.error(
                &path.index(position),
                "this is no assignment, and the runner drops it in silence",
                "Write \"KEY=value\"",
            );
        }
    }
}

/// A value that must not be empty where the key stands.
fn is_blank(value: Option<&str>) -> bool {
    value.is_none_or(|text| text.trim().is_empty())
}

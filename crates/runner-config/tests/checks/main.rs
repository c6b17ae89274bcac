//! Each check: one change to a configuration without findings, and what is then found.
#![allow(clippy::unwrap_used, reason = "a test ends at the first failure")]

mod autoscaler;
mod docker;
mod entries;
mod global;
mod machine_and_cache;

use std::collections::{BTreeMap, BTreeSet};

use runner_config::{CheckContext, RunnerConfig, Severity, check};
use toml::{Table, Value};

pub(crate) const AUTOSCALER: &str = include_str!("../golden/docker_autoscaler.toml");
pub(crate) const MACHINE: &str = include_str!("../golden/docker_machine.toml");

pub(crate) fn context() -> CheckContext {
    CheckContext {
        credential_helper_hosts: Some(BTreeSet::from([
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com".to_owned()
        ])),
        group_max_sizes: BTreeMap::from([("workers-a".to_owned(), 30)]),
    }
}

/// `base` with changes, each `path = value`; the path may hold positions, an empty value takes the key away.
pub(crate) fn changed(base: &str, changes: &[(&str, &str)]) -> RunnerConfig {
    let mut root = Value::Table(base.parse::<Table>().unwrap());
    for (path, value) in changes {
        let (parents, key) = path.rsplit_once('/').unwrap_or(("", path));
        let mut place = &mut root;
        for step in parents.split('/').filter(|step| !step.is_empty()) {
            place = match step.parse::<usize>() {
                Ok(position) => &mut place[position],
                Err(_) => place
                    .as_table_mut()
                    .unwrap()
                    .entry(step.to_owned())
                    .or_insert_with(|| Value::Table(Table::new())),
            };
        }
        let table = place.as_table_mut().unwrap();
        if value.is_empty() {
            assert!(table.remove(key).is_some(), "{path}");
        } else {
            let parsed: Table = format!("v = {value}").parse().unwrap();
            table.insert(key.to_owned(), parsed["v"].clone());
        }
    }
    let text = toml::to_string(&root).unwrap();
    RunnerConfig::parse(&text).unwrap_or_else(|error| panic!("{changes:?}: {error}"))
}

#[track_caller]
pub(crate) fn found(base: &str, changes: &[(&str, &str)], expected: &[(Severity, &str, &str)]) {
    let findings = check(&changed(base, changes), &context());
    let shown: Vec<_> =
        findings.iter().map(|f| (f.severity, f.path.to_string(), f.problem.as_str())).collect();
    assert_eq!(shown.len(), expected.len(), "{changes:?}: {shown:#?}");
    for ((severity, path, problem), (wanted_severity, wanted_path, word)) in shown.iter().zip(expected) {
        assert_eq!((severity, path.as_str()), (wanted_severity, *wanted_path), "{changes:?}: {shown:#?}");
        assert!(problem.contains(word), "{changes:?}: {problem}");
    }
    for finding in &findings {
        assert!(
            !finding.remedy.is_empty() && !finding.remedy.ends_with('.') && !finding.problem.ends_with('.')
        );
    }
}

#[track_caller]
pub(crate) fn finds(changes: &[(&str, &str)], severity: Severity, path: &str, word: &str) {
    found(AUTOSCALER, changes, &[(severity, path, word)]);
}

//! A saved plan, as `terraform show -json` describes it.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::run::Run;
use super::state::member;
use crate::report::report;

/// A saved plan.
#[derive(Clone, Debug)]
pub struct Plan {
    file: PathBuf,
    json: Value,
    run: Run,
}

impl Plan {
    pub(crate) fn new(file: PathBuf, json: Value, run: Run) -> Self {
        Self { file, json, run }
    }

    /// The plan file, for [`super::Workspace::apply_plan`].
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Everything `show -json` says.
    pub fn json(&self) -> &Value {
        &self.json
    }

    /// The plan command itself: its warnings and its duration.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// What is planned for the object: `["create"]`, `["update"]`, `["delete", "create"]`, `["no-op"]`, ….
    ///
    /// # Panics
    /// When the plan does not have the object.
    #[track_caller]
    pub fn actions(&self, address: &str) -> Vec<&str> {
        let actions = self.change(address)["actions"].as_array().map(Vec::as_slice).unwrap_or_default();
        actions.iter().filter_map(Value::as_str).collect()
    }

    /// The value before the change at `path`.
    ///
    /// # Panics
    /// When the plan does not have the object.
    #[track_caller]
    pub fn before(&self, address: &str, path: &str) -> &Value {
        member(&self.change(address)["before"], path)
    }

    /// The planned value at `path`, as `tags.team` or `rule.0.port`; null also when it is unknown.
    ///
    /// # Panics
    /// When the plan does not have the object.
    #[track_caller]
    pub fn after(&self, address: &str, path: &str) -> &Value {
        member(&self.change(address)["after"], path)
    }

    /// Whether the value at `path`, or the whole it belongs to, is known only after apply.
    ///
    /// # Panics
    /// When the plan does not have the object.
    #[track_caller]
    pub fn is_unknown(&self, address: &str, path: &str) -> bool {
        let mut value = &self.change(address)["after_unknown"];
        for step in path.split('.') {
            if value == &Value::Bool(true) {
                return true;
            }
            value = member(value, step);
        }
        value == &Value::Bool(true)
    }

    /// Paths that force a replacement.
    ///
    /// # Panics
    /// When the plan does not have the object.
    #[track_caller]
    pub fn replace_paths(&self, address: &str) -> Vec<String> {
        let paths = self.change(address)["replace_paths"].as_array().map(Vec::as_slice).unwrap_or_default();
        paths.iter().map(dotted).collect()
    }

    /// Addresses of the objects that the plan changes, with their actions.
    pub fn changes(&self) -> Vec<String> {
        Self::changed(&self.json["resource_changes"])
    }

    /// Addresses of the objects that differed from the state when they were read, with what happened to them.
    pub fn drift(&self) -> Vec<String> {
        Self::changed(&self.json["resource_drift"])
    }

    /// The plan changes no object and no output, and reading found no drift.
    ///
    /// # Panics
    /// When it does.
    #[track_caller]
    pub fn assert_empty(&self) {
        let outputs = self.json["output_changes"].as_object().into_iter().flatten();
        let outputs = outputs
            .filter(|(_, change)| !is_no_op(&change["actions"]))
            .map(|(name, change)| format!("output {name}: {change}"));
        let details = ["resource_changes", "resource_drift"].into_iter().flat_map(|list| {
            let changes = self.json[list].as_array().map(Vec::as_slice).unwrap_or_default();
            changes
                .iter()
                .filter(|entry| !is_no_op(&entry["change"]["actions"]))
                .map(move |entry| format!("{list}: {}: {}", entry["address"], difference(&entry["change"])))
        });
        let found: Vec<String> = details.chain(outputs).collect();
        if !found.is_empty() {
            let blocks = [("expected", "no change"), ("got", &found.join("\n"))];
            panic!("{}", report("the plan is not empty", &blocks));
        }
    }

    #[track_caller]
    fn change(&self, address: &str) -> &Value {
        let entries = self.json["resource_changes"].as_array().map(Vec::as_slice).unwrap_or_default();
        match entries.iter().find(|entry| entry["address"] == address) {
            Some(entry) => &entry["change"],
            None => {
                let known: Vec<&str> = entries.iter().filter_map(|entry| entry["address"].as_str()).collect();
                panic!(
                    "{}",
                    report("the plan lacks an object", &[("expected", address), ("got", &known.join("\n"))])
                )
            }
        }
    }

    fn changed(list: &Value) -> Vec<String> {
        let entries = list.as_array().map(Vec::as_slice).unwrap_or_default();
        entries
            .iter()
            .filter(|entry| !is_no_op(&entry["change"]["actions"]))
            .filter_map(|entry| {
                let actions = entry["change"]["actions"].as_array()?;
                let actions: Vec<&str> = actions.iter().filter_map(Value::as_str).collect();
                Some(format!("{} {}", entry["address"].as_str()?, actions.join(",")))
            })
            .collect()
    }
}

fn is_no_op(actions: &Value) -> bool {
    actions == &serde_json::json!(["no-op"])
}

/// `["rule", 0, "port"]` as `rule.0.port`.
fn dotted(path: &Value) -> String {
    let steps = path.as_array().map(Vec::as_slice).unwrap_or_default();
    let steps = steps.iter().map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned));
    steps.collect::<Vec<_>>().join(".")
}

/// The attributes in which before and after differ.
fn difference(change: &Value) -> String {
    let (before, after) = (&change["before"], &change["after"]);
    let names = [before, after].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys());
    let names: std::collections::BTreeSet<&String> = names.collect();
    let mut lines = vec![change["actions"].to_string()];
    lines.extend(
        names
            .into_iter()
            .filter(|name| before[name.as_str()] != after[name.as_str()])
            .map(|name| format!("  {name}: {} -> {}", before[name.as_str()], after[name.as_str()])),
    );
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn plan(json: Value) -> Plan {
        let status = ExitStatus::from_raw(0);
        let run = Run::new("plan".into(), status, String::new(), String::new(), Duration::ZERO);
        Plan::new("saved.tfplan".into(), json, run)
    }

    fn change(actions: &[&str], before: &Value, after: &Value) -> Value {
        json!([{"address": "a.b", "change": {"actions": actions, "before": before, "after": after,
            "after_unknown": {"id": true, "rule": [{"port": true}]}, "replace_paths": [["rule", 0, "port"]]}}])
    }

    #[test]
    fn plan_without_changes_is_empty() {
        plan(json!({"resource_changes": change(&["no-op"], &json!({}), &json!({}))})).assert_empty();
    }

    #[test]
    #[should_panic(expected = "size: 1 -> 2")]
    fn update_is_not_empty() {
        let changes = change(&["update"], &json!({"size": 1}), &json!({"size": 2}));
        plan(json!({"resource_changes": changes})).assert_empty();
    }

    #[test]
    #[should_panic(expected = "resource_drift")]
    fn drift_alone_is_not_empty() {
        plan(json!({"resource_drift": change(&["update"], &json!({}), &json!({}))})).assert_empty();
    }

    #[test]
    #[should_panic(expected = "output url")]
    fn changed_output_is_not_empty() {
        plan(json!({"output_changes": {"url": {"actions": ["create"]}}})).assert_empty();
    }

    #[test]
    fn unknown_and_replace_paths_are_dotted() {
        let plan = plan(json!({"resource_changes": change(&["delete", "create"], &json!({}), &json!({}))}));
        assert!(plan.is_unknown("a.b", "id") && plan.is_unknown("a.b", "rule.0.port"));
        assert!(!plan.is_unknown("a.b", "rule.0") && !plan.is_unknown("a.b", "name"));
        assert_eq!(plan.replace_paths("a.b"), ["rule.0.port"]);
        assert_eq!(plan.actions("a.b"), ["delete", "create"]);
    }

    #[test]
    #[should_panic(expected = "--- expected\nc.d\n--- got\na.b")]
    fn missing_object_is_named_beside_those_that_are_there() {
        let _ = plan(json!({"resource_changes": change(&["create"], &json!({}), &json!({}))})).actions("c.d");
    }
}

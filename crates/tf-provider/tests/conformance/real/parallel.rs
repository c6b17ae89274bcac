//! Item 56.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value as Json;

use crate::support::terraform::Workspace;

#[test]
fn item_56_two_aliases_and_fifty_instances_stay_separate() {
    let workspace = Workspace::new(
        r#"
provider "conformance" {
  label = "one"
}
provider "conformance" {
  alias = "other"
  label = "two"
}
resource "conformance_journal" "one" {
  count = 25
  name  = "one-${count.index}"
  file  = "$FILES/one"
}
resource "conformance_journal" "two" {
  provider = conformance.other
  count    = 25
  name     = "two-${count.index}"
  file     = "$FILES/two"
}
"#,
    );
    workspace.apply_with(&["-parallelism=50"]).succeeded();
    for label in ["one", "two"] {
        let text = fs::read_to_string(workspace.file(label)).unwrap();
        let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.len() == 25 && lines.iter().all(|line| line["label"] == label), "{text}");
        let planned: BTreeSet<_> = lines.iter().map(|line| line["planned"].as_str().unwrap()).collect();
        assert_eq!(planned.len(), 25);
        for instance in workspace.instances(&format!("conformance_journal.{label}")) {
            assert_eq!(instance["attributes"]["id"], format!("{label}-{}", instance["index_key"]));
        }
    }
    workspace.assert_empty_plan();
}

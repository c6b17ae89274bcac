//! Item 64.

use serde_json::json;

use crate::support::terraform::Workspace;

fn blocks(arguments: &str) -> String {
    format!("resource \"conformance_blocks\" \"a\" {{\n  name = \"a\"\n{arguments}\n}}\n")
}

#[test]
fn item_64_computed_blocks_are_planned_unknown_set_and_kept() {
    let workspace = Workspace::new(&blocks("  amount = 2"));
    let plan = workspace.plan(&[]);
    assert_eq!(plan.status, Some(2), "{}", plan.text);
    plan.says(&["part (known after apply)"]);
    workspace.apply();
    let state = workspace.attributes("conformance_blocks.a");
    assert_eq!(state["part"], json!([{ "number": 0, "label": "a 0" }, { "number": 1, "label": "a 1" }]));
    assert_eq!(state["summary"]["number"], 99);
    workspace.assert_empty_plan();
    workspace.config(&blocks("  amount = 1"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    assert_eq!(workspace.attributes("conformance_blocks.a")["part"].as_array().map(Vec::len), Some(1));
    workspace.assert_empty_plan();
}

#[test]
fn item_64_nobody_writes_a_computed_block() {
    let workspace = Workspace::new(&blocks("  part {\n    number = 1\n  }"));
    workspace.plan(&[]).failed_with(&["part"]);
}

#[test]
fn item_64_private_data_of_the_plan_comes_back_in_the_second_plan() {
    let workspace = Workspace::new(&blocks(""));
    let plan = workspace.run(&["plan", "-input=false", "-out=plan"]).succeeded();
    assert!(!plan.text.contains("Planned before"), "{}", plan.text);
    workspace.run(&["apply", "-input=false", "plan"]).succeeded().says(&["Warning: Planned before", "once"]);
}

#[test]
fn item_64_deprecation_message_is_shown() {
    let workspace = Workspace::new(&blocks("  amount = 2"));
    workspace.plan(&[]).says(&["There are as many as there are."]);
}

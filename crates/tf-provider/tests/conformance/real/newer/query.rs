//! Item 61: `terraform query`.

use std::fs;

use crate::support::terraform::{Run, Workspace};

const PROVIDER: &str = "provider \"conformance\" {\n  label = \"us\"\n}\n";

/// Runs a query with these arguments in the list block, and these in its configuration.
fn query(arguments: &str, config: &str, options: &[&str]) -> (Workspace, Run) {
    let workspace = Workspace::new(PROVIDER);
    let block = format!(
        "list \"conformance_identified\" \"all\" {{\n  provider = conformance\n{arguments}\n  config {{\n{config}\n  \
         }}\n}}\n"
    );
    fs::write(workspace.path("all.tfquery.hcl"), block).unwrap();
    let run = workspace.run(&[&["query"], options].concat());
    (workspace, run)
}

#[test]
fn item_61_query_tells_every_object_with_identity_and_name() {
    let (_workspace, run) = query("", "prefix = \"x\"", &[]);
    let run = run.succeeded();
    for (name, shown) in [("x0", "Object 0"), ("x1", "Object 1"), ("x2", "Object 2")] {
        run.contains(&[&format!("name={name}"), shown, "owner=us"]);
    }
}

#[test]
fn item_61_query_ends_at_its_limit() {
    let (_workspace, run) = query("  limit = 2", "", &[]);
    let run = run.succeeded();
    run.contains(&["Object 0", "Object 1"]);
    assert!(!run.text.contains("Object 2"), "{}", run.text);
}

#[test]
fn item_61_errors_and_warnings_of_a_query_are_shown() {
    let (_workspace, run) = query("", "prefix = \"fails\"", &[]);
    run.failed_with(&["Error: Search failed", "Two were found."]);
    let (_workspace, run) = query("", "prefix = \"warns\"", &[]);
    run.succeeded().says(&["Warning: Not everything", "Some may be missing."]);
    let (_workspace, run) = query("", "prefix = \"odd\"", &[]);
    run.succeeded().says(&["Warning: Odd"]);
}

#[test]
fn item_61_query_is_validated() {
    let (_workspace, run) = query("", "prefix = \"forbidden\"", &[]);
    run.failed_with(&["Error: Forbidden prefix", "Search for something else."]);
    let (_workspace, run) = query("", "prefix = \"much too long a prefix\"", &[]);
    run.failed_with(&["Invalid prefix"]);
}

#[test]
fn item_61_configuration_generated_from_a_query_imports_and_plans_empty() {
    let (workspace, run) =
        query("  include_resource = true", "prefix = \"x\"", &["-generate-config-out=found.tf"]);
    run.succeeded();
    let generated = fs::read_to_string(workspace.path("found.tf")).unwrap();
    assert_eq!(generated.matches("import {").count(), 3, "{generated}");
    fs::remove_file(workspace.path("all.tfquery.hcl")).unwrap();
    workspace.apply().says(&["3 imported, 0 added, 0 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
}

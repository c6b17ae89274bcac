//! Item 49: which private data reaches which operation.

use std::fs;

use serde_json::Value as Json;

use crate::support::terraform::Workspace;

fn config(name: &str, rest: &str) -> String {
    format!(
        "resource \"conformance_journal\" \"a\" {{\n  name = {name:?}\n  file = \"$FILES/journal\"\n{rest}\n}}\n"
    )
}

/// The journal since the last call, as `operation: what the plan left; what earlier operations left`.
fn journal(workspace: &Workspace) -> Vec<String> {
    let text = fs::read_to_string(workspace.file("journal")).unwrap_or_default();
    let _ = fs::remove_file(workspace.file("journal"));
    text.lines()
        .map(|line| {
            let line: Json = serde_json::from_str(line).unwrap();
            let of = |key: &str| line[key].as_str().unwrap_or("nothing").to_owned();
            format!("{}: {}; {}", of("operation"), of("planned"), of("lived"))
        })
        .collect()
}

#[test]
fn item_49_private_data_survives_read_plan_and_apply_and_reaches_the_delete() {
    let workspace = Workspace::new(&config("a", ""));
    workspace.apply();
    assert_eq!(journal(&workspace), ["create: create a; nothing"]);
    workspace.config(&config("a", "  note = \"n\""));
    workspace.apply();
    assert_eq!(journal(&workspace), ["read: create a; created", "update: update a; created"]);
    workspace.destroy();
    assert_eq!(journal(&workspace), ["read: update a; updated", "delete: update a; updated"]);
    assert!(!workspace.state_text().contains("private"));
}

#[test]
fn item_49_replacing_a_tainted_object_gives_the_plan_of_the_create_to_delete_and_create() {
    let workspace = Workspace::new(&config("a", ""));
    fs::write(workspace.file("journal.fail"), "").unwrap();
    workspace.apply_with(&[]).failed_with(&["Error: Failed half way"]);
    assert!(workspace.is_tainted("conformance_journal.a"));
    fs::remove_file(workspace.file("journal.fail")).unwrap();
    journal(&workspace);
    workspace.apply().says(&["1 added, 0 changed, 1 destroyed"]);
    let seen = journal(&workspace);
    assert_eq!(seen, ["read: create a; created", "delete: create a; nothing", "create: create a; nothing"]);
}

#[test]
fn item_49_replacing_an_object_gives_the_plan_of_the_create_to_the_delete_and_plans_anew_for_the_create() {
    let workspace = Workspace::new(&config("a", ""));
    workspace.apply();
    journal(&workspace);
    workspace.config(&config("b", ""));
    workspace.apply();
    assert_eq!(
        journal(&workspace),
        ["read: create a; created", "delete: create b; created", "create: create b; nothing"]
    );
}

#[test]
fn item_49_create_before_destroy_gives_the_deposed_object_its_own_private_data() {
    let lifecycle = "  lifecycle {\n    create_before_destroy = true\n  }";
    let workspace = Workspace::new(&config("a", lifecycle));
    workspace.apply();
    journal(&workspace);
    workspace.config(&config("b", lifecycle));
    workspace.apply();
    assert_eq!(
        journal(&workspace),
        ["read: create a; created", "create: create b; nothing", "delete: create a; created"]
    );
}

#[test]
fn item_49_create_before_destroy_of_a_tainted_object_gives_it_its_own_private_data() {
    let lifecycle = "  lifecycle {\n    create_before_destroy = true\n  }";
    let workspace = Workspace::new(&config("a", lifecycle));
    fs::write(workspace.file("journal.fail"), "").unwrap();
    workspace.apply_with(&[]).failed_with(&["Error: Failed half way"]);
    fs::remove_file(workspace.file("journal.fail")).unwrap();
    journal(&workspace);
    workspace.apply().says(&["1 added, 0 changed, 1 destroyed"]);
    let seen = journal(&workspace);
    assert_eq!(seen, ["read: create a; created", "create: create a; nothing", "delete: create a; created"]);
}

#[test]
fn item_49_destroying_a_tainted_object_gives_it_its_own_private_data() {
    let workspace = Workspace::new(&config("a", ""));
    fs::write(workspace.file("journal.fail"), "").unwrap();
    workspace.apply_with(&[]).failed_with(&["Error: Failed half way"]);
    journal(&workspace);
    workspace.destroy();
    assert_eq!(journal(&workspace), ["read: create a; created", "delete: create a; created"]);
}

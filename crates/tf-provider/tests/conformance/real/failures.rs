//! Items 14, 43, 44 and 57.

use std::fs;

use crate::support::terraform::{Workspace, wait_until};

fn file(arguments: &str) -> String {
    format!(
        "provider \"files\" {{\n  directory = \"$FILES\"\n}}\nresource \"files_file\" \"a\" {{\n  name = \"a\"\n{arguments}\n}}\n"
    )
}

const A: &str = "files_file.a";

#[test]
fn item_14_interrupted_apply_keeps_the_partial_object_in_state() {
    let workspace = Workspace::new(&file("wait_for = \"never\""));
    let apply = workspace.start(&["apply", "-auto-approve", "-input=false"]);
    wait_until("the file exists", || workspace.file("a").exists());
    apply.interrupt();
    apply.wait().failed_with(&["Error: Interrupted", "Apply again to go on"]);
    assert!(workspace.attributes(A)["path"].as_str().is_some_and(|path| path.ends_with("/files/a")));
    assert!(workspace.is_tainted(A));
    workspace.destroy();
}

#[test]
fn item_43_create_that_fails_half_way_is_tainted_with_its_id_and_replaced_by_the_next_apply() {
    let workspace = Workspace::new(&file("labels = { k = \"v\" }"));
    fs::create_dir(workspace.file("a.labels")).unwrap();
    workspace.apply_with(&[]).failed_with(&["Error: Writing file (a.labels)"]);
    assert!(workspace.attributes(A)["path"].is_string());
    assert!(workspace.is_tainted(A));
    fs::remove_dir(workspace.file("a.labels")).unwrap();
    workspace.apply().says(&["is tainted, so ", "1 added, 0 changed, 1 destroyed"]);
    workspace.assert_empty_plan();
}

#[test]
fn item_44_update_that_fails_half_way_keeps_what_was_done_and_is_not_tainted() {
    let workspace = Workspace::new(&file("content = \"1\"\nlabels = { k = \"v\" }"));
    workspace.apply();
    fs::remove_file(workspace.file("a.labels")).unwrap();
    fs::create_dir(workspace.file("a.labels")).unwrap();
    workspace.config(&file("content = \"2\"\nlabels = { k = \"w\" }"));
    workspace.apply_with(&["-refresh=false"]).failed_with(&["Error: Writing file (a.labels)"]);
    let state = workspace.attributes(A);
    assert_eq!((&state["content"], &state["labels"]["k"]), (&"2".into(), &"v".into()));
    assert!(!workspace.is_tainted(A));
    fs::remove_dir(workspace.file("a.labels")).unwrap();
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();
}

#[test]
fn item_44_delete_that_fails_keeps_the_object_in_state() {
    let workspace = Workspace::new(&file(""));
    workspace.apply();
    fs::remove_file(workspace.file("a")).unwrap();
    fs::create_dir(workspace.file("a")).unwrap();
    let destroy = workspace.run(&["destroy", "-auto-approve", "-refresh=false"]);
    destroy.failed_with(&["Error: Deleting file (a)"]);
    assert_eq!(workspace.attributes(A)["name"], "a");
    fs::remove_dir(workspace.file("a")).unwrap();
    workspace.destroy();
}

#[test]
fn item_57_timeout_of_create_is_an_error_and_the_object_is_in_state() {
    let workspace = Workspace::new(&file("wait_for = \"never\"\n  timeouts {\n    create = \"1s\"\n  }"));
    workspace.apply_with(&[]).failed_with(&["Error: Timed out", "was not over within 1s"]);
    let state = workspace.attributes(A);
    assert_eq!(state["timeouts"]["create"], "1s");
    assert!(state["path"].is_string() && workspace.is_tainted(A));
}

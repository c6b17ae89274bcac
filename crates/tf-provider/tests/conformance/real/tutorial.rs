//! The tutorial's provider with the real core, as far as this one goes; `tests/process/tutorial.rs` has the rest.

use std::fs;

use crate::support::terraform::Workspace;

fn config(content: &str) -> String {
    format!(
        r#"
provider "localfiles" {{
  directory = "$FILES"
}}
ephemeral "localfiles_lock" "run" {{
  name = "lock"
}}
resource "localfiles_file" "a" {{
  name       = "a.txt"
  content    = {content:?}
  depends_on = [ephemeral.localfiles_lock.run]
}}
data "localfiles_content" "b" {{
  name = "b.txt"
}}
output "lines" {{
  value = provider::localfiles::line_count(data.localfiles_content.b.content)
}}
"#
    )
}

#[test]
fn tutorial_provider_lives_its_life() {
    let workspace = Workspace::new(&config("one"));
    fs::write(workspace.file("b.txt"), "1\n2\n3\n").unwrap();
    workspace.apply().says(&["lines = 3", "Opening", "Closing", "1 added, 0 changed, 0 destroyed"]);
    assert_eq!(fs::read_to_string(workspace.file("a.txt")).unwrap(), "one");
    assert!(!workspace.file("lock").exists(), "the lock is gone with the run");
    workspace.assert_empty_plan();
    workspace.config(&config("two"));
    workspace.apply().says(&["0 added, 1 changed, 0 destroyed"]);
    workspace.assert_empty_plan();

    // Somebody else works in the directory.
    fs::write(workspace.file("lock"), "").unwrap();
    workspace.plan(&[]).failed_with(&["Error: Locking lock", "File exists"]);
    fs::remove_file(workspace.file("lock")).unwrap();

    // Terraform 1.11 closes nothing where what depends on it fails: the lock would stay.
    workspace.config(&config("two").replace("depends_on = [ephemeral.localfiles_lock.run]", ""));
    workspace.run(&["state", "rm", "localfiles_file.a"]).succeeded();
    workspace.apply_with(&[]).failed_with(&["File exists already", "Import it, with the id a.txt"]);
    workspace.run(&["import", "localfiles_file.a", "a.txt"]).succeeded();
    workspace.assert_empty_plan();
    workspace.destroy();
    assert!(!workspace.file("a.txt").exists() && workspace.file("b.txt").exists());
}

#[test]
fn tutorial_is_short() {
    let lines = include_str!("../../../examples/local_files.rs").lines().count();
    assert!(lines < 250, "{lines} lines");
}

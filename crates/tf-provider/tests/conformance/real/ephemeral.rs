//! Item 59: what becomes of ephemeral resources in a run.

use std::fs;

use crate::support::terraform::Workspace;

const TOKEN: &str = "t0ken-of-a-briefly";

fn config(lease: &str, file: &str) -> String {
    format!(
        r#"
provider "files" {{
  directory = "$FILES"
}}
ephemeral "conformance_lease" "a" {{
  name = "a"
  file = "$FILES/journal"
  {lease}
}}
resource "files_file" "a" {{
  name           = "one"
  secret_wo      = ephemeral.conformance_lease.a.token
  secret_version = 1
  {file}
}}
"#
    )
}

fn journal(workspace: &Workspace) -> Vec<String> {
    let text = fs::read_to_string(workspace.file("journal")).unwrap_or_default();
    let _ = fs::remove_file(workspace.file("journal"));
    text.lines().map(str::to_owned).collect()
}

#[test]
fn item_59_ephemeral_resource_is_opened_and_closed_in_plan_and_in_apply_and_nothing_of_it_is_kept() {
    let mut workspace = Workspace::new(&config("", ""));
    workspace.environment("TF_LOG", "TRACE");
    workspace.environment("TF_LOG_PATH", workspace.path("log"));
    workspace.plan(&["-out=plan.out"]).says(&["Warning: Lent", "1 to add"]);
    assert_eq!(journal(&workspace), ["open a 0", "close a 0"]);
    let apply = workspace.run(&["apply", "-input=false", "plan.out"]).succeeded();
    assert_eq!(journal(&workspace), ["open a 0", "close a 0"]);
    let secret = fs::read_to_string(workspace.file("one.secret")).unwrap();
    assert_eq!(secret, TOKEN, "the token reached the provider");
    let log = fs::read_to_string(workspace.path("log")).unwrap();
    assert!(log.contains("OpenEphemeralResource"), "nothing was logged");
    assert!(!log.contains(TOKEN) && !workspace.state_text().contains(TOKEN) && !apply.text.contains(TOKEN));
    workspace.assert_empty_plan();
}

#[test]
fn item_59_ephemeral_resource_is_renewed_in_time() {
    // The file is complete only once the lease was renewed.
    let workspace = Workspace::new(&config("seconds = 1", "wait_for = \"journal.renewed\""));
    workspace.apply();
    let journal = journal(&workspace);
    // A plan and an apply; the second is held up until the renewal.
    let [first @ .., last] = journal.as_slice() else { panic!("nothing was written") };
    assert!(first.contains(&"renew a 1".to_owned()), "{journal:?}");
    // Terraform closes with what opening left, OpenTofu with what the last renewal did.
    assert!(["close a 0", "close a 1"].contains(&last.as_str()), "{journal:?}");
}

#[test]
fn item_59_ephemeral_resource_is_closed_after_an_error_elsewhere_too() {
    // Where what failed depends on it, Terraform 1.11 closes nothing: the provider hears of it by its end alone.
    let failing = format!(
        "{}\nresource \"conformance_everything\" \"a\" {{\n  name = \"b\"\n  fault = \"create\"\n}}\n",
        config("", "")
    );
    let workspace = Workspace::new(&failing);
    workspace.apply_with(&[]).failed_with(&["Fault on demand"]);
    let journal = journal(&workspace);
    let opened = journal.iter().filter(|line| *line == "open a 0").count();
    let closed = journal.iter().filter(|line| *line == "close a 0").count();
    assert!(opened > 0 && opened == closed, "{journal:?}");
    workspace.config(&config("", "").replace("name = \"a\"", "name = \"refused\""));
    workspace.plan(&[]).failed_with(&["Error: Refused", "Nobody lends this."]);
}

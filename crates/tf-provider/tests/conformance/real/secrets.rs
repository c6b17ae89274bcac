//! Items 19 and 50.

use std::fs;

use crate::support::terraform::Workspace;

const FILE: &str = r#"
variable "secret" {
  type      = string
  ephemeral = true
}
provider "files" {
  directory = "$FILES"
}
resource "files_file" "a" {
  name           = "a"
  secret_wo      = var.secret
  secret_version = VERSION
}
"#;

fn file(version: i64) -> String {
    FILE.replace("VERSION", &version.to_string())
}

#[test]
fn item_50_write_only_value_reaches_the_provider_but_neither_plan_nor_state_nor_output() {
    let mut workspace = Workspace::new(&file(1));
    workspace.environment("TF_VAR_secret", "first-hush");
    workspace.plan(&["-out=saved.tfplan"]);
    let shown = workspace.run(&["show", "-json", "saved.tfplan"]).succeeded();
    assert!(!shown.text.contains("first-hush"));
    let applied = workspace.run(&["apply", "saved.tfplan"]).succeeded();
    assert_eq!(fs::read_to_string(workspace.file("a.secret")).unwrap(), "first-hush");
    assert!(!applied.text.contains("first-hush") && !workspace.state_text().contains("first-hush"));
    workspace.assert_empty_plan();
    workspace.environment("TF_VAR_secret", "second-hush");
    workspace.assert_empty_plan();
    workspace.config(&file(2));
    workspace.apply().says(&["secret_version = 1 -> 2"]);
    assert_eq!(fs::read_to_string(workspace.file("a.secret")).unwrap(), "second-hush");
    assert!(!workspace.state_text().contains("-hush"));
    workspace.assert_empty_plan();
}

#[test]
fn item_19_trace_logs_hold_neither_sensitive_nor_write_only_values() {
    let config = |fault: &str| {
        format!(
            r#"
variable "sensitive" {{
  type      = string
  sensitive = true
}}
variable "write_only" {{
  type      = string
  ephemeral = true
}}
resource "conformance_everything" "a" {{
  name        = "a"
  fault       = {fault}
  secret      = var.sensitive
  password_wo = var.write_only
}}
"#
        )
    };
    let mut workspace = Workspace::new(&config("null"));
    workspace.environment("TF_VAR_sensitive", "sensitive-hush");
    workspace.environment("TF_VAR_write_only", "write-only-hush");
    let log = workspace.path("trace.log");
    workspace.environment("TF_LOG", "TRACE");
    workspace.environment("TF_LOG_PATH", &log);
    let text = workspace.apply().text;
    let log_text = fs::read_to_string(&log).unwrap();
    assert!(
        log_text.contains("created") && log_text.contains("(sensitive value)"),
        "the provider logged nothing"
    );
    for hush in ["sensitive-hush", "write-only-hush"] {
        let told = log_text.lines().find(|line| line.contains(hush));
        assert!(told.is_none(), "{}", told.unwrap_or_default());
        assert!(!text.contains(hush));
    }
    // A failing provider that repeats what it was given repeats no secret either.
    workspace.config(&config("\"half create\"").replace("\"a\" {", "\"b\" {"));
    let text = workspace.apply_with(&[]).failed_with(&["Password (write-only value)"]).text;
    assert!(!text.contains("-hush") && !fs::read_to_string(&log).unwrap().contains("write-only-hush"));
}

//! Item 62.

use crate::support::terraform::Workspace;

/// An action with these arguments, triggered by the creation of an object.
fn action(arguments: &str) -> String {
    format!(
        r#"
provider "conformance" {{
  label = "us"
}}
action "conformance_shout" "a" {{
  config {{
{arguments}
  }}
}}
resource "conformance_identified" "a" {{
  name = "b"
  lifecycle {{
    action_trigger {{
      events  = [after_create]
      actions = [action.conformance_shout.a]
    }}
  }}
}}
"#
    )
}

#[test]
fn item_62_action_runs_when_triggered_and_shows_its_progress() {
    let workspace = Workspace::new(&action("name = \"hello\""));
    workspace.apply().says(&["hello 1", "hello 2", "1 added"]);
    workspace.assert_empty_plan();
}

#[test]
fn item_62_action_is_invoked_by_hand() {
    let workspace = Workspace::new(&action("name = \"hello\"\n    times = 3"));
    workspace.apply();
    let run = workspace.apply_with(&["-invoke=action.conformance_shout.a"]).succeeded();
    run.contains(&["hello 3", "Warning: Hoarse", "Rest now."]);
}

#[test]
fn item_62_failures_of_an_action_are_reported() {
    for (name, texts) in [
        ("deaf", &["Error: Not heard", "It is deaf."][..]),
        ("panic", &["Error: Provider error", "The provider panicked."]),
        ("hangs", &["Error:"]),
    ] {
        let workspace = Workspace::new(&action(&format!("name = {name:?}")));
        workspace.apply_with(&[]).failed_with(texts);
        assert_eq!(workspace.instances("conformance_identified.a").len(), 1, "the object is not lost");
    }
}

#[test]
fn item_62_action_is_validated_and_planned() {
    let workspace = Workspace::new(&action("name = \"\""));
    workspace.plan(&[]).failed_with(&["Invalid name"]);
    workspace.config(&action("name = \"hello\"\n    times = 101"));
    workspace.plan(&[]).failed_with(&["Error: Too often"]);
}

#[test]
fn item_62_write_only_value_reaches_the_action() {
    let workspace = Workspace::new(&action("name = \"hello\"\n    secret_wo = \"geheim\""));
    workspace.apply().says(&["6 letters more"]);
    assert!(!workspace.state_text().contains("geheim"));
}

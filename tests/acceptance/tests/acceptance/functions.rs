//! The functions `parse_image` and `mirror_image`.

use acceptance::{Account, Workspace};
use serde_json::json;

const PARSE_EXAMPLE: &str = include_str!("../../../../examples/terraform/functions/parse_image/function.tf");
const MIRROR_EXAMPLE: &str =
    include_str!("../../../../examples/terraform/functions/mirror_image/function.tf");

fn workspace(config: &str) -> Workspace {
    let workspace = Workspace::new(&Account::new());
    workspace.config(config);
    workspace
}

#[test]
fn examples_answer_what_their_comments_say() {
    let mut workspace = workspace(&format!("{PARSE_EXAMPLE}{MIRROR_EXAMPLE}"));
    workspace.apply().expect_success();
    let state = workspace.state();
    let parts = json!({
        "registry": "docker.io", "repository": "library/alpine", "tag": "3.20", "digest": null,
        "name": "docker.io/library/alpine", "familiar": "alpine:3.20",
    });
    assert_eq!(state.output("parts"), &parts);
    assert_eq!(state.output("repository"), "mirror/docker.io/library/alpine");
    workspace.assert_empty_plan();
}

#[test]
fn reference_with_digest_alone_has_no_tag() {
    let digest = format!("sha256:{}", "0".repeat(64));
    let mut workspace = workspace(&format!(
        "output \"parts\" {{\n  value = provider::ecrunner::parse_image(\"quay.io/org/image@{digest}\")\n}}\n"
    ));
    workspace.apply().expect_success();
    let state = workspace.state();
    let parts = state.output("parts");
    assert_eq!((&parts["tag"], &parts["digest"]), (&json!(null), &json!(digest)));
    assert_eq!(parts["name"], "quay.io/org/image");
}

#[test]
fn unknown_argument_is_worked_out_during_apply() {
    let mut workspace = workspace(
        r#"
resource "terraform_data" "image" {
  input = "quay.io/org/image:1"
}
output "repository" {
  value = provider::ecrunner::mirror_image(terraform_data.image.output, "mirror")
}
"#,
    );
    workspace.apply().expect_success();
    assert_eq!(workspace.state().output("repository"), "mirror/quay.io/org/image");
}

#[test]
fn fault_names_the_argument_and_what_to_write() {
    for (call, argument, texts) in [
        ("parse_image(\"Alpine:3.20\")", "reference", ["upper-case", "\"library/alpine\""]),
        ("parse_image(\"https://quay.io/x\")", "reference", ["scheme", "quay.io/org/image:tag"]),
        ("mirror_image(\"alpine:\", \"mirror\")", "reference", ["no tag", "letters"]),
        ("mirror_image(\"alpine\", \"Mirror\")", "prefix", ["lower case", "\"mirror\""]),
    ] {
        let mut workspace =
            workspace(&format!("output \"x\" {{\n  value = provider::ecrunner::{call}\n}}\n"));
        let run = workspace.run_plan(&[]);
        run.expect_only_error(&[&format!("Invalid value for \"{argument}\" parameter"), texts[0], texts[1]]);
    }
}

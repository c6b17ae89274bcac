//! The functions `parse_image`, `mirror_image` and `docker_auth_config`.

use acceptance::{Account, Workspace};
use serde_json::json;

const PARSE_EXAMPLE: &str = include_str!("../../../../examples/terraform/functions/parse_image/function.tf");
const MIRROR_EXAMPLE: &str =
    include_str!("../../../../examples/terraform/functions/mirror_image/function.tf");
const AUTH_EXAMPLE: &str =
    include_str!("../../../../examples/terraform/functions/docker_auth_config/function.tf");

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
fn example_of_docker_auth_config_answers_what_its_comment_says() {
    let mut workspace = workspace(AUTH_EXAMPLE);
    workspace.apply().expect_success();
    let comment = AUTH_EXAMPLE.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a comment");
    assert_eq!(workspace.state().output("docker_auth_config"), comment);
    workspace.assert_empty_plan();
}

#[test]
fn docker_auth_config_names_the_host_that_is_no_registry_of_ecr() {
    let own = "\"111122223333.dkr.ecr.eu-central-1.amazonaws.com\"";
    for (hosts, texts) in [
        (format!("{own}, \"quay.io\""), ["\"quay.io\" is no registry of ECR", "<account id>"]),
        (
            "\"https://public.ecr.aws\"".to_owned(),
            ["more than the name of a host", "write \"public.ecr.aws\""],
        ),
        ("\"public.ecr.aws/docker/library\"".to_owned(), ["more than the name", "write \"public.ecr.aws\""]),
        (
            "\"docker.io\"".to_owned(),
            ["\"docker.io\" is no registry of ECR", "ecr-login logs in to no other"],
        ),
    ] {
        let call = format!("provider::ecrunner::docker_auth_config({hosts})");
        let mut workspace = workspace(&format!("output \"x\" {{\n  value = {call}\n}}\n"));
        let run = workspace.run_plan(&[]);
        run.expect_only_error(&["Invalid value for \"hosts\" parameter", texts[0], texts[1]]);
    }
    let mut none = workspace("output \"x\" {\n  value = provider::ecrunner::docker_auth_config()\n}\n");
    none.run_plan(&[]).expect_only_error(&["give at least one registry of ECR"]);
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

//! `ecrunner_ci_images`.

use acceptance::{Account, Workspace};
use serde_json::json;

const IMAGES: &str = "data.ecrunner_ci_images.this";
const INVALID: &str = "Invalid GitLab CI configuration";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A workspace that reads its own `.gitlab-ci.yml`.
fn workspace(account: &Account, arguments: &str, file: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.file(".gitlab-ci.yml", file);
    workspace.config(&format!(
        "data \"ecrunner_ci_images\" \"this\" {{\n  files = [\"${{path.module}}/.gitlab-ci.yml\"]\n{arguments}}}\n"
    ));
    workspace
}

#[test]
fn images_are_complete_unique_and_known_to_for_each_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.file(
        ".gitlab-ci.yml",
        "include: more.yml\na:\n  image: alpine:3.20\n  services: [docker.io/library/alpine:3.20]\n",
    );
    workspace.file("more.yml", "b:\n  image: quay.io/org/tool:$TOOL\nc: { image: bitnami/redis }\n");
    workspace.config(
        r#"
data "ecrunner_ci_images" "this" {
  files     = ["${path.module}/.gitlab-ci.yml"]
  variables = { TOOL = "7" }
}

resource "ecrunner_mirror_repository" "this" {
  for_each = data.ecrunner_ci_images.this.docker_hub_images

  name       = "mirror/${provider::ecrunner::parse_image(each.key).repository}"
  source     = provider::ecrunner::parse_image(each.key).name
  image_tags = [provider::ecrunner::parse_image(each.key).tag]
}
"#,
    );
    let plan = workspace.plan();
    for key in ["alpine:3.20", "bitnami/redis:latest"] {
        let address = format!("ecrunner_mirror_repository.this[\"{key}\"]");
        assert_eq!(plan.actions(&address), ["create"], "{address}");
    }
    assert_eq!(plan.changes().len(), 2);
    workspace.config(
        "data \"ecrunner_ci_images\" \"this\" {\n  files     = [\"${path.module}/.gitlab-ci.yml\"]\n  \
         variables = { TOOL = \"7\" }\n}\n",
    );
    workspace.apply().expect_success();
    let state = workspace.state();
    for (attribute, value) in [
        (
            "images",
            json!(["docker.io/bitnami/redis:latest", "docker.io/library/alpine:3.20", "quay.io/org/tool:7"]),
        ),
        ("docker_hub_images", json!(["alpine:3.20", "bitnami/redis:latest"])),
        ("pinned_by_digest", json!([])),
        ("unresolved", json!([])),
        (
            "uses.0",
            json!({ "image": "quay.io/org/tool:7", "file": "more.yml", "line": 2, "job": "b", "keyword": "image" }),
        ),
        (
            "uses.3",
            json!({ "image": "docker.io/library/alpine:3.20", "file": ".gitlab-ci.yml", "line": 4, "job": "a",
                "keyword": "services" }),
        ),
    ] {
        assert_eq!(state.attribute(IMAGES, attribute), &value, "{attribute}");
    }
    workspace.assert_empty_plan();
}

#[test]
fn what_is_not_known_is_listed_and_is_no_image() {
    let account = Account::new();
    let file = "include: { project: group/ci, file: /a.yml }\na: { image: '$CI_REGISTRY_IMAGE/a:1' }\n\
                b: { image: 'Upper:1' }\nc: { image: c:1 }\n";
    let mut unknown = workspace(&account, "", file);
    unknown.apply().expect_success();
    let state = unknown.state();
    assert_eq!(state.attribute(IMAGES, "images"), &json!(["docker.io/library/c:1"]));
    let unresolved = state.attribute(IMAGES, "unresolved");
    assert_eq!(
        unresolved[0],
        json!({ "text": "group/ci:/a.yml", "file": ".gitlab-ci.yml", "line": 1, "job": null,
            "reason": "the file /a.yml of the project group/ci was not given" })
    );
    assert_eq!(
        unresolved[1],
        json!({ "text": "$CI_REGISTRY_IMAGE/a:1", "file": ".gitlab-ci.yml", "line": 2, "job": "a",
            "reason": "variable CI_REGISTRY_IMAGE is not known" })
    );
    assert_eq!(unresolved[2]["text"], "Upper:1");
    assert_eq!(unresolved.as_array().map(Vec::len), Some(3));

    let arguments = "  variables = { CI_REGISTRY_IMAGE = \"registry.example.com/app\" }\n  \
                     includes  = { \"group/ci:/a.yml\" = \"d: { image: 'd:1' }\" }\n";
    let mut given = workspace(&account, arguments, file);
    given.apply().expect_success();
    let images = ["docker.io/library/c:1", "docker.io/library/d:1", "registry.example.com/app/a:1"];
    assert_eq!(given.state_attr(IMAGES, "images"), json!(images));
}

#[test]
fn digest_pins_are_told_apart() {
    let account = Account::new();
    let file = format!(
        "a: {{ image: 'alpine:3.20@{DIGEST}' }}\nb: {{ image: 'quay.io/org/tool@{DIGEST}' }}\nc: {{ image: c }}\n"
    );
    let mut workspace = workspace(&account, "", &file);
    workspace.apply().expect_success();
    let state = workspace.state();
    let pinned = [format!("docker.io/library/alpine:3.20@{DIGEST}"), format!("quay.io/org/tool@{DIGEST}")];
    assert_eq!(state.attribute(IMAGES, "pinned_by_digest"), &json!(pinned));
    assert_eq!(state.attribute(IMAGES, "images").as_array().map(Vec::len), Some(3));
    let hub = [format!("alpine:3.20@{DIGEST}"), "c:latest".to_owned()];
    assert_eq!(state.attribute(IMAGES, "docker_hub_images"), &json!(hub));
}

#[test]
fn includes_in_a_circle_are_an_error_with_the_chain() {
    let account = Account::new();
    let mut workspace = workspace(&account, "", "\ninclude: more.yml\n");
    workspace.file("more.yml", "x: {}\ninclude:\n  - .gitlab-ci.yml\n");
    workspace.run_plan(&[]).expect_error(INVALID, "files").expect_only_error(&[
        "more.yml:3: files include each other in a circle: .gitlab-ci.yml -> more.yml -> .gitlab-ci.yml",
    ]);
}

#[test]
fn bad_yaml_is_an_error_with_file_and_line() {
    let account = Account::new();
    let mut by_file = workspace(&account, "", "a: { image: x }\nb: ]\nc: 1\n");
    by_file.run_plan(&[]).expect_error(INVALID, "files").expect_only_error(&[".gitlab-ci.yml:2: "]);
    let mut merged = Workspace::new(&account);
    merged.config("data \"ecrunner_ci_images\" \"this\" {\n  merged_yaml = \"a: 1\\nb: *none\\n\"\n}\n");
    merged.run_plan(&[]).expect_error(INVALID, "merged_yaml").expect_only_error(&["merged_yaml:2: "]);
}

#[test]
fn merged_yaml_needs_no_files() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(
        "data \"ecrunner_ci_images\" \"this\" {\n  merged_yaml = \"a:\\n  image:\\n    name: alpine\\n\"\n}\n",
    );
    workspace.apply().expect_success();
    let only = json!([{ "image": "docker.io/library/alpine:latest", "file": "merged_yaml", "line": 3, "job": "a",
        "keyword": "image" }]);
    assert_eq!(workspace.state_attr(IMAGES, "uses"), only);
}

#[test]
fn invalid_arguments_are_refused() {
    let account = Account::new();
    let validate = |arguments: &str| {
        let mut workspace = Workspace::new(&account);
        workspace.config(&format!("data \"ecrunner_ci_images\" \"this\" {{\n{arguments}}}\n"));
        workspace.validate()
    };
    validate("").expect_only_error(&["none of files, merged_yaml is set"]);
    validate("  files = [\"a.yml\"]\n  merged_yaml = \"\"\n")
        .expect_only_error(&["files and merged_yaml exclude each other"]);
    validate("  merged_yaml = \"\"\n  root = \".\"\n")
        .expect_only_error(&["merged_yaml and root exclude each other"]);
    validate("  files = []\n").expect_error("Invalid files", "files").expect_error_count(1);

    let mut missing = workspace(&account, "  root = \"none\"\n", "");
    missing
        .run_plan(&[])
        .expect_error("Reading GitLab CI configuration", "root")
        .expect_only_error(&["none: ", "Correct the path."]);
    let mut outside = workspace(&account, "", "include: /../../secret.yml\n");
    outside
        .run_plan(&[])
        .expect_error(INVALID, "files")
        .expect_only_error(&[".gitlab-ci.yml:1: ", "leads out of the repository"]);
}

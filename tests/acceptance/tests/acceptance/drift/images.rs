//! Mirrors.

use acceptance::{Account, Workspace};
use serde_json::Value;

use super::{FIXED, IDENTITY, OURS, change, check, lifecycle_policy, repository_policy, shown, words};
use crate::mirror_repository::{PLATFORMS, docker_hub};

#[test]
fn mirror_repository() {
    let (account, upstream) = (Account::new(), docker_hub());
    for tag in ["v3", "w1"] {
        upstream.add_image("library/alpine", tag, PLATFORMS);
    }
    let (type_name, name) = ("ecrunner_mirror_repository", "mirror/alpine");
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  name       = "{name}"
  source     = "{}/library/alpine"
  image_tags = ["v3"]
  tag_filter = {{ pattern = "w*" }}
  platforms  = ["linux/amd64"]

  image_tag_mutability                   = "IMMUTABLE_WITH_EXCLUSION"
  image_tag_mutability_exclusion_filters = ["latest", "v*"]

  scan_on_push      = true
  lifecycle_policy  = jsonencode({})
  repository_policy = jsonencode({})
  tags              = {{ team = "ci" }}
}}
"#,
        upstream.address(),
        lifecycle_policy(30),
        repository_policy(account.id()),
    ));
    workspace.apply().expect_success();
    let arn = workspace.state_attr(&format!("{type_name}.this"), "arn");
    let arn = arn.as_str().expect("an ARN");
    let ecr = |action, options: &[&str]| words(&["ecr", action, "--repository-name", name], options);
    let other = child(&account, name);
    let exclusion = r#"[{"filterType":"WILDCARD","filter":"theirs"}]"#;
    let mutability = ["--image-tag-mutability", "IMMUTABLE_WITH_EXCLUSION"];
    let filters = [&mutability[..], &["--image-tag-mutability-exclusion-filters", exclusion]].concat();
    let changes = [
        shown("image_tags", "digests.v3", ecr("batch-delete-image", &["--image-ids", "imageTag=v3"])),
        shown("tag_filter", "digests.w1", ecr("batch-delete-image", &["--image-ids", "imageTag=w1"])),
        // Not the chosen platforms of an index, but one image.
        shown(
            "platforms",
            "digests.v3",
            ecr("put-image", &["--image-tag", "v3", "--image-manifest", &other]),
        ),
        change(
            "image_tag_mutability",
            ecr("put-image-tag-mutability", &["--image-tag-mutability", "MUTABLE"]),
        ),
        change("image_tag_mutability_exclusion_filters", ecr("put-image-tag-mutability", &filters)),
        change(
            "scan_on_push",
            ecr("put-image-scanning-configuration", &["--image-scanning-configuration", "scanOnPush=false"]),
        ),
        change(
            "lifecycle_policy",
            ecr("put-lifecycle-policy", &["--lifecycle-policy-text", &lifecycle_policy(1)]),
        ),
        change("lifecycle_policy", ecr("delete-lifecycle-policy", &[])),
        change(
            "repository_policy",
            ecr("set-repository-policy", &["--policy-text", &repository_policy("111122223333")]),
        ),
        change("repository_policy", ecr("delete-repository-policy", &[])),
        change(
            "tags",
            words(&["ecr", "tag-resource", "--resource-arn", arn], &["--tags", "Key=team,Value=theirs"]),
        ),
        change("tags", words(&["ecr", "untag-resource", "--resource-arn", arn], &["--tag-keys", "team"])),
    ];
    let apart = [
        ("name", IDENTITY),
        ("source", OURS),
        ("encryption_configuration", FIXED),
        ("credential_arn", OURS),
        ("on_upstream_change", OURS),
        ("force_delete", OURS),
        // In a test of its own, with an upstream that has some.
        ("referrers", "mirror_repository/referrers.rs"),
    ];
    check(&account, &mut workspace, type_name, &changes, &apart);
}

/// The manifest of the one image that the index `v3` names.
fn child(account: &Account, repository: &str) -> String {
    let manifest = |id: &str| {
        let get = ["ecr", "batch-get-image", "--repository-name", repository, "--image-ids", id];
        account.aws(&get)["images"][0]["imageManifest"].as_str().expect("a manifest").to_owned()
    };
    let index: Value = serde_json::from_str(&manifest("imageTag=v3")).expect("JSON");
    manifest(&format!("imageDigest={}", index["manifests"][0]["digest"].as_str().expect("a digest")))
}

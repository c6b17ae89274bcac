//! `ecrunner_mirror_repository`.

mod clients;
mod drift;
mod faults;
mod mounting;
mod platforms;
mod progress;
mod referrers;
mod refresh;
mod selection;
mod settings;

use std::collections::BTreeMap;

use acceptance::{Account, Fault, FaultKind, Stack, Workspace};
use upstream_registry::{Image, RateLimit, Registry, TokenAuth};

const MIRROR: &str = "ecrunner_mirror_repository.this";
const TYPE: &str = "ecrunner_mirror_repository";
const REPOSITORY: &str = "library/alpine";
const NAME: &str = "mirror/alpine";
pub(crate) const PLATFORMS: &[&str] = &["linux/amd64", "linux/arm64"];

/// An upstream as Docker Hub is one: tokens, and a limit on manifest GETs.
pub(crate) fn docker_hub() -> Registry {
    let builder =
        Registry::builder().token_auth(TokenAuth::anonymous()).rate_limit(RateLimit::docker_hub(100));
    Stack::shared().upstream(builder)
}

fn mirror_with(upstream: &Registry, tags: &[&str], arguments: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  name       = "{NAME}"
  source     = "{}/{REPOSITORY}"
  image_tags = {tags:?}
{arguments}
}}
"#,
        upstream.address()
    )
}

fn mirror(upstream: &Registry, tags: &[&str]) -> String {
    mirror_with(upstream, tags, "")
}

/// Tags and digests in ECR as the AWS CLI lists them.
fn stored(account: &Account) -> BTreeMap<String, String> {
    let answer = account.aws(&["ecr", "list-images", "--repository-name", NAME]);
    let images = answer["imageIds"].as_array().expect("a list of images").iter();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    images.filter_map(|image| Some((text(&image["imageTag"])?, text(&image["imageDigest"])?))).collect()
}

fn repositories(account: &Account) -> usize {
    account.aws(&["ecr", "describe-repositories"])["repositories"].as_array().map_or(0, Vec::len)
}

#[track_caller]
fn assert_stored(account: &Account, expected: &[(&str, &str)]) {
    let expected: BTreeMap<_, _> =
        expected.iter().map(|(tag, digest)| ((*tag).to_owned(), (*digest).to_owned())).collect();
    assert_eq!(stored(account), expected);
}

#[test]
fn basic() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS).odd_whitespace());
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["create"]);
    assert!(plan.is_unknown(MIRROR, "digests.v3"), "the digest is not known before apply");
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image.digest)]);
    let state = workspace.state();
    assert_eq!(state.attribute(MIRROR, "digests.v3"), image.digest.as_str());
    assert_eq!(state.attribute(MIRROR, "upstream_digests.v3"), image.digest.as_str());
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&mirror(&upstream, &["v3"]));
    second.import(MIRROR, NAME).expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), 0);
}

#[test]
fn import_of_a_repository_that_is_no_mirror_yet_needs_its_source() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS));
    account.aws(&["ecr", "create-repository", "--repository-name", NAME]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.import(MIRROR, NAME).expect_failure().expect_text("does not say what it is a mirror of");
    workspace.import(MIRROR, &format!("{NAME},{}/{REPOSITORY}", upstream.address())).expect_success();
    assert_eq!(workspace.plan().actions(MIRROR), ["update"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.config(&mirror(&upstream, &["v3"]));
    second.import(MIRROR, NAME).expect_success();
    second.assert_empty_plan();
}

#[test]
fn all_platforms_arrive_byte_for_byte() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS).odd_whitespace().attestations());
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    let index = upstream.manifest_bytes(REPOSITORY, &image.digest).expect("the index upstream");
    let digest = format!("imageDigest={}", image.digest);
    let answer = account.aws(&["ecr", "batch-get-image", "--repository-name", NAME, "--image-ids", &digest]);
    let manifest = answer["images"][0]["imageManifest"].as_str().expect("the manifest's text");
    assert_eq!(manifest.as_bytes(), index);
    let children =
        serde_json::from_slice::<serde_json::Value>(&index).expect("an index")["manifests"].clone();
    for child in children.as_array().expect("children") {
        let digest = child["digest"].as_str().expect("a digest");
        let answer = account.aws(&[
            "ecr",
            "batch-get-image",
            "--repository-name",
            NAME,
            "--image-ids",
            &format!("imageDigest={digest}"),
        ]);
        let bytes = upstream.manifest_bytes(REPOSITORY, digest).expect("the child upstream");
        assert_eq!(answer["images"][0]["imageManifest"].as_str().map(str::as_bytes), Some(bytes.as_ref()));
    }
}

#[test]
fn disappears() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    account.aws(&["ecr", "delete-repository", "--repository-name", NAME, "--force"]);
    assert_eq!(workspace.plan().actions(MIRROR), ["create"]);
    workspace.apply().expect_success();
    assert_eq!(stored(&account).len(), 1);
}

#[test]
fn an_image_deleted_behind_terraforms_back_is_planned_and_comes_again() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    account.aws(&["ecr", "batch-delete-image", "--repository-name", NAME, "--image-ids", "imageTag=v3"]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    assert_eq!(plan.after(MIRROR, "digests.v3"), image.digest.as_str(), "the plan says which digest comes");
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image.digest)]);
}

#[test]
fn a_moved_upstream_tag_is_planned_by_digest_and_a_second_apply_pulls_nothing() {
    let account = Account::new();
    let upstream = docker_hub();
    let old = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    let pulls = upstream.count("GET", "/manifests/");
    assert!(pulls > 0, "the copy pulls manifests");
    workspace.apply().expect_success();
    assert_eq!(upstream.count("GET", "/manifests/"), pulls, "an apply without change is free");

    let new = upstream.move_tag(REPOSITORY, "v3");
    assert_ne!(old.digest, new.digest);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    assert_eq!(plan.after(MIRROR, "digests.v3"), new.digest.as_str());
    workspace.apply_plan(&plan).expect_success();
    assert_stored(&account, &[("v3", &new.digest)]);
    workspace.assert_empty_plan();
}

#[test]
fn the_planned_digest_arrives_although_upstream_moved_after_the_plan() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    let planned = upstream.move_tag(REPOSITORY, "v3");
    let plan = workspace.plan();
    let later = upstream.move_tag(REPOSITORY, "v3");
    assert_ne!(planned.digest, later.digest);
    workspace.apply_plan(&plan).expect_success();
    assert_stored(&account, &[("v3", &planned.digest)]);
    let plan = workspace.plan();
    assert_eq!(plan.after(MIRROR, "digests.v3"), later.digest.as_str(), "the next plan catches up");
}

#[test]
fn update_image_tags() {
    let account = Account::new();
    let upstream = docker_hub();
    let first = upstream.add_image(REPOSITORY, "v2", PLATFORMS);
    let second = upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS).layers(3));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v2"]));
    workspace.apply().expect_success();
    workspace.config(&mirror(&upstream, &["v2", "v3"]));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    assert_eq!(plan.after(MIRROR, "digests.v2"), first.digest.as_str(), "what is there stays known");
    assert!(plan.is_unknown(MIRROR, "digests.v3"));
    workspace.apply_plan(&plan).expect_success();
    assert_stored(&account, &[("v2", &first.digest), ("v3", &second.digest)]);
    workspace.assert_empty_plan();
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &second.digest)]);
    workspace.assert_empty_plan();
}

#[test]
fn replace_name() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    workspace.config(&mirror(&upstream, &["v3"]).replace(NAME, "mirror/other"));
    let plan = workspace.plan();
    assert_eq!(plan.replace_paths(MIRROR), ["name"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(repositories(&account), 1, "the old repository is gone");
}

#[test]
fn foreign_images_stop_destroy_until_force_delete() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    let answer =
        account.aws(&["ecr", "batch-get-image", "--repository-name", NAME, "--image-ids", "imageTag=v3"]);
    let manifest = answer["images"][0]["imageManifest"].as_str().expect("the manifest's text").to_owned();
    account.aws(&[
        "ecr",
        "put-image",
        "--repository-name",
        NAME,
        "--image-tag",
        "theirs",
        "--image-manifest",
        &manifest,
    ]);
    let run = workspace.destroy();
    run.expect_failure().expect_text("theirs");
    assert_eq!(repositories(&account), 1);
    workspace.config(&mirror_with(&upstream, &["v3"], "  force_delete = true"));
    workspace.apply().expect_success();
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), 0);
}

#[test]
fn tags_of_the_repository_and_default_tags() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { team = \"ci\" }\n  }\n");
    workspace.config(&mirror_with(&upstream, &["v3"], "  tags = { env = \"test\" }"));
    workspace.apply().expect_success();
    let state = workspace.state();
    assert_eq!(state.attribute(MIRROR, "tags_all.team"), "ci");
    assert_eq!(state.attribute(MIRROR, "tags_all.env"), "test");
    workspace.assert_empty_plan();
    workspace.config(&mirror_with(&upstream, &["v3"], "  tags = { env = \"prod\" }"));
    workspace.apply().expect_success();
    let arn = workspace.state_attr(MIRROR, "arn");
    let arn = arn.as_str().expect("an ARN");
    let tags = account.aws(&["ecr", "list-tags-for-resource", "--resource-arn", arn]);
    let text = tags.to_string();
    assert!(text.contains("prod") && !text.contains("\"test\"") && text.contains("ci"), "{text}");
    account.aws(&["ecr", "tag-resource", "--resource-arn", arn, "--tags", "Key=env,Value=other"]);
    assert_eq!(workspace.plan().actions(MIRROR), ["update"], "a tag changed by others shows");
}

#[test]
fn an_immutable_repository_refuses_a_moved_tag_at_plan() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], "  image_tag_mutability = \"IMMUTABLE\""));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    upstream.move_tag(REPOSITORY, "v3");
    workspace.run_plan(&[]).expect_failure().expect_error("Tag cannot move", "image_tags");
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    account.aws(&["ecr", "create-repository", "--repository-name", NAME]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_failure().expect_text("import {");
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

fn create_rule(account: &Account, prefix: &str) {
    let create = ["ecr", "create-pull-through-cache-rule", "--ecr-repository-prefix", prefix];
    account.aws(&[&create[..], &["--upstream-registry-url", "quay.io"]].concat());
}

#[test]
fn name_under_the_prefix_of_a_pull_through_cache_rule_is_refused() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    create_rule(&account, "mirror");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace
        .apply()
        .expect_error("Creating ECR mirror repository (mirror/alpine)", "name")
        .expect_only_error(&["the prefix \"mirror\"", "quay.io", "Nothing was created."]);
    assert_eq!(repositories(&account), 0);
}

#[test]
fn rules_for_other_names_do_not_stand_in_the_way() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    create_rule(&account, "mirro");
    let denied = FaultKind::error("AccessDeniedException", "no");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    workspace.destroy().expect_success();
    // Who may not see the rules may make a mirror all the same.
    account.inject(Fault::once("ecr", "DescribePullThroughCacheRules", denied));
    workspace.apply().expect_success();
    assert_eq!(repositories(&account), 1);
}

#[test]
fn rule_for_all_names_is_told() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    create_rule(&account, "ROOT");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    // The rule's upstream cannot be reached from here, so that the copy itself may fail.
    workspace
        .apply()
        .expect_warning("Creating ECR mirror repository (mirror/alpine)")
        .expect_text("for ROOT");
}

#[test]
fn invalid_arguments_are_told_together() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  name                 = "Mirror//alpine"
  source               = "alpine:v3"
  image_tags           = ["bad tag"]
  image_tag_mutability = "SOMETIMES"
}}
"#
    ));
    let run = workspace.run_plan(&[]);
    run.expect_failure().expect_error_count(4);
    for attribute in ["name", "source", "image_tags", "image_tag_mutability"] {
        run.expect_error(&format!("Invalid {attribute}"), attribute);
    }
}

#[test]
fn a_metadata_address_is_no_upstream() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  name       = "{NAME}"
  source     = "169.254.169.254/library/alpine"
  image_tags = ["v3"]
}}
"#
    ));
    workspace.apply().expect_failure().expect_text("Refused to contact");
    assert_eq!(repositories(&account), 0);
}

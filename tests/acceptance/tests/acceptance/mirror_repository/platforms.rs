//! Chosen platforms: an index of their own, told from upstream's.

use acceptance::{Account, Direct, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Image, Registry};

use super::{MIRROR, NAME, REPOSITORY, docker_hub, mirror_with, stored};

const ALL: &[&str] = &["linux/amd64", "linux/arm64", "linux/s390x"];

fn chosen(upstream: &Registry, platforms: &[&str]) -> String {
    mirror_with(upstream, &["v3"], &format!("  platforms = {platforms:?}"))
}

/// Platforms of the index that the tag names in ECR; `unknown/unknown` is an attestation.
fn platforms(account: &Account) -> Vec<String> {
    let tag = ["--image-ids", "imageTag=v3"];
    let answer = account.aws(&[&["ecr", "batch-get-image", "--repository-name", NAME], &tag[..]].concat());
    let text = answer["images"][0]["imageManifest"].as_str().expect("a manifest");
    let index: Value = serde_json::from_str(text).expect("JSON");
    let entries = index["manifests"].as_array().expect("an index").iter();
    entries
        .map(|entry| {
            let part = |name: &str| entry["platform"][name].as_str().unwrap_or_default().to_owned();
            format!("{}/{}", part("os"), part("architecture"))
        })
        .collect()
}

#[test]
fn chosen_platforms_are_copied_followed_imported_and_changed() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(ALL).attestations());
    let mut workspace = Workspace::new(&account);
    workspace.config(&chosen(&upstream, &["linux/amd64", "linux/arm64"]));
    workspace.apply().expect_success();
    let attested = ["linux/amd64", "linux/arm64", "unknown/unknown", "unknown/unknown"];
    assert_eq!(platforms(&account), attested, "attestations go with their image");
    let first = stored(&account)["v3"].clone();
    assert_ne!(first, image.digest);
    let state = workspace.state();
    assert_eq!(state.attribute(MIRROR, "digests.v3"), first.as_str());
    assert_eq!(state.attribute(MIRROR, "copied_digests.v3"), image.digest.as_str());
    assert_eq!(state.attribute(MIRROR, "upstream_digests.v3"), image.digest.as_str());
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&chosen(&upstream, &["linux/amd64", "linux/arm64"]));
    second.import(MIRROR, NAME).expect_success();
    second.assert_empty_plan();

    let moved = upstream.move_tag(REPOSITORY, "v3").digest;
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    assert_eq!(plan.after(MIRROR, "copied_digests.v3"), moved.as_str());
    assert!(plan.is_unknown(MIRROR, "digests.v3"));
    workspace.apply_plan(&plan).expect_success();
    assert_ne!(stored(&account)["v3"], first);
    workspace.assert_empty_plan();
}

#[test]
fn other_choice_makes_another_index() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(ALL));
    let mut workspace = Workspace::new(&account);
    workspace.config(&chosen(&upstream, &["linux/amd64"]));
    workspace.apply().expect_success();
    workspace.config(&chosen(&upstream, &["linux/amd64", "linux/s390x"]));
    workspace.apply().expect_success();
    assert_eq!(platforms(&account), ["linux/amd64", "linux/s390x"]);
    workspace.assert_empty_plan();
    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    assert_eq!(stored(&account)["v3"], image.digest);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
}

#[test]
fn tag_moved_outside_is_put_right() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add(REPOSITORY, "v3", &Image::new(ALL));
    let mut workspace = Workspace::new(&account);
    for arguments in ["  platforms = [\"linux/amd64\", \"linux/arm64\"]", "  on_upstream_change = \"ignore\""]
    {
        workspace.config(&mirror_with(&upstream, &["v3"], arguments));
        workspace.apply().expect_success();
        let ours = stored(&account)["v3"].clone();
        // Somebody lets the tag name one of the images of the index.
        let ids = account.aws(&["ecr", "list-images", "--repository-name", NAME]);
        let ids = ids["imageIds"].as_array().expect("images").iter();
        let child = ids.filter_map(|id| id["imageDigest"].as_str()).find(|digest| *digest != ours);
        let id = format!("imageDigest={}", child.expect("a child"));
        let answer = account.aws(&["ecr", "batch-get-image", "--repository-name", NAME, "--image-ids", &id]);
        let manifest = answer["images"][0]["imageManifest"].as_str().expect("a manifest");
        let put = ["ecr", "put-image", "--repository-name", NAME, "--image-tag", "v3"];
        account.aws(&[&put[..], &["--image-manifest", manifest]].concat());
        assert_ne!(stored(&account)["v3"], ours, "{arguments}");
        assert_eq!(workspace.plan().actions(MIRROR), ["update"], "{arguments}");
        workspace.apply().expect_success();
        assert_eq!(stored(&account)["v3"], ours, "{arguments}");
        workspace.assert_empty_plan();
        workspace.destroy().expect_success();
    }
}

#[test]
fn synchronised_mirror_keeps_its_platforms_and_plans_nothing() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add(REPOSITORY, "v3", &Image::new(ALL));
    let mut workspace = Workspace::new(&account);
    workspace.config(&chosen(&upstream, &["linux/amd64", "linux/arm64"]));
    workspace.apply().expect_success();
    let moved = upstream.move_tag(REPOSITORY, "v3").digest;
    let provider = Direct::new(&account);
    for expected in [format!("v3: copying {moved}"), format!("v3 is up to date: {moved}")] {
        let config = json!({ "name": NAME });
        let events = provider.ask(async |server| server.invoke_action("ecrunner_sync_mirror", config).await);
        assert!(format!("{events:?}").contains(&expected), "{events:?}");
    }
    assert_eq!(platforms(&account), ["linux/amd64", "linux/arm64"]);
    assert_eq!(workspace.plan().changes(), Vec::<String>::new());
}

#[test]
fn platform_that_upstream_lacks_is_told_with_those_that_it_has() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add(REPOSITORY, "v3", &Image::new(&["linux/amd64", "linux/arm64"]));
    let mut workspace = Workspace::new(&account);
    workspace.config(&chosen(&upstream, &["linux/riscv64"]));
    workspace
        .apply()
        .expect_error("Creating ECR mirror repository (mirror/alpine)", "platforms")
        .expect_only_error(&["linux/riscv64", "linux/amd64, linux/arm64"]);
    workspace.config(&chosen(&upstream, &["linux/arm64"]));
    workspace.apply().expect_success();
    assert_eq!(platforms(&account), ["linux/arm64"]);
}

#[test]
fn invalid_platforms() {
    let account = Account::new();
    let upstream = docker_hub();
    let mut workspace = Workspace::new(&account);
    for wrong in ["[]", "[\"amd64\"]", "[\"Linux/amd64\"]"] {
        workspace.config(&mirror_with(&upstream, &["v3"], &format!("  platforms = {wrong}")));
        workspace.validate().expect_error("Invalid platforms", "platforms").expect_error_count(1);
    }
    let digest = format!("sha256:{}", "0".repeat(64));
    workspace.config(&mirror_with(&upstream, &[&digest], "  platforms = [\"linux/amd64\"]"));
    workspace.validate().expect_error("Invalid platforms", "platforms").expect_error_count(1);
}

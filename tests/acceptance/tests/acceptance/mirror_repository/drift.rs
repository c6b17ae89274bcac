//! What others do to the mirror's images: told apart at refresh, and repaired by apply.

use acceptance::{Account, Workspace};
use serde_json::Value;
use upstream_registry::Registry;

use super::{MIRROR, NAME, PLATFORMS, REPOSITORY, assert_stored, docker_hub, mirror};

const DELETED: &str = "Images were deleted in ECR (mirror/alpine)";
const MOVED: &str = "Tags were moved in ECR (mirror/alpine)";
const ARCHIVED: &str = "Images are in the archive in ECR (mirror/alpine)";

/// A mirror of two tags, applied; answers their digests.
fn applied(account: &Account, upstream: &Registry) -> (Workspace, String, String) {
    let first = upstream.add_image(REPOSITORY, "v2", &["linux/amd64"]);
    let second = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(account);
    workspace.config(&mirror(upstream, &["v2", "v3"]));
    workspace.apply().expect_success();
    (workspace, first.digest, second.digest)
}

fn archive(account: &Account, digest: &str) {
    let id = format!("imageDigest={digest}");
    let call = ["ecr", "update-image-storage-class", "--repository-name", NAME, "--image-id", &id];
    let answer = account.aws(&[&call[..], &["--target-storage-class", "ARCHIVE"]].concat());
    assert_eq!(answer["imageStatus"], "ARCHIVED");
}

/// Lets the tag name another image of the repository.
fn retag(account: &Account, tag: &str, from: &str) {
    let id = format!("imageTag={from}");
    let answer = account.aws(&["ecr", "batch-get-image", "--repository-name", NAME, "--image-ids", &id]);
    let manifest = answer["images"][0]["imageManifest"].as_str().expect("the manifest's text").to_owned();
    let put = ["ecr", "put-image", "--repository-name", NAME, "--image-tag", tag];
    account.aws(&[&put[..], &["--image-manifest", &manifest]].concat());
}

/// The summaries of the warnings of a plan, which changes the mirror, and the detail of the only one.
#[track_caller]
fn only_warning(workspace: &mut Workspace, summary: &str) -> String {
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    let warnings = plan.run().warnings();
    assert_eq!(warnings.iter().map(|warning| warning.summary.as_str()).collect::<Vec<_>>(), [summary]);
    warnings[0].detail.clone()
}

#[track_caller]
fn assert_says(detail: &str, texts: &[&str]) {
    for text in texts {
        assert!(detail.contains(text), "\"{text}\" is not in: {detail}");
    }
}

#[test]
fn deleted_image_is_told_as_deleted() {
    let (account, upstream) = (Account::new(), docker_hub());
    let (mut workspace, v2, v3) = applied(&account, &upstream);
    assert!(workspace.plan().run().warnings().is_empty(), "nothing happened yet");
    account.aws(&["ecr", "batch-delete-image", "--repository-name", NAME, "--image-ids", "imageTag=v3"]);
    let detail = only_warning(&mut workspace, DELETED);
    assert_says(&detail, &[&format!("v3 ({v3})"), "Apply copies"]);
    assert!(!detail.contains("v2"), "{detail}");
    workspace.apply().expect_success();
    assert_stored(&account, &[("v2", &v2), ("v3", &v3)]);
    assert!(workspace.plan().run().warnings().is_empty());
}

#[test]
fn retagged_image_is_told_as_moved_and_moved_back() {
    let (account, upstream) = (Account::new(), docker_hub());
    let (mut workspace, v2, v3) = applied(&account, &upstream);
    retag(&account, "v3", "v2");
    assert_stored(&account, &[("v2", &v2), ("v3", &v2)]);
    let detail = only_warning(&mut workspace, MOVED);
    assert_says(&detail, &[&format!("v3 (from {v3} to {v2})"), "Apply moves them"]);
    workspace.apply().expect_success();
    assert_stored(&account, &[("v2", &v2), ("v3", &v3)]);
    workspace.assert_empty_plan();
}

#[test]
fn tag_that_somebody_moved_to_what_upstream_has_is_no_drift_to_warn_of() {
    let (account, upstream) = (Account::new(), docker_hub());
    let (mut workspace, v2, _) = applied(&account, &upstream);
    retag(&account, "v3", "v2");
    let index = upstream.manifest_bytes(REPOSITORY, &v2).expect("the index upstream");
    let media_type = upstream.manifest_media_type(REPOSITORY, &v2).expect("its media type");
    assert_eq!(upstream.add_manifest(REPOSITORY, Some("v3"), &media_type, index), v2);
    let plan = workspace.plan();
    assert!(plan.run().warnings().is_empty());
    assert_eq!(plan.actions(MIRROR), ["no-op"]);
}

#[test]
fn archived_image_is_told_as_archived_and_restored_without_a_pull() {
    let (account, upstream) = (Account::new(), docker_hub());
    let (mut workspace, v2, v3) = applied(&account, &upstream);
    archive(&account, &v3);
    assert_stored(&account, &[("v2", &v2)]);
    let (pulls, pushed) = (upstream.count("GET", "/manifests/"), account.count("CompleteBlobUpload"));
    assert!(pulls > 0 && pushed > 0, "the first copy pulled and pushed");

    let detail = only_warning(&mut workspace, ARCHIVED);
    assert_says(&detail, &[&format!("v3 ({v3})"), "Apply restores it"]);
    workspace.apply().expect_success();
    assert_stored(&account, &[("v2", &v2), ("v3", &v3)]);
    assert_eq!(account.count("UpdateImageStorageClass"), 2, "ours and the one that archived");
    assert_eq!(upstream.count("GET", "/manifests/"), pulls, "restoring pulls nothing");
    assert_eq!(account.count("CompleteBlobUpload"), pushed, "restoring pushes nothing");
    assert_eq!(workspace.state_attr(MIRROR, "digests.v3"), Value::from(v3));
    workspace.assert_empty_plan();
}

#[test]
fn archived_image_of_somebody_else_stops_destroy() {
    let (account, upstream) = (Account::new(), docker_hub());
    let (mut workspace, v2, v3) = applied(&account, &upstream);
    retag(&account, "theirs", "v2");
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    archive(&account, &v2);
    assert_stored(&account, &[("v3", &v3)]);
    workspace.destroy().expect_failure().expect_text("theirs");
}

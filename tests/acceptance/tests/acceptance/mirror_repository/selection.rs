//! Which images are mirrored: by filter, by digest, and what becomes of those that moved upstream.

use acceptance::{Account, Stack, Workspace};
use upstream_registry::{Registry, TokenAuth};

use super::{
    MIRROR, NAME, PLATFORMS, REPOSITORY, TYPE, assert_stored, docker_hub, mirror, mirror_with, stored,
};

/// A mirror without `image_tags`.
fn filtered(upstream: &Registry, filter: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  name       = "{NAME}"
  source     = "{}/{REPOSITORY}"
  tag_filter = {{ {filter} }}
}}
"#,
        upstream.address()
    )
}

/// Tags in ECR, sorted.
fn tags(account: &Account) -> Vec<String> {
    stored(account).into_keys().collect()
}

fn add(upstream: &Registry, tags: &[&str]) {
    for tag in tags {
        upstream.add_image(REPOSITORY, tag, PLATFORMS);
    }
}

#[test]
fn newest_versions_follow_upstream_and_old_ones_go() {
    let account = Account::new();
    let upstream = docker_hub();
    add(&upstream, &["3.9", "3.18", "3.20", "4.0", "latest", "3.20-rc1"]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&filtered(&upstream, "versions = \"^3\", newest = 2"));
    let plan = workspace.plan();
    assert!(plan.is_unknown(MIRROR, "digests"), "which tags there are is not known before apply");
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(tags(&account), ["3.18", "3.20"]);
    workspace.assert_empty_plan();

    add(&upstream, &["3.21"]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    let digests = plan.after(MIRROR, "digests").as_object().expect("planned digests");
    assert_eq!(digests.keys().collect::<Vec<_>>(), ["3.20", "3.21"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(tags(&account), ["3.20", "3.21"]);
    workspace.assert_empty_plan();
}

#[test]
fn filter_and_named_tags_go_together_and_a_changed_filter_is_asked_anew() {
    let account = Account::new();
    let upstream = docker_hub();
    add(&upstream, &["1.24-bookworm", "1.24.1-bookworm", "1.24-alpine", "latest"]);
    let mut workspace = Workspace::new(&account);
    let config = |pattern: &str| {
        mirror_with(&upstream, &["latest"], &format!("  tag_filter = {{ pattern = \"{pattern}\" }}"))
    };
    workspace.config(&config("1.24*-bookworm"));
    workspace.apply().expect_success();
    assert_eq!(tags(&account), ["1.24-bookworm", "1.24.1-bookworm", "latest"]);
    workspace.assert_empty_plan();
    workspace.config(&config("*-alpine"));
    let plan = workspace.plan();
    assert!(plan.is_unknown(MIRROR, "digests"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(tags(&account), ["1.24-alpine", "latest"]);
    workspace.assert_empty_plan();
    workspace.config(&mirror(&upstream, &["latest"]));
    workspace.apply().expect_success();
    assert_eq!(tags(&account), ["latest"]);
    workspace.assert_empty_plan();
}

#[test]
fn filter_keeps_its_tags_while_upstream_is_away() {
    let account = Account::new();
    let upstream = docker_hub();
    add(&upstream, &["3.18", "3.20"]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&filtered(&upstream, "pattern = \"3.*\""));
    workspace.apply().expect_success();
    drop(upstream);
    let plan = workspace.plan();
    plan.run().expect_warning("Upstream was not asked");
    assert_eq!(plan.changes(), Vec::<String>::new());
    assert_eq!(tags(&account), ["3.18", "3.20"]);
}

#[test]
fn image_that_is_mirrored_by_digest_stays_when_its_last_tag_goes() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS).digest;
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3", &image]));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image)]);
    workspace.config(&mirror(&upstream, &[&image]));
    workspace.apply().expect_success();
    assert_stored(&account, &[]);
    // ECR deletes an image with its last tag.
    let id = format!("imageDigest={image}");
    let describe = ["ecr", "describe-images", "--repository-name", NAME, "--image-ids", &id];
    assert_eq!(account.aws(&describe)["imageDetails"][0]["imageDigest"], image.as_str());
    workspace.assert_empty_plan();
}

#[test]
fn digest_is_mirrored_without_a_tag() {
    let account = Account::new();
    let upstream = docker_hub();
    let pinned = upstream.add_image(REPOSITORY, "v3", PLATFORMS).digest;
    // The tag has moved on since.
    let present = upstream.move_tag(REPOSITORY, "v3");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &[&pinned]));
    workspace.apply().expect_success();
    assert_stored(&account, &[]);
    let found = account.aws(&[
        "ecr",
        "describe-images",
        "--repository-name",
        NAME,
        "--image-ids",
        &format!("imageDigest={pinned}"),
    ]);
    assert_eq!(found["imageDetails"][0]["imageDigest"], pinned.as_str());
    assert_eq!(workspace.state().attribute(MIRROR, &format!("digests.{pinned}")), pinned.as_str());
    workspace.assert_empty_plan();

    // Deleted behind Terraform's back, it is copied again.
    let id = format!("imageDigest={pinned}");
    account.aws(&["ecr", "batch-delete-image", "--repository-name", NAME, "--image-ids", &id]);
    assert_eq!(workspace.plan().actions(MIRROR), ["update"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();

    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &present.digest)]);
    let left = account.aws(&["ecr", "list-images", "--repository-name", NAME]).to_string();
    assert!(!left.contains(&pinned), "the pinned image is gone: {left}");
    workspace.destroy().expect_success();
}

#[test]
fn moved_tag_is_kept_where_the_configuration_says_so() {
    let account = Account::new();
    let upstream = docker_hub();
    let copied = upstream.add_image(REPOSITORY, "v3", PLATFORMS).digest;
    let mut workspace = Workspace::new(&account);
    let config =
        |policy: &str| mirror_with(&upstream, &["v3"], &format!("  on_upstream_change = \"{policy}\""));
    workspace.config(&config("ignore"));
    workspace.apply().expect_success();
    let moved = upstream.move_tag(REPOSITORY, "v3").digest;
    let plan = workspace.plan();
    assert_eq!(plan.changes(), Vec::<String>::new());
    assert!(plan.run().warnings().is_empty());

    workspace.config(&config("warn"));
    workspace.apply().expect_success().expect_warning("Upstream moved");
    let plan = workspace.plan();
    plan.run().expect_warning("Upstream moved").expect_text("v3 moved");
    assert_eq!(plan.changes(), Vec::<String>::new());
    assert_stored(&account, &[("v3", &copied)]);
    assert_eq!(workspace.state().attribute(MIRROR, "upstream_digests.v3"), moved.as_str());

    workspace.config(&config("update"));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &moved)]);
    workspace.assert_empty_plan();
}

#[test]
fn tag_that_is_kept_and_was_lost_comes_from_upstream_again() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], "  on_upstream_change = \"ignore\""));
    workspace.apply().expect_success();
    let moved = upstream.move_tag(REPOSITORY, "v3").digest;
    account.aws(&["ecr", "batch-delete-image", "--repository-name", NAME, "--image-ids", "imageTag=v3"]);
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &moved)]);
    workspace.assert_empty_plan();
}

#[test]
fn login_of_a_private_upstream_comes_from_a_secret() {
    let account = Account::new();
    let auth = TokenAuth::users_only().user("team", "not-a-real-token");
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(auth));
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS).digest;
    let secret = account.upstream_secret("private");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_failure();

    workspace.config(&mirror_with(&upstream, &["v3"], &format!("  credential_arn = \"{secret}\"")));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image)]);
    workspace.assert_empty_plan();
    upstream.move_tag(REPOSITORY, "v3");
    assert_eq!(workspace.plan().actions(MIRROR), ["update"], "the refresh logs in too");
    assert!(!workspace.state_text().contains("not-a-real-token"));

    let other = ["secretsmanager", "put-secret-value", "--secret-id", &secret, "--secret-string", "no JSON"];
    account.aws(&other);
    let plan = workspace.run_plan(&[]);
    plan.expect_warning("Upstream was not asked").expect_text("username and accessToken");
    assert!(!plan.stdout().contains("no JSON"), "what a secret holds is never shown");
}

#[test]
fn invalid_selection() {
    let account = Account::new();
    let upstream = docker_hub();
    let mut workspace = Workspace::new(&account);
    for (filter, attribute) in [
        ("versions = \"newest\"", Some("tag_filter")),
        ("versions = \"3\", pattern = \"3*\"", Some("tag_filter")),
        ("newest = 3", Some("tag_filter")),
        ("pattern = \"*\", newest = 0", Some("tag_filter")),
    ] {
        workspace.config(&filtered(&upstream, filter));
        let run = workspace.validate();
        run.expect_failure().expect_error_count(1);
        assert_eq!(run.errors()[0].attribute.as_deref(), attribute, "{filter}: {:?}", run.errors());
    }
    workspace.config(&mirror_with(&upstream, &["sha256:abc"], ""));
    workspace.validate().expect_error("Invalid image_tags", "image_tags").expect_error_count(1);
    workspace.config(&mirror_with(&upstream, &["v3"], "  on_upstream_change = \"panic\""));
    workspace.validate().expect_error("Invalid on_upstream_change", "on_upstream_change");
    let bare = filtered(&upstream, "").replace("  tag_filter = {  }\n", "");
    workspace.config(&bare);
    workspace.validate().expect_failure().expect_text("none of image_tags, tag_filter is set");
}

//! An upstream that fails, and creates that are cut short.

use upstream_registry::{Effect, Fault, Operation};

use super::*;

#[test]
fn a_create_cut_off_in_a_blob_goes_on_blob_by_blob() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(&["linux/amd64"]).layers(6).layer_size(200_000));
    // The first blobs pass, then every connection breaks: more often than a copy tries.
    upstream.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 10_000 }).skip(3));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    let run = workspace.apply();
    run.expect_failure().expect_text("no tag names it");
    assert_stored(&account, &[]);
    assert_eq!(repositories(&account), 1, "what was copied is kept");
    upstream.clear_faults();
    upstream.clear_requests();
    let run = workspace.apply();
    run.expect_success();
    assert_stored(&account, &[("v3", &image.digest)]);
    let blobs = upstream.count("GET", "/blobs/");
    assert!(
        (1..=4).contains(&blobs),
        "6 layers and a config, 3 of them there already; fetched again: {blobs}"
    );
    workspace.assert_empty_plan();
    let tags = account.aws(&["ecr", "describe-repositories"])["repositories"][0]["repositoryArn"].clone();
    let arn = tags.as_str().expect("an ARN");
    let tags = account.aws(&["ecr", "list-tags-for-resource", "--resource-arn", arn]);
    let keys: Vec<_> = tags["tags"].as_array().expect("tags").iter().map(|tag| &tag["Key"]).collect();
    assert_eq!(keys, ["ecrunner:source"], "the mark of the unfinished create is gone");
}

#[test]
fn an_unfinished_repository_survives_create_before_destroy() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(
        &upstream,
        &["v3"],
        "  lifecycle {\n    create_before_destroy = true\n  }",
    ));
    workspace.apply().expect_failure();
    upstream.clear_faults();
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image.digest)]);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), 0);
}

#[test]
fn destroy_after_a_failed_create_leaves_nothing() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_failure();
    assert_eq!(repositories(&account), 1);
    workspace.destroy().expect_success();
    assert_eq!(repositories(&account), 0);
}

#[test]
fn damaged_content_is_never_tagged() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_failure().expect_error("Creating ECR mirror repository", None);
    assert_stored(&account, &[]);
}

#[test]
fn too_many_requests_are_waited_for() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.inject(Fault::too_many_requests(Operation::GetBlob, Some(1)).times(2));
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    assert_stored(&account, &[("v3", &image.digest)]);
}

#[test]
fn mirrors_of_one_apply_share_what_is_left_of_the_pull_limit() {
    let account = Account::new();
    // Each image is three pulls, an index and two platforms: enough for two, and for the third's index.
    let builder = Registry::builder().token_auth(TokenAuth::anonymous()).rate_limit(RateLimit::docker_hub(7));
    let upstream = Stack::shared().upstream(builder);
    let mirrors = ["v1", "v2", "v3"].map(|tag| {
        upstream.add_image(REPOSITORY, tag, PLATFORMS);
        mirror(&upstream, &[tag])
            .replace("\"this\"", &format!("\"{tag}\""))
            .replace(NAME, &format!("{NAME}/{tag}"))
    });
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirrors.concat());
    let run = workspace.apply();
    run.expect_failure().expect_within(std::time::Duration::from_secs(60));
    run.expect_only_error(&[
        "allows 0 more pulls, and the copy needs 2",
        "7 pulls in 21600 s",
        "credential",
        "platforms",
        "public.ecr.aws/docker/library",
    ]);
    assert_eq!(run.errors()[0].attribute.as_deref(), Some("source"));
    assert_eq!((upstream.pulls(), upstream.count("GET", "/manifests/")), (7, 7), "no pull was for nothing");
    let refused = upstream.requests().into_iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0, "nobody ran into the limit");
    let tagged = ["v1", "v2", "v3"].into_iter().filter(|tag| {
        let name = format!("{NAME}/{tag}");
        let answer =
            account.aws(&["ecr", "list-images", "--repository-name", &name, "--filter", "tagStatus=TAGGED"]);
        answer["imageIds"].as_array().is_some_and(|images| !images.is_empty())
    });
    assert_eq!(tagged.count(), 2);
}

#[test]
fn an_upstream_that_wants_a_login_is_named_with_what_to_do() {
    let account = Account::new();
    let auth = TokenAuth::users_only().user("team", "not a real password");
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(auth));
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    let run = workspace.apply();
    run.expect_error("Creating ECR mirror repository (mirror/alpine)", "image_tags").expect_only_error(&[
        &upstream.address().to_string(),
        REPOSITORY,
        "wants a login",
        "check the name",
    ]);
    assert_eq!(repositories(&account), 0);
}

#[test]
fn a_tag_that_upstream_lacks_creates_nothing() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3", "9.98", "9.99"]));
    let run = workspace.apply();
    run.expect_failure().expect_error("Creating ECR mirror repository", "image_tags").expect_error_count(2);
    assert_eq!(repositories(&account), 0);
}

#[test]
fn an_unreachable_upstream_is_a_warning_on_refresh() {
    let account = Account::new();
    let upstream = docker_hub();
    upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let mut workspace = Workspace::new(&account);
    let config = mirror(&upstream, &["v3"]);
    workspace.config(&config);
    workspace.apply().expect_success();
    drop(upstream);
    let plan = workspace.plan();
    plan.run().expect_warning("Upstream was not asked");
    plan.assert_empty();
}

//! What refers to images: signatures, attestations, bills of materials.

use std::collections::BTreeSet;

use acceptance::{Account, Direct, Run, Stack, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Effect, Fault, Operation, RateLimit, Registry};

use super::{MIRROR, NAME, PLATFORMS, REPOSITORY, docker_hub, mirror_with, repositories, stored};

const SIGNATURE: &str = "application/vnd.example.signature";
const REFERRERS: &str = "  referrers = true";

/// The tag of what is about `digest`; `suffix` is empty, or cosign's.
fn tag(digest: &str, suffix: &str) -> String {
    format!("{}{suffix}", digest.replacen(':', "-", 1))
}

/// Every digest that ECR lists, tagged or not.
fn digests(account: &Account) -> BTreeSet<String> {
    let answer = account.aws(&["ecr", "list-images", "--repository-name", NAME]);
    let images = answer["imageIds"].as_array().expect("a list of images").iter();
    images.filter_map(|image| image["imageDigest"].as_str().map(str::to_owned)).collect()
}

fn manifest(account: &Account, id: &str) -> Value {
    let answer = account.aws(&["ecr", "batch-get-image", "--repository-name", NAME, "--image-ids", id]);
    let text = answer["images"][0]["imageManifest"].as_str().expect("a manifest");
    serde_json::from_str(text).expect("JSON")
}

/// One of the warnings says all of `texts`.
#[track_caller]
fn assert_warned(run: &Run, texts: &[&str]) {
    let warnings: Vec<String> = run.warnings().iter().map(ToString::to_string).collect();
    let says_all = |warning: &String| {
        let words = warning.split_whitespace().collect::<Vec<_>>().join(" ");
        texts.iter().all(|text| words.contains(text))
    };
    assert!(warnings.iter().any(says_all), "{texts:?} is not in {warnings:#?}");
}

fn put(account: &Account, tag: &str, manifest: &Value) {
    let put = ["ecr", "put-image", "--repository-name", NAME, "--image-tag", tag];
    account.aws(&[&put[..], &["--image-manifest", &manifest.to_string()]].concat());
}

/// Upstreams with the referrers API and without.
fn upstreams() -> [(&'static str, Registry); 2] {
    let limited = || Registry::builder().rate_limit(RateLimit::docker_hub(100));
    let start = |builder| Stack::shared().upstream(builder);
    [("API", start(limited())), ("tag scheme", start(limited().without_referrers_api()))]
}

#[test]
fn signatures_of_image_and_platform_are_copied_followed_and_destroyed() {
    for (case, upstream) in upstreams() {
        for api_in_ecr in [false, true] {
            let case = format!("upstream by {case}, referrers API in ECR: {api_in_ecr}");
            let account = Account::new();
            if api_in_ecr {
                Stack::shared().gateway().serve_referrers(account.id());
            }
            let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
            let of_index = upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
            let of_platform = upstream.add_referrer(REPOSITORY, &image.manifests[0], SIGNATURE);
            let cosign = upstream.add_cosign(REPOSITORY, &image.digest, "sig");
            let mut workspace = Workspace::new(&account);
            workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
            let plan = workspace.plan();
            assert!(plan.is_unknown(MIRROR, "copied_referrers.v3"), "{case}");
            workspace.apply().expect_success();

            let there = digests(&account);
            assert!(there.contains(&of_index) && there.contains(&of_platform), "{case}: {there:?}");
            let mut expected = vec!["v3".to_owned(), tag(&image.digest, ".sig")];
            if !api_in_ecr {
                expected.extend([tag(&image.digest, ""), tag(&image.manifests[0], "")]);
            }
            let tags = stored(&account);
            assert_eq!(
                tags.keys().collect::<BTreeSet<_>>(),
                expected.iter().collect::<BTreeSet<_>>(),
                "{case}"
            );
            assert_eq!((&tags["v3"], &tags[&expected[1]]), (&image.digest, &cosign), "{case}");
            let noted = workspace.state().attribute(MIRROR, "referrer_images").clone();
            assert_eq!(noted[&of_platform], image.digest.as_str(), "{case}: {noted}");
            let pulls = upstream.pulls();
            workspace.assert_empty_plan();
            assert_eq!(upstream.pulls(), pulls, "{case}: a refresh costs no pull");

            // Signed anew, and attested to.
            let again = upstream.add_cosign(REPOSITORY, &image.digest, "sig");
            let attestation = upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
            let plan = workspace.plan();
            assert_eq!(plan.actions(MIRROR), ["update"], "{case}");
            let planned = plan.after(MIRROR, "copied_referrers.v3").clone();
            workspace.apply_plan(&plan).expect_success();
            assert_eq!(workspace.state().attribute(MIRROR, "copied_referrers.v3"), &planned, "{case}");
            assert_eq!(stored(&account)[&tag(&image.digest, ".sig")], again, "{case}");
            assert!(digests(&account).contains(&attestation), "{case}");
            workspace.assert_empty_plan();

            workspace.destroy().expect_success();
            assert_eq!(repositories(&account), 0, "{case}");
        }
    }
}

#[test]
fn referrers_are_copied_only_on_request_and_removed_with_it() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let referrer = upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
    upstream.add_cosign(REPOSITORY, &image.digest, "sig");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    assert_eq!(stored(&account).len(), 1);
    assert_eq!(workspace.state().attribute(MIRROR, "referrer_images"), &Value::Null);
    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    assert_eq!(workspace.plan().actions(MIRROR), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(stored(&account).len(), 3);
    workspace.assert_empty_plan();
    // What somebody else put there stays: a signature of another name, and an entry in the list.
    let mut list = manifest(&account, &format!("imageTag={}", tag(&image.digest, "")));
    let foreign = manifest(&account, &format!("imageDigest={}", image.manifests[0]));
    put(&account, "foreign", &foreign);

    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    let left: Vec<String> = stored(&account).into_keys().collect();
    assert_eq!(left, ["foreign", "v3"]);
    assert!(!digests(&account).contains(&referrer));
    workspace.assert_empty_plan();

    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    workspace.apply().expect_success();
    let bytes = upstream.manifest_bytes(REPOSITORY, &image.manifests[0]).expect("a manifest").len();
    let media_type = foreign["mediaType"].clone();
    let entry = json!({"mediaType": media_type, "digest": image.manifests[0], "size": bytes});
    list["manifests"].as_array_mut().expect("entries").push(entry);
    put(&account, &tag(&image.digest, ""), &list);
    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    let left: Vec<String> = stored(&account).into_keys().collect();
    assert_eq!(left, ["foreign".to_owned(), tag(&image.digest, ""), "v3".to_owned()]);
    workspace.destroy().expect_error("Deleting ECR mirror repository (mirror/alpine)", None);
}

#[test]
fn image_that_is_mirrored_no_more_takes_along_what_refers_to_it() {
    let account = Account::new();
    let upstream = docker_hub();
    let [kept, dropped] = ["v3", "v4"].map(|tag| upstream.add_image(REPOSITORY, tag, PLATFORMS).digest);
    for image in [&kept, &dropped] {
        upstream.add_cosign(REPOSITORY, image, "sig");
    }
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3", "v4"], REFERRERS));
    workspace.apply().expect_success();
    assert_eq!(stored(&account).len(), 4);
    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    workspace.apply().expect_success();
    let left: Vec<String> = stored(&account).into_keys().collect();
    assert_eq!(left, [tag(&kept, ".sig"), "v3".to_owned()]);
    workspace.assert_empty_plan();
}

#[test]
fn signature_deleted_outside_comes_back_and_a_foreign_one_stands_in_the_way_of_destroy() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.add_cosign(REPOSITORY, &image.digest, "sig");
    let signature = tag(&image.digest, ".sig");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    workspace.apply().expect_success();
    let delete = ["ecr", "batch-delete-image", "--repository-name", NAME, "--image-ids"];
    account.aws(&[&delete[..], &[&format!("imageTag={signature}")]].concat());
    assert_eq!(workspace.plan().actions(MIRROR), ["update"]);
    workspace.apply().expect_success();
    assert!(stored(&account).contains_key(&signature));
    workspace.assert_empty_plan();

    let platform = manifest(&account, &format!("imageDigest={}", image.manifests[0]));
    put(&account, &tag(&image.manifests[0], ".sig"), &platform);
    workspace.assert_empty_plan();
    workspace
        .destroy()
        .expect_error("Deleting ECR mirror repository (mirror/alpine)", None)
        .expect_only_error(&[&tag(&image.manifests[0], ".sig")]);
}

#[test]
fn what_ecr_refuses_and_what_may_not_move_is_a_warning() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let refused =
        upstream.add_referrer(REPOSITORY, &image.digest, "application/vnd.example.bundle+json;version=0.3");
    let taken = upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
    let first = upstream.add_cosign(REPOSITORY, &image.digest, "sig");
    let immutable = format!("{REFERRERS}\n  image_tag_mutability = \"IMMUTABLE\"");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], &immutable));
    assert_warned(workspace.apply().expect_success(), &[&refused, "was not copied", "405"]);
    assert!(digests(&account).contains(&taken));
    workspace.assert_empty_plan();

    let again = upstream.add_cosign(REPOSITORY, &image.digest, "sig");
    let signature = tag(&image.digest, ".sig");
    let remedy = [signature.as_str(), "image_tag_mutability_exclusion_filters", "sha256-*"];
    assert_warned(workspace.apply().expect_success(), &remedy);
    assert_eq!(stored(&account)[&signature], first);
    workspace.assert_empty_plan();

    let excluded = format!(
        "{REFERRERS}\n  image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\"\n  \
         image_tag_mutability_exclusion_filters = [\"sha256-*\"]"
    );
    workspace.config(&mirror_with(&upstream, &["v3"], &excluded));
    workspace.apply().expect_success();
    assert_eq!(stored(&account)[&signature], again);
    workspace.assert_empty_plan();
}

#[test]
fn referrers_that_cannot_be_asked_for_are_a_warning_and_those_that_cannot_be_copied_are_tried_again() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    let referrer = upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
    let refusal = || Effect::Answer {
        status: 403,
        code: "DENIED".to_owned(),
        message: "not for you".to_owned(),
        retry_after: None,
    };
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    // The image's own blobs come first: two configs, two layers.
    upstream.inject(Fault::new(Operation::GetBlob, refusal()).skip(4));
    workspace
        .apply()
        .expect_error("Creating ECR mirror repository (mirror/alpine)", "referrers")
        .expect_only_error(&["not for you", "The images are copied"]);
    assert_eq!(stored(&account)["v3"], image.digest);
    upstream.clear_faults();
    workspace.apply().expect_success();
    assert!(digests(&account).contains(&referrer));
    workspace.assert_empty_plan();

    upstream.inject(Fault::new(Operation::Referrers, refusal()));
    upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
    let asked = ["Upstream was not asked for referrers", "not for you"];
    assert_warned(workspace.apply().expect_success(), &asked);
    upstream.clear_faults();
    assert_eq!(workspace.plan().actions(MIRROR), ["update"]);
}

#[test]
fn imported_and_synchronised_mirror_takes_signatures_for_what_they_are() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add_image(REPOSITORY, "v3", PLATFORMS);
    upstream.add_referrer(REPOSITORY, &image.digest, SIGNATURE);
    upstream.add_cosign(REPOSITORY, &image.digest, "sig");
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    workspace.apply().expect_success();
    let before = stored(&account);
    let provider = Direct::new(&account);
    let config = json!({ "name": NAME });
    let events = provider.ask(async |server| server.invoke_action("ecrunner_sync_mirror", config).await);
    let events = format!("{events:?}");
    assert!(events.contains("v3 is up to date") && !events.contains("sha256-"), "{events}");

    let mut second = Workspace::new(&account);
    second.config(&mirror_with(&upstream, &["v3"], REFERRERS));
    second.import(MIRROR, NAME).expect_success();
    assert_eq!(second.state().attribute(MIRROR, "image_tags"), &json!(["v3"]));
    // Whether all is there is not known before it is looked for.
    assert_eq!(second.plan().actions(MIRROR), ["update"]);
    let pulls = upstream.pulls();
    second.apply().expect_success();
    assert_eq!((upstream.pulls(), stored(&account)), (pulls, before));
    second.assert_empty_plan();
    second.destroy().expect_success();
}

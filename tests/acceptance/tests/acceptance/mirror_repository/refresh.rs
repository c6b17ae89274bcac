//! What a refresh of many mirrors costs, and that it sees what changed all the same.

use std::collections::BTreeMap;

use acceptance::{Account, Fault, FaultKind, Stack, Workspace};
use serde_json::Value;
use upstream_registry::{Registry, TokenAuth};

use super::settings::{lifecycle_policy, repository_policy};
use super::{REPOSITORY, TYPE};

const MIRRORS: usize = 200;

/// So many mirrors, with both policies and tags.
fn configuration(account: &Account, upstream: &Registry, mirrors: usize) -> String {
    format!(
        r#"
resource "{TYPE}" "all" {{
  count             = {mirrors}
  name              = "mirror/${{count.index}}"
  source            = "{}/{REPOSITORY}"
  image_tags        = ["v3"]
  tags              = {{ team = "ci" }}
  lifecycle_policy  = jsonencode({})
  repository_policy = jsonencode({})
}}
"#,
        upstream.address(),
        lifecycle_policy(7),
        repository_policy(account.id())
    )
}

/// One image without index and layers, so that 200 copies of it are made in little time.
fn smallest_image(upstream: &Registry) {
    const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let digest = upstream.add_blob(REPOSITORY, "{}");
    let config = serde_json::json!({ "mediaType": CONFIG, "digest": digest, "size": 2 });
    let manifest =
        serde_json::json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [] });
    upstream.add_manifest(REPOSITORY, Some("v3"), MANIFEST, manifest.to_string());
}

/// How often each action was called since the first `before` calls.
fn calls_since(account: &Account, before: usize) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in account.calls().split_off(before) {
        *counts.entry(call.action).or_default() += 1;
    }
    counts
}

/// So many mirrors, applied.
fn applied(account: &Account, mirrors: usize) -> (Workspace, Registry) {
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(TokenAuth::anonymous()));
    smallest_image(&upstream);
    let mut workspace = Workspace::new(account);
    workspace.config(&configuration(account, &upstream, mirrors));
    workspace.apply().expect_success();
    (workspace, upstream)
}

/// The changes that a plan has, and the calls that it makes.
fn planned(account: &Account, workspace: &mut Workspace) -> (Vec<String>, BTreeMap<String, usize>) {
    let before = account.calls().len();
    let plan = workspace.plan();
    let mut changes = plan.changes();
    changes.sort();
    (changes, calls_since(account, before))
}

fn of(counts: &BTreeMap<String, usize>, action: &str) -> usize {
    counts.get(action).copied().unwrap_or_default()
}

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "not authorized to perform this on resource: *")
}

#[test]
fn refreshing_200_mirrors_takes_three_calls_each_and_sees_every_drift() {
    let account = Account::new();
    let (mut workspace, upstream) = applied(&account, MIRRORS);

    let before = account.calls().len();
    upstream.clear_requests();
    let plan = workspace.plan_with(&["-refresh-only"]);
    let mut counts = calls_since(&account, before);
    assert_eq!(upstream.count("GET", "/manifests/"), 0, "a refresh pulls nothing");
    plan.assert_empty();
    let answered = upstream.requests().into_iter().filter(|request| request.status == 200);
    let heads = answered.filter(|request| request.method == "HEAD").count();
    assert_eq!(heads, MIRRORS, "upstream is asked for each");
    let total: usize = counts.values().sum();
    let mut of = |action: &str| counts.remove(action).unwrap_or_default();
    assert_eq!(of("DescribeImages"), MIRRORS);
    assert_eq!(of("GetLifecyclePolicy"), MIRRORS);
    assert_eq!(of("GetRepositoryPolicy"), MIRRORS);
    assert_eq!(of("DescribeRepositories"), 1, "listed once");
    assert_eq!(of("GetResources"), 2, "a hundred on a page");
    assert_eq!(of("GetCallerIdentity"), 1);
    assert_eq!(counts, BTreeMap::new(), "nothing else is called, not even ListTagsForResource");
    assert_eq!(total, 3 * MIRRORS + 4, "three calls each, and four of all");

    drift(&account);
    let plan = workspace.plan();
    let mut changes = plan.changes();
    changes.sort();
    let expected = [
        (0, "update"),
        (1, "update"),
        (2, "update"),
        (3, "update"),
        (60, "create"),
        (61, "update"),
        (62, "update"),
    ];
    let expected: Vec<String> =
        expected.iter().map(|(index, action)| format!("{TYPE}.all[{index}] {action}")).collect();
    assert_eq!(changes, expected);
    let after = |index: usize, path: &str| plan.before(&format!("{TYPE}.all[{index}]"), path).clone();
    assert_eq!(after(2, "repository_policy"), Value::Null);
    assert_eq!(after(62, "image_tag_mutability"), "IMMUTABLE");
}

#[test]
fn tags_that_the_list_is_behind_with_are_asked_for_and_are_no_drift() {
    let account = Account::new();
    let (mut workspace, upstream) = applied(&account, 2);
    account.hold_tags();
    let config = configuration(&account, &upstream, 2).replace(r#"team = "ci""#, r#"team = "new""#);
    workspace.config(&config);
    workspace.apply().expect_success();
    let (changes, counts) = planned(&account, &mut workspace);
    assert_eq!(changes, Vec::<String>::new(), "the list says that the tags are the old ones");
    assert_eq!(of(&counts, "GetResources"), 1);
    assert_eq!(of(&counts, "ListTagsForResource"), 2);
    account.release_tags();
    let (changes, counts) = planned(&account, &mut workspace);
    assert_eq!((changes, of(&counts, "ListTagsForResource")), (vec![], 0), "the list has caught up");
}

#[test]
fn drift_is_seen_without_the_list_of_tags_which_is_asked_for_once() {
    let account = Account::new();
    let (mut workspace, _upstream) = applied(&account, 2);
    retag(&account, 0);
    account.inject(Fault::once("tagging", "GetResources", denied()).times(9));
    let (changes, counts) = planned(&account, &mut workspace);
    account.clear_faults();
    assert_eq!(changes, [format!("{TYPE}.all[0] update")]);
    assert_eq!((of(&counts, "GetResources"), of(&counts, "ListTagsForResource")), (1, 2));
}

#[test]
fn drift_is_seen_without_the_list_of_repositories() {
    let account = Account::new();
    let (mut workspace, _upstream) = applied(&account, 2);
    let put = ["ecr", "put-image-tag-mutability", "--repository-name", "mirror/1"];
    account.aws(&[&put[..], &["--image-tag-mutability", "IMMUTABLE"]].concat());
    account.inject(Fault::once("ecr", "DescribeRepositories", denied()));
    let (changes, counts) = planned(&account, &mut workspace);
    assert_eq!(changes, [format!("{TYPE}.all[1] update")]);
    assert!(of(&counts, "DescribeRepositories") > 1, "asked for by name: {counts:?}");
    assert_eq!(of(&counts, "ListTagsForResource"), 0, "the tags are listed all the same");
}

#[test]
fn repository_that_the_list_does_not_hold_is_asked_for_by_name() {
    let account = Account::new();
    let (mut workspace, _upstream) = applied(&account, 1);
    let hidden = FaultKind::Replace { from: "mirror/0".to_owned(), to: "mirror/x".to_owned() };
    account.inject(Fault::once("ecr", "DescribeRepositories", hidden));
    let (changes, counts) = planned(&account, &mut workspace);
    assert_eq!(changes, Vec::<String>::new());
    assert_eq!(of(&counts, "DescribeRepositories"), 2, "the list, and the one by name");
}

/// Gives a mirror's tag another value.
fn retag(account: &Account, index: usize) {
    let name = format!("mirror/{index}");
    let described = account.aws(&["ecr", "describe-repositories", "--repository-names", &name]);
    let arn = described["repositories"][0]["repositoryArn"].as_str().expect("an ARN");
    account.aws(&["ecr", "tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=other"]);
}

/// Changes one thing of each of seven mirrors.
fn drift(account: &Account) {
    let name = |index: usize| format!("mirror/{index}");
    retag(account, 0);
    let policy = lifecycle_policy(9).to_string();
    let put =
        ["ecr", "put-lifecycle-policy", "--repository-name", &name(1), "--lifecycle-policy-text", &policy];
    account.aws(&put);
    account.aws(&["ecr", "delete-repository-policy", "--repository-name", &name(2)]);
    account.aws(&["ecr", "delete-lifecycle-policy", "--repository-name", &name(3)]);
    account.aws(&["ecr", "delete-repository", "--force", "--repository-name", &name(60)]);
    let delete = ["ecr", "batch-delete-image", "--repository-name", &name(61), "--image-ids", "imageTag=v3"];
    account.aws(&delete);
    let put = ["ecr", "put-image-tag-mutability", "--repository-name", &name(62)];
    account.aws(&[&put[..], &["--image-tag-mutability", "IMMUTABLE"]].concat());
}

//! What a refresh of many mirrors costs, and that it sees what changed all the same.

use std::collections::BTreeMap;

use acceptance::{Account, Stack, Workspace};
use serde_json::Value;
use upstream_registry::{Registry, TokenAuth};

use super::settings::{lifecycle_policy, repository_policy};
use super::{REPOSITORY, TYPE};

const MIRRORS: usize = 200;
/// The first so many have a lifecycle policy.
const WITH_LIFECYCLE_POLICY: usize = 40;
/// The first so many have a repository policy as well.
const WITH_BOTH_POLICIES: usize = 20;
/// Calls of AWS that a refresh makes for one mirror without policies.
const CALLS_PER_MIRROR: usize = 3;

fn configuration(account: &Account, upstream: &Registry) -> String {
    format!(
        r#"
resource "{TYPE}" "all" {{
  count             = {MIRRORS}
  name              = "mirror/${{count.index}}"
  source            = "{}/{REPOSITORY}"
  image_tags        = ["v3"]
  tags              = {{ team = "ci" }}
  lifecycle_policy  = count.index < {WITH_LIFECYCLE_POLICY} ? jsonencode({}) : null
  repository_policy = count.index < {WITH_BOTH_POLICIES} ? jsonencode({}) : null
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

#[test]
fn refreshing_200_mirrors_takes_three_calls_each_and_sees_every_drift() {
    let account = Account::new();
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(TokenAuth::anonymous()));
    smallest_image(&upstream);
    let mut workspace = Workspace::new(&account);
    workspace.config(&configuration(&account, &upstream));
    workspace.apply().expect_success();

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
    assert_eq!(of("ListTagsForResource"), MIRRORS);
    assert_eq!(of("GetLifecyclePolicy"), WITH_LIFECYCLE_POLICY);
    assert_eq!(of("GetRepositoryPolicy"), WITH_BOTH_POLICIES);
    assert_eq!(of("GetCallerIdentity"), 1);
    let described = of("DescribeRepositories");
    assert_eq!(counts, BTreeMap::new(), "nothing else is called");
    assert!(described < MIRRORS, "reads that wait at the same time share a call: {described} calls");
    assert!(total <= CALLS_PER_MIRROR * MIRRORS, "{total} calls");

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

/// Changes one thing of each of seven mirrors.
fn drift(account: &Account) {
    let name = |index: usize| format!("mirror/{index}");
    let described = account.aws(&["ecr", "describe-repositories", "--repository-names", &name(0)]);
    let arn = described["repositories"][0]["repositoryArn"].as_str().expect("an ARN");
    account.aws(&["ecr", "tag-resource", "--resource-arn", arn, "--tags", "Key=team,Value=other"]);
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

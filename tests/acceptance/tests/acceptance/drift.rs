//! Every argument that AWS keeps, changed behind Terraform's back with the AWS CLI: it shows in the next plan, and apply
//! puts it right. Which arguments there are is asked of the provider's schema, so that a new one cannot be forgotten.

use std::collections::BTreeSet;

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

use super::mirror_repository::{PLATFORMS, docker_hub};

/// Resources of images, each with a test here.
const HERE: [&str; 4] = [
    "ecrunner_mirror_repository",
    "ecrunner_pull_through_cache_rule",
    "ecrunner_repository_creation_template",
    "ecrunner_upstream_credential",
];
/// Resources with tests of what others do to their many objects.
const ELSEWHERE: [&str; 4] = [
    "ecrunner_instance_profile",
    "ecrunner_runner_manager",
    "ecrunner_runner_network",
    "ecrunner_worker_fleet",
];

/// Why an argument cannot be changed behind Terraform's back.
const IDENTITY: &str = "the object is found by it";
const FIXED: &str = "AWS never changes it";
const OURS: &str = "it says what Terraform does, and AWS never hears of it";

/// One change from outside.
struct Change {
    /// The argument that is concerned.
    argument: &'static str,
    /// The attribute in which it shows.
    shows_in: &'static str,
    /// Arguments of the AWS CLI.
    command: Vec<String>,
}

fn change(argument: &'static str, command: Vec<String>) -> Change {
    shown(argument, argument, command)
}

fn shown(argument: &'static str, shows_in: &'static str, command: Vec<String>) -> Change {
    Change { argument, shows_in, command }
}

/// A command of the AWS CLI: its beginning, and what follows.
fn words(beginning: &[&str], rest: &[&str]) -> Vec<String> {
    beginning.iter().chain(rest).map(ToString::to_string).collect()
}

/// The provider's schemas of resources, by type.
fn schemas(workspace: &mut Workspace) -> Value {
    let told = workspace.terraform(&["providers", "schema", "-json"]);
    let told: Value = serde_json::from_str(told.expect_success().stdout()).expect("JSON");
    let mut providers = told["provider_schemas"].as_object().expect("providers").values();
    providers.find_map(|provider| provider.get("resource_schemas").cloned()).expect("resources")
}

/// Names of the arguments of a resource: what the configuration can set.
fn arguments(workspace: &mut Workspace, type_name: &str) -> BTreeSet<String> {
    let schemas = schemas(workspace);
    let attributes = schemas[type_name]["block"]["attributes"].as_object().expect("attributes");
    let can_be_set = |attribute: &Value| attribute["optional"] == true || attribute["required"] == true;
    attributes.iter().filter(|(_, attribute)| can_be_set(attribute)).map(|(name, _)| name.clone()).collect()
}

/// Makes each change to the applied `this` of the type, and sees it in the plan and put right by apply. `apart` are the
/// arguments that cannot be changed from outside, with the reason.
fn check(
    account: &Account,
    workspace: &mut Workspace,
    type_name: &str,
    changes: &[Change],
    apart: &[(&str, &str)],
) {
    let address = &format!("{type_name}.this");
    let changed = changes.iter().map(|change| change.argument.to_owned()).collect::<BTreeSet<_>>();
    let apart = apart.iter().map(|(argument, _)| (*argument).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(changed.intersection(&apart).next(), None, "changed, and said to be unchangeable");
    let covered: BTreeSet<_> = changed.union(&apart).cloned().collect();
    assert_eq!(covered, arguments(workspace, type_name), "arguments of {type_name}");
    workspace.assert_empty_plan();
    for Change { argument, shows_in, command } in changes {
        account.aws(&command.iter().map(String::as_str).collect::<Vec<_>>());
        let plan = workspace.plan();
        assert_eq!(plan.drift(), [format!("{address} update")], "{argument}");
        assert_eq!(plan.actions(address), ["update"], "{argument}");
        let differs = plan.before(address, shows_in) != plan.after(address, shows_in);
        assert!(differs || plan.is_unknown(address, shows_in), "{argument} does not show in {shows_in}");
        workspace.apply_plan(&plan).expect_success();
        workspace.assert_empty_plan();
    }
}

/// A lifecycle policy that differs by `days`.
fn lifecycle_policy(days: u32) -> String {
    let selection = json!({
        "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days,
    });
    let rule = json!({ "rulePriority": 1, "selection": selection, "action": { "type": "expire" } });
    json!({ "rules": [rule] }).to_string()
}

/// A repository policy that differs by the account that may pull.
fn repository_policy(account_id: &str) -> String {
    let principal = json!({ "AWS": format!("arn:aws:iam::{account_id}:root") });
    let statement =
        json!({ "Sid": "Pull", "Effect": "Allow", "Principal": principal, "Action": ["ecr:BatchGetImage"] });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

#[test]
fn every_resource_is_watched() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config("");
    let schemas = schemas(&mut workspace);
    let types: BTreeSet<_> = schemas.as_object().expect("types").keys().map(String::as_str).collect();
    assert_eq!(types, HERE.into_iter().chain(ELSEWHERE).collect(), "a new resource needs a test of drift");
}

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

#[test]
fn pull_through_cache_rule() {
    let account = Account::new();
    let (ours, theirs) = (account.upstream_secret("ours"), account.upstream_secret("theirs"));
    let type_name = "ecrunner_pull_through_cache_rule";
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  ecr_repository_prefix = "docker-hub"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = "{ours}"
}}
"#
    ));
    workspace.apply().expect_success();
    let update = ["ecr", "update-pull-through-cache-rule", "--ecr-repository-prefix", "docker-hub"];
    let changes = [change("credential_arn", words(&update, &["--credential-arn", &theirs]))];
    let apart = [
        ("ecr_repository_prefix", IDENTITY),
        ("upstream_registry_url", FIXED),
        ("upstream_repository_prefix", FIXED),
        // In a test of its own below: no rule has both a credential and a role.
        ("custom_role_arn", "below"),
    ];
    check(&account, &mut workspace, type_name, &changes, &apart);
}

#[test]
fn role_of_a_pull_through_cache_rule() {
    let account = Account::new();
    let address = "ecrunner_pull_through_cache_rule.this";
    let mut workspace = Workspace::new(&account);
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id());
    workspace.config(&format!(
        r#"
resource "ecrunner_pull_through_cache_rule" "this" {{
  ecr_repository_prefix = "other"
  upstream_registry_url = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
  custom_role_arn       = "{}"
}}
"#,
        role("ours")
    ));
    workspace.apply().expect_success();
    let update = ["ecr", "update-pull-through-cache-rule", "--ecr-repository-prefix", "other"];
    account.aws(&[&update[..], &["--custom-role-arn", &role("theirs")]].concat());
    let plan = workspace.plan();
    assert_eq!(plan.actions(address), ["update"]);
    assert_eq!(plan.before(address, "custom_role_arn"), role("theirs").as_str());
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn repository_creation_template() {
    let account = Account::new();
    let type_name = "ecrunner_repository_creation_template";
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id());
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  prefix      = "docker-hub"
  applied_for = ["PULL_THROUGH_CACHE"]
  description = "Docker Hub"

  image_tag_mutability                   = "IMMUTABLE_WITH_EXCLUSION"
  image_tag_mutability_exclusion_filters = ["latest", "dev-*"]

  encryption_configuration = {{ encryption_type = "KMS" }}
  lifecycle_policy         = jsonencode({})
  repository_policy        = jsonencode({})
  resource_tags            = {{ team = "ci" }}
  custom_role_arn          = "{}"
}}
"#,
        lifecycle_policy(30),
        repository_policy("111122223333"),
        role("ours")
    ));
    workspace.apply().expect_success();
    let update = |options: &[&str]| {
        words(&["ecr", "update-repository-creation-template", "--prefix", "docker-hub"], options)
    };
    let exclusion = r#"[{"filterType":"WILDCARD","filter":"theirs"}]"#;
    let mutability = ["--image-tag-mutability", "IMMUTABLE_WITH_EXCLUSION"];
    let filters = [&mutability[..], &["--image-tag-mutability-exclusion-filters", exclusion]].concat();
    let changes = [
        change("applied_for", update(&["--applied-for", "CREATE_ON_PUSH"])),
        change("description", update(&["--description", "theirs"])),
        change("image_tag_mutability", update(&["--image-tag-mutability", "MUTABLE"])),
        change("image_tag_mutability_exclusion_filters", update(&filters)),
        change("encryption_configuration", update(&["--encryption-configuration", "encryptionType=AES256"])),
        change("lifecycle_policy", update(&["--lifecycle-policy", &lifecycle_policy(1)])),
        change("repository_policy", update(&["--repository-policy", r#"{"Statement":[]}"#])),
        change("resource_tags", update(&["--resource-tags", "Key=team,Value=theirs"])),
        change("custom_role_arn", update(&["--custom-role-arn", &role("theirs")])),
    ];
    check(&account, &mut workspace, type_name, &changes, &[("prefix", IDENTITY)]);
}

#[test]
fn upstream_credential() {
    let account = Account::new();
    let type_name = "ecrunner_upstream_credential";
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  name                    = "hub"
  username                = "team"
  access_token_wo         = "not-a-real-token"
  access_token_wo_version = 1
  description             = "Docker Hub"
  tags                    = {{ team = "ci" }}
}}
"#
    ));
    workspace.apply().expect_success();
    let secret = |action, options: &[&str]| {
        words(&["secretsmanager", action, "--secret-id", "ecr-pullthroughcache/hub"], options)
    };
    let user = r#"{"username":"theirs","accessToken":"not-a-real-token"}"#;
    let token = r#"{"username":"team","accessToken":"theirs"}"#;
    let changes = [
        change("username", secret("put-secret-value", &["--secret-string", user])),
        // The token itself is in no plan: that it is another one shows in its version.
        shown(
            "access_token_wo",
            "access_token_wo_version",
            secret("put-secret-value", &["--secret-string", token]),
        ),
        change("description", secret("update-secret", &["--description", "theirs"])),
        change("tags", secret("tag-resource", &["--tags", "Key=team,Value=theirs"])),
        change("tags", secret("untag-resource", &["--tag-keys", "team"])),
    ];
    let apart = [("name", IDENTITY), ("access_token_wo_version", OURS), ("recovery_window_days", OURS)];
    check(&account, &mut workspace, type_name, &changes, &apart);
}

//! Settings of the repository besides its images: set, changed, changed behind Terraform's back, refused.

use acceptance::{Account, Fault, FaultKind, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Image, Registry};

use super::{MIRROR, NAME, PLATFORMS, REPOSITORY, docker_hub, mirror_with, repositories, stored};

fn upstream() -> Registry {
    let upstream = docker_hub();
    upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS));
    upstream
}

fn key(account: &Account) -> String {
    format!("arn:aws:kms:eu-central-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", account.id())
}

pub(super) fn lifecycle_policy(days: u32) -> Value {
    json!({ "rules": [{
        "rulePriority": 1,
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": { "type": "expire" },
    }]})
}

pub(super) fn repository_policy(account_id: &str) -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": { "AWS": format!("arn:aws:iam::{account_id}:root") },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }]})
}

/// Every setting.
fn whole(account: &Account) -> String {
    format!(
        r#"
  image_tag_mutability                   = "IMMUTABLE_WITH_EXCLUSION"
  image_tag_mutability_exclusion_filters = ["latest", "dev-*"]
  scan_on_push                           = true
  encryption_configuration = {{
    encryption_type = "KMS"
    kms_key         = "{}"
  }}
  lifecycle_policy  = jsonencode({})
  repository_policy = jsonencode({})
"#,
        key(account),
        lifecycle_policy(30),
        repository_policy(account.id())
    )
}

fn described(account: &Account) -> Value {
    account.aws(&["ecr", "describe-repositories", "--repository-names", NAME])["repositories"][0].clone()
}

fn policy(account: &Account, action: &str, member: &str) -> Value {
    let answer = account.aws(&["ecr", action, "--repository-name", NAME]);
    serde_json::from_str(answer[member].as_str().expect("a policy")).expect("JSON")
}

fn assert_whole(account: &Account) {
    let made = described(account);
    assert_eq!(made["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    let filters = made["imageTagMutabilityExclusionFilters"].as_array().expect("filters");
    let mut filters: Vec<_> = filters.iter().filter_map(|filter| filter["filter"].as_str()).collect();
    filters.sort_unstable();
    assert_eq!(filters, ["dev-*", "latest"]);
    assert_eq!(made["imageScanningConfiguration"]["scanOnPush"], true);
    let encryption = json!({ "encryptionType": "KMS", "kmsKey": key(account) });
    assert_eq!(made["encryptionConfiguration"], encryption);
    assert_eq!(policy(account, "get-lifecycle-policy", "lifecyclePolicyText"), lifecycle_policy(30));
    assert_eq!(policy(account, "get-repository-policy", "policyText"), repository_policy(account.id()));
}

#[test]
fn every_setting_is_set_imported_and_taken_away_again() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], &whole(&account)));
    workspace.apply().expect_success();
    assert_whole(&account);
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&mirror_with(&upstream, &["v3"], &whole(&account)));
    second.import(MIRROR, NAME).expect_success();
    second.assert_empty_plan();

    let key = format!(
        "  encryption_configuration = {{ encryption_type = \"KMS\", kms_key = \"{}\" }}",
        key(&account)
    );
    workspace.config(&mirror_with(&upstream, &["v3"], &key));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    let made = described(&account);
    assert_eq!(made["imageTagMutability"], "MUTABLE");
    assert_ne!(made["imageScanningConfiguration"]["scanOnPush"], true);
    for action in ["get-lifecycle-policy", "get-repository-policy"] {
        let error = account.aws_error(&["ecr", action, "--repository-name", NAME]);
        assert!(error.contains("PolicyNotFoundException"), "{error}");
    }
}

#[test]
fn policies_that_the_configuration_does_not_name_are_left_alone() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    let theirs = lifecycle_policy(7).to_string();
    account.aws(&[
        "ecr",
        "put-lifecycle-policy",
        "--repository-name",
        NAME,
        "--lifecycle-policy-text",
        &theirs,
    ]);
    workspace.assert_empty_plan();
    let asked = |action: &str| account.count(action);
    assert_eq!((asked("GetLifecyclePolicy"), asked("GetRepositoryPolicy")), (0, 0));
}

#[test]
fn replace_encryption_configuration() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    let aes = "  encryption_configuration = { encryption_type = \"AES256\" }";
    workspace.config(&mirror_with(&upstream, &["v3"], ""));
    workspace.apply().expect_success();
    // The default may be written out or not.
    workspace.config(&mirror_with(&upstream, &["v3"], aes));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    assert_eq!((account.count("CreateRepository"), repositories(&account)), (1, 1));
    let kms = "  encryption_configuration = { encryption_type = \"KMS\" }";
    workspace.config(&mirror_with(&upstream, &["v3"], kms));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MIRROR), ["delete", "create"]);
    assert_eq!(plan.replace_paths(MIRROR), ["encryption_configuration"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(described(&account)["encryptionConfiguration"]["encryptionType"], "KMS");
    workspace.assert_empty_plan();
}

#[test]
fn excluded_tag_follows_upstream_in_an_immutable_repository_and_others_are_refused_by_the_plan() {
    let account = Account::new();
    let upstream = upstream();
    upstream.add(REPOSITORY, "latest", &Image::new(PLATFORMS));
    let mut workspace = Workspace::new(&account);
    let arguments = "  image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\"\n  \
                     image_tag_mutability_exclusion_filters = [\"latest\"]";
    workspace.config(&mirror_with(&upstream, &["latest", "v3"], arguments));
    workspace.apply().expect_success();
    let before = stored(&account);
    upstream.move_tag(REPOSITORY, "latest");
    workspace.apply().expect_success();
    let after = stored(&account);
    assert_ne!(after["latest"], before["latest"]);
    assert_eq!(after["v3"], before["v3"]);
    upstream.move_tag(REPOSITORY, "v3");
    workspace.run_plan(&[]).expect_error("Tag cannot move", "image_tags").expect_text("v3");
}

#[test]
fn repository_policy_waits_for_its_principals() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    let policy = format!("  repository_policy = jsonencode({})", repository_policy(account.id()));
    workspace.config(&mirror_with(&upstream, &["v3"], &policy));
    let early = FaultKind::error(
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    );
    account.inject(Fault::once("ecr", "SetRepositoryPolicy", early).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("SetRepositoryPolicy"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn refused_policy_is_told_and_the_repository_stays_in_state() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    let policy = format!("  lifecycle_policy = jsonencode({})", lifecycle_policy(30));
    workspace.config(&mirror_with(&upstream, &["v3"], &policy));
    account.inject(Fault::once("ecr", "PutLifecyclePolicy", FaultKind::error("AccessDeniedException", "no")));
    workspace
        .apply()
        .expect_error("Changing the lifecycle policy of ECR repository (mirror/alpine)", "lifecycle_policy")
        .expect_only_error(&["AccessDeniedException"]);
    assert_eq!(workspace.state().addresses(), [MIRROR]);
    workspace.apply().expect_success();
    assert_eq!(policy_days(&account), 30);
    workspace.assert_empty_plan();
}

fn policy_days(account: &Account) -> u64 {
    let policy = policy(account, "get-lifecycle-policy", "lifecyclePolicyText");
    policy["rules"][0]["selection"]["countNumber"].as_u64().expect("a number of days")
}

#[test]
fn invalid_settings() {
    let account = Account::new();
    let upstream = upstream();
    let mut workspace = Workspace::new(&account);
    for (attribute, arguments) in [
        ("image_tag_mutability", "  image_tag_mutability = \"SOMETIMES\""),
        ("image_tag_mutability_exclusion_filters", "  image_tag_mutability_exclusion_filters = [\"a\"]"),
        ("lifecycle_policy", "  lifecycle_policy = jsonencode({})"),
        ("repository_policy", "  repository_policy = \"no policy\""),
        ("encryption_configuration", "  encryption_configuration = { kms_key = \"alias/ecr\" }"),
    ] {
        workspace.config(&mirror_with(&upstream, &["v3"], arguments));
        let run = workspace.validate();
        assert!(!run.errors().is_empty(), "{attribute}");
        let paths: Vec<_> = run.errors().iter().filter_map(|error| error.attribute.clone()).collect();
        assert!(paths.iter().all(|path| path == attribute), "{attribute}: {paths:?}");
    }
}

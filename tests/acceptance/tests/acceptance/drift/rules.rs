//! Rules of pull through cache, and what they need.

use acceptance::{Account, Workspace};

use super::{FIXED, IDENTITY, OURS, change, check, lifecycle_policy, repository_policy, shown, words};

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
        ("delete_repositories", OURS),
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

#[test]
fn registry_policy_statement() {
    let account = Account::new();
    let type_name = "ecrunner_registry_policy_statement";
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  sid          = "Import"
  principals   = ["111122223333"]
  repositories = ["docker-hub/*"]
}}
"#
    ));
    workspace.apply().expect_success();
    let answer = account.aws(&["ecr", "get-registry-policy"]);
    let policy = answer["policyText"].as_str().expect("a policy");
    let put = |from: &str, to: &str| {
        assert!(policy.contains(from), "{policy}");
        words(&["ecr", "put-registry-policy", "--policy-text"], &[&policy.replace(from, to)])
    };
    let changes = [
        change("principals", put("111122223333", "444455556666")),
        change("actions", put("ecr:CreateRepository", "ecr:ReplicateImage")),
        change("repositories", put("docker-hub/*", "theirs/*")),
    ];
    check(&account, &mut workspace, type_name, &changes, &[("sid", IDENTITY)]);
}

//! `ecrunner_upstream_credential`: its life cycle here; changes by others, refused arguments and disturbed runs in the
//! modules below.

mod faults;
mod invalid;
mod outside;

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

const CREDENTIAL: &str = "ecrunner_upstream_credential.this";
const TYPE: &str = "ecrunner_upstream_credential";
const TOKEN: &str = "canary-token-of-the-test";

/// A workspace in which `var.token` is [`TOKEN`].
fn workspace(account: &Account) -> Workspace {
    let mut workspace = Workspace::new(account);
    workspace.environment("TF_VAR_token", TOKEN);
    workspace
}

/// A credential of the user `team`, with these arguments besides.
fn credential(name: &str, arguments: &str) -> String {
    credential_of(name, "team", 1, arguments)
}

fn credential_of(name: &str, username: &str, version: i64, arguments: &str) -> String {
    format!(
        r#"
variable "token" {{
  type      = string
  ephemeral = true
}}
resource "{TYPE}" "this" {{
  name                    = "{name}"
  username                = "{username}"
  access_token_wo         = var.token
  access_token_wo_version = {version}
{arguments}
}}
"#
    )
}

fn id(name: &str) -> String {
    format!("ecr-pullthroughcache/{name}")
}

/// The secret as the AWS CLI describes it.
fn secret(account: &Account, name: &str) -> Value {
    account.aws(&["secretsmanager", "describe-secret", "--secret-id", &id(name)])
}

/// The value of the secret.
fn value(account: &Account, name: &str) -> Value {
    let answer = account.aws(&["secretsmanager", "get-secret-value", "--secret-id", &id(name)]);
    serde_json::from_str(answer["SecretString"].as_str().expect("a text")).expect("JSON")
}

fn is_gone(account: &Account, name: &str) -> bool {
    let listed = account.aws(&["secretsmanager", "list-secrets", "--include-planned-deletion"]);
    let listed = listed["SecretList"].as_array().expect("a list of secrets");
    listed.iter().all(|secret| secret["Name"] != id(name))
}

/// The id of the secret's only current version.
fn version_id(account: &Account, name: &str) -> String {
    let described = secret(account, name);
    let versions = described["VersionIdsToStages"].as_object().expect("versions");
    let current = versions.iter().find(|(_, stages)| stages[0] == "AWSCURRENT");
    current.expect("a current version").0.clone()
}

#[test]
fn basic() {
    let account = Account::new();
    let mut first = workspace(&account);
    let default_tags = "  default_tags {\n    tags = { owner = \"platform\" }\n  }\n";
    first.provider_arguments(default_tags);
    first.config(&credential("hub", ""));
    assert_eq!(first.plan().actions(CREDENTIAL), ["create"]);
    first.apply().expect_success();
    let made = secret(&account, "hub");
    assert_eq!(value(&account, "hub"), json!({ "username": "team", "accessToken": TOKEN }));
    assert_eq!(made["Tags"], json!([{ "Key": "owner", "Value": "platform" }]));
    assert!(made["KmsKeyId"].is_null(), "{made}");
    assert_eq!(first.state_attr(CREDENTIAL, "arn"), made["ARN"]);
    first.assert_empty_plan();

    for imported in ["hub", "ecr-pullthroughcache/hub"] {
        let mut second = workspace(&account);
        second.provider_arguments(default_tags);
        second.config(&credential("hub", ""));
        second.import(CREDENTIAL, imported).expect_success();
        second.assert_empty_plan();
    }

    first.destroy().expect_success();
    assert!(!secret(&account, "hub")["DeletedDate"].is_null());
}

#[test]
fn every_optional_argument_is_kept() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential(
        "team/hub",
        r#"
  description          = "Docker Hub"
  recovery_window_days = 7
  tags                 = { team = "ci" }

  timeouts {
    create = "1m"
  }
"#,
    ));
    workspace.apply().expect_success();
    let made = secret(&account, "team/hub");
    assert_eq!(made["Description"], "Docker Hub");
    assert_eq!(made["Tags"], json!([{ "Key": "team", "Value": "ci" }]));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
}

#[test]
fn token_is_in_no_state_no_plan_no_log_and_no_message() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.environment("TF_LOG", "TRACE");
    workspace.config(&credential("hub", ""));
    let keeps = |what: &str, text: &str| assert!(!text.contains(TOKEN), "the token is in the {what}");
    // A create, a read that asks for the value, and an update.
    for version in [1, 2] {
        workspace.config(&credential_of("hub", "team", version, ""));
        let plan = workspace.plan();
        keeps("plan", &plan.json().to_string());
        keeps("log of the plan", plan.run().stderr());
        let run = workspace.apply_plan(&plan);
        run.expect_success();
        assert!(run.stderr().contains("provider"), "no log was written");
        keeps("log", run.stderr());
        keeps("output", run.stdout());
        keeps("state", &workspace.state_text());
        let put = format!(r#"{{"username":"other","accessToken":"{TOKEN}"}}"#);
        account.aws(&[
            "secretsmanager",
            "put-secret-value",
            "--secret-id",
            &id("hub"),
            "--secret-string",
            &put,
        ]);
        let seen = workspace.run_plan(&[]);
        keeps("log of the read", seen.stderr());
        keeps("output of the read", seen.stdout());
    }
    assert!(account.count("GetSecretValue") > 1, "the value was read");
    let denied = acceptance::FaultKind::error("AccessDeniedException", "not authorized");
    account.inject(acceptance::Fault::once("secretsmanager", "PutSecretValue", denied));
    let run = workspace.apply();
    run.expect_only_error(&["AccessDenied", "The secret has its former value."]);
    keeps("log of the error", run.stderr());
    keeps("error", run.stdout());
}

#[test]
fn used_by_a_rule() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    let rule = format!(
        r#"
resource "ecrunner_pull_through_cache_rule" "this" {{
  ecr_repository_prefix = "docker-hub"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = {CREDENTIAL}.arn
}}
"#
    );
    let config = |name: &str| format!("{}{rule}", credential(name, "  recovery_window_days = 0\n"));
    workspace.config(&config("hub"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let rules = account.aws(&["ecr", "describe-pull-through-cache-rules"]);
    assert_eq!(rules["pullThroughCacheRules"][0]["credentialArn"], secret(&account, "hub")["ARN"]);
    workspace.destroy().expect_success();
    assert!(is_gone(&account, "hub"));
}

#[test]
fn update_access_token_wo_by_its_version() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential_of("hub", "team", 1, ""));
    workspace.apply().expect_success();
    let arn = workspace.state_attr(CREDENTIAL, "arn");
    workspace.environment("TF_VAR_token", "the-next-token");
    workspace.assert_empty_plan();
    // There and back again: every write is one of its own.
    for version in [20_261_124, 1] {
        workspace.config(&credential_of("hub", "team", version, ""));
        let plan = workspace.plan();
        assert_eq!(plan.actions(CREDENTIAL), ["update"]);
        assert!(!plan.is_unknown(CREDENTIAL, "arn"));
        workspace.apply_plan(&plan).expect_success();
        let expected = json!({ "username": "team", "accessToken": "the-next-token" });
        assert_eq!(value(&account, "hub"), expected);
        workspace.assert_empty_plan();
        workspace.environment("TF_VAR_token", "the-next-token");
    }
    assert_eq!(workspace.state_attr(CREDENTIAL, "arn"), arn);
    assert_eq!((account.count("CreateSecret"), account.count("PutSecretValue")), (1, 2));
    assert_eq!(account.count("GetSecretValue"), 2, "only the test has read the value");
}

#[test]
fn update_username() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    for username in ["team", "robot", "team"] {
        workspace.config(&credential_of("hub", username, 1, ""));
        workspace.apply().expect_success();
        assert_eq!(value(&account, "hub"), json!({ "username": username, "accessToken": TOKEN }));
        workspace.assert_empty_plan();
    }
}

#[test]
fn update_description_and_tags_leaves_the_value_alone() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", "  description = \"one\"\n  tags = { a = \"1\", b = \"2\" }"));
    workspace.apply().expect_success();
    let version = version_id(&account, "hub");
    workspace.config(&credential("hub", "  description = \"two\"\n  tags = { a = \"3\" }"));
    workspace.apply().expect_success();
    let made = secret(&account, "hub");
    assert_eq!(made["Description"], "two");
    assert_eq!(made["Tags"], json!([{ "Key": "a", "Value": "3" }]));
    workspace.assert_empty_plan();
    workspace.config(&credential("hub", ""));
    assert_eq!(workspace.plan().actions(CREDENTIAL), ["update"]);
    workspace.apply().expect_success();
    let made = secret(&account, "hub");
    assert!(made["Description"].is_null(), "{made}");
    assert!(made["Tags"].as_array().is_none_or(Vec::is_empty), "{made}");
    workspace.assert_empty_plan();
    assert_eq!(version_id(&account, "hub"), version);
}

#[test]
fn update_recovery_window_days_changes_nothing_until_destroy() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    workspace.config(&credential("hub", "  recovery_window_days = 0"));
    assert_eq!(workspace.plan().actions(CREDENTIAL), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(account.count("UpdateSecret") + account.count("PutSecretValue"), 0);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert!(is_gone(&account, "hub"));
}

#[test]
fn replace_name() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    workspace.config(&credential("other", ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(CREDENTIAL), ["delete", "create"]);
    assert_eq!(plan.replace_paths(CREDENTIAL), ["name"]);
    workspace.apply_plan(&plan).expect_success();
    assert!(!secret(&account, "hub")["DeletedDate"].is_null());
    assert!(secret(&account, "other")["DeletedDate"].is_null());
    workspace.assert_empty_plan();
}

#[test]
fn secret_in_its_recovery_window_is_restored_with_a_warning() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", "  description = \"old\"\n  tags = { old = \"yes\" }"));
    workspace.apply().expect_success();
    let arn = workspace.state_attr(CREDENTIAL, "arn");
    workspace.destroy().expect_success();
    workspace.environment("TF_VAR_token", "the-next-token");
    workspace.config(&credential_of("hub", "robot", 1, "  tags = { new = \"yes\" }"));
    let run = workspace.apply();
    run.expect_success();
    run.expect_warning("Secret was restored (ecr-pullthroughcache/hub)");
    let made = secret(&account, "hub");
    assert!(made["DeletedDate"].is_null() && made["Description"].is_null(), "{made}");
    assert_eq!(made["Tags"], json!([{ "Key": "new", "Value": "yes" }]));
    assert_eq!(value(&account, "hub"), json!({ "username": "robot", "accessToken": "the-next-token" }));
    assert_eq!(workspace.state_attr(CREDENTIAL, "arn"), arn);
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    account.upstream_secret("hub");
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace
        .apply()
        .expect_error("Creating upstream credential (hub)", "name")
        .expect_only_error(&["import {", "id = \"hub\""]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(value(&account, "hub")["accessToken"], "not-a-real-token");

    // What the message says to do: the secret is taken over, and written anew.
    workspace.import(CREDENTIAL, "hub").expect_success();
    let plan = workspace.plan();
    assert_eq!(plan.actions(CREDENTIAL), ["update"]);
    assert_eq!(plan.before(CREDENTIAL, "access_token_wo_version"), 0);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(value(&account, "hub")["accessToken"], TOKEN);
    workspace.assert_empty_plan();
}

#[test]
fn import_of_an_unknown_name_names_it() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace
        .import(CREDENTIAL, "nothing-here")
        .expect_failure()
        .expect_text("Upstream credential not found (nothing-here)");
}

#[test]
fn unknown_arguments_are_planned_and_applied_as_they_come_out() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&format!(
        r#"
resource "terraform_data" "input" {{
  input = {{
    name     = "hub"
    username = "team"
    version  = 3
    token    = "{TOKEN}"
    none     = null
  }}
}}
resource "{TYPE}" "this" {{
  name                    = terraform_data.input.output.name
  username                = terraform_data.input.output.username
  access_token_wo         = terraform_data.input.output.token
  access_token_wo_version = terraform_data.input.output.version
  description             = terraform_data.input.output.none
}}
"#
    ));
    let plan = workspace.plan();
    for attribute in ["name", "username", "access_token_wo_version", "description", "arn"] {
        assert!(plan.is_unknown(CREDENTIAL, attribute), "{attribute} is known");
    }
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(value(&account, "hub"), json!({ "username": "team", "accessToken": TOKEN }));
    workspace.assert_empty_plan();
}

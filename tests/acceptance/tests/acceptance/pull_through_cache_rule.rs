//! `ecrunner_pull_through_cache_rule`: its life cycle here; refused arguments, disturbed runs, the login upstream, the
//! permissions of who pulls and the repositories of pulls in the modules below.

mod faults;
mod invalid;
mod login;
mod pull_permissions;
mod repositories;

use acceptance::{Account, Direct, Workspace};
use serde_json::json;
use tf_provider_testing::server::MoveSource;

const RULE: &str = "ecrunner_pull_through_cache_rule.this";
const TYPE: &str = "ecrunner_pull_through_cache_rule";

/// A rule for an upstream that takes no credential.
fn quay(prefix: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  ecr_repository_prefix = "{prefix}"
  upstream_registry_url = "quay.io"
}}
"#
    )
}

/// A rule for an upstream that demands a credential.
fn docker_hub(prefix: &str, credential_arn: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  ecr_repository_prefix = "{prefix}"
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = "{credential_arn}"
}}
"#
    )
}

/// The account's rules as the AWS CLI lists them: prefix, upstream, credential.
fn rules(account: &Account) -> Vec<(String, String, String)> {
    rules_in(account, acceptance::REGION)
}

fn rules_in(account: &Account, region: &str) -> Vec<(String, String, String)> {
    let answer = account.aws_in(region, &["ecr", "describe-pull-through-cache-rules"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let list = answer["pullThroughCacheRules"].as_array().expect("a list of rules");
    list.iter()
        .map(|rule| {
            let member = |name: &str| text(&rule[name]);
            (member("ecrRepositoryPrefix"), member("upstreamRegistryUrl"), member("credentialArn"))
        })
        .collect()
}

fn delete_with_cli(account: &Account, prefix: &str) {
    account.aws(&["ecr", "delete-pull-through-cache-rule", "--ecr-repository-prefix", prefix]);
}

#[test]
fn basic() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &secret));
    assert_eq!(workspace.plan().actions(RULE), ["create"]);
    workspace.apply().expect_success();
    assert_eq!(rules(&account), [("docker-hub".into(), "registry-1.docker.io".into(), secret.clone())]);
    assert_eq!(workspace.state_attr(RULE, "registry_id"), account.id());
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&docker_hub("docker-hub", &secret));
    second.import(RULE, "docker-hub").expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(rules(&account), []);
}

#[test]
fn every_optional_argument_is_kept() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let role = format!("arn:aws:iam::{}:role/pull", account.id());
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  ecr_repository_prefix      = "team/other"
  upstream_registry_url      = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
  upstream_repository_prefix = "base"
  custom_role_arn            = "{role}"

  timeouts {{
    create = "1m"
  }}
}}
"#
    ));
    workspace.apply().expect_success();
    let state = workspace.state();
    assert_eq!(state.attribute(RULE, "upstream_repository_prefix"), "base");
    assert_eq!(state.attribute(RULE, "custom_role_arn"), role.as_str());
    workspace.assert_empty_plan();
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.apply().expect_success();
    delete_with_cli(&account, "quay");
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["create"]);
    let warned: Vec<_> =
        plan.run().warnings().into_iter().map(|warning| warning.address.as_deref()).collect();
    assert_eq!(warned, [Some(RULE)], "the vanished rule is told by one warning");
    workspace.apply().expect_success();
    assert_eq!(rules(&account).len(), 1);

    delete_with_cli(&account, "quay");
    workspace.destroy().expect_success();
}

#[test]
fn delete_of_a_vanished_rule_succeeds() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.apply().expect_success();
    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["delete"]);
    delete_with_cli(&account, "quay");
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn update_credential_arn() {
    let account = Account::new();
    let (old, new) = (account.upstream_secret("old"), account.upstream_secret("new"));
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &old));
    workspace.apply().expect_success();
    workspace.config(&docker_hub("docker-hub", &new));
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["update"]);
    assert!(!plan.is_unknown(RULE, "registry_id"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(rules(&account)[0].2, new);
    workspace.assert_empty_plan();
}

#[test]
fn update_custom_role_arn() {
    let account = Account::new();
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id());
    let config = |role: &str| {
        let upstream = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        quay("team")
            .replace("quay.io", upstream)
            .replace("\n}\n", &format!("\n  custom_role_arn = \"{role}\"\n}}\n"))
    };
    let mut workspace = Workspace::new(&account);
    workspace.config(&config(&role("old")));
    workspace.apply().expect_success();
    workspace.config(&config(&role("new")));
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    let answer = account.aws(&["ecr", "describe-pull-through-cache-rules"]);
    let rule = &answer["pullThroughCacheRules"][0];
    assert_eq!((&rule["customRoleArn"], &rule["upstreamRegistry"]), (&json!(role("new")), &json!("ecr")));
    workspace.assert_empty_plan();
}

#[test]
fn replace_ecr_repository_prefix() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.apply().expect_success();
    workspace.config(&quay("red-hat"));
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(RULE), ["ecr_repository_prefix"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(rules(&account)[0].0, "red-hat");
    assert_eq!(rules(&account).len(), 1);
    workspace.assert_empty_plan();
}

#[test]
fn replace_before_destroy_keeps_the_old_rule_until_the_new_one_is_there() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let config = |prefix: &str| {
        quay(prefix).replace("\n}\n", "\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n")
    };
    workspace.config(&config("quay"));
    workspace.apply().expect_success();
    workspace.config(&config("red-hat"));
    workspace.apply().expect_success();
    let changes: Vec<String> = account
        .calls()
        .into_iter()
        .map(|call| call.action)
        .filter(|action| action.starts_with("Create") || action.starts_with("Delete"))
        .collect();
    assert_eq!(
        changes,
        ["CreatePullThroughCacheRule", "CreatePullThroughCacheRule", "DeletePullThroughCacheRule"]
    );
}

#[test]
fn replace_on_removal_of_custom_role_arn() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let config = |role: &str| {
        let upstream = format!("{}.dkr.ecr.eu-west-1.amazonaws.com", account.id());
        quay("other-region").replace("quay.io", &upstream).replace("\n}\n", &format!("\n{role}}}\n"))
    };
    let role = format!("  custom_role_arn = \"arn:aws:iam::{}:role/pull\"\n", account.id());
    workspace.config(&config(&role));
    workspace.apply().expect_success();
    workspace.config(&config(""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(RULE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(RULE), ["custom_role_arn"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn import_of_an_unknown_prefix_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace
        .import(RULE, "nothing-here")
        .expect_failure()
        .expect_text("ECR pull through cache rule not found (nothing-here)");
}

#[test]
fn import_block_generates_a_configuration_that_plans_empty() {
    let account = Account::new();
    account.aws(&[
        "ecr",
        "create-pull-through-cache-rule",
        "--ecr-repository-prefix",
        "quay",
        "--upstream-registry-url",
        "quay.io",
    ]);
    let mut workspace = Workspace::new(&account);
    // Terraform 1.16 takes hashicorp's provider where no configuration names one; with one none may be named here.
    let import = |provider: &str| format!("import {{\n{provider}  to = {RULE}\n  id = \"quay\"\n}}\n");
    workspace.config(&import("  provider = ecrunner\n"));
    workspace.run_plan(&["-generate-config-out=generated.tf"]).expect_success();
    workspace.config(&import(""));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    assert_eq!(account.count("CreatePullThroughCacheRule"), 1);
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let mut other = Workspace::new(&account);
    other.config(&quay("quay"));
    other.apply().expect_success();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    let run = workspace.apply();
    run.expect_error("Creating ECR pull through cache rule (quay)", "ecr_repository_prefix")
        .expect_only_error(&["import {", "id = \"quay\""]);
    assert!(run.errors()[0].detail.contains("to = ecrunner_pull_through_cache_rule."));
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(rules(&account).len(), 1);
}

#[test]
fn unknown_prefix_plans_unknown() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "terraform_data" "prefix" {{
  input = "quay"
}}
resource "{TYPE}" "this" {{
  ecr_repository_prefix = terraform_data.prefix.output
  upstream_registry_url = "quay.io"
}}
"#
    ));
    let plan = workspace.plan();
    assert!(plan.is_unknown(RULE, "ecr_repository_prefix"));
    assert!(plan.is_unknown(RULE, "registry_id"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(rules(&account)[0].0, "quay");
    workspace.assert_empty_plan();
}

#[test]
fn unknown_arguments_are_planned_and_applied_as_they_come_out() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "terraform_data" "input" {{
  input = {{
    url    = "registry-1.docker.io"
    secret = "{secret}"
    none   = null
  }}
}}
resource "{TYPE}" "this" {{
  ecr_repository_prefix      = "docker-hub"
  upstream_registry_url      = terraform_data.input.output.url
  credential_arn             = terraform_data.input.output.secret
  custom_role_arn            = terraform_data.input.output.none
  upstream_repository_prefix = terraform_data.input.output.none
}}
"#
    ));
    let plan = workspace.plan();
    for attribute in
        ["upstream_registry_url", "credential_arn", "custom_role_arn", "upstream_repository_prefix"]
    {
        assert!(plan.is_unknown(RULE, attribute), "{attribute} is known");
    }
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn rules_of_two_aliases_stay_separate() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let endpoints = Workspace::endpoints(acceptance::Stack::shared().url());
    workspace.provider_blocks(&format!(
        "provider \"ecrunner\" {{\n{endpoints}}}\nprovider \"ecrunner\" {{\n  alias  = \"west\"\n  region = \
         \"eu-west-1\"\n{endpoints}}}\n"
    ));
    workspace.config(&format!(
        r#"
resource "{TYPE}" "central" {{
  count                 = 10
  ecr_repository_prefix = "central-${{count.index}}"
  upstream_registry_url = "quay.io"
}}
resource "{TYPE}" "west" {{
  count                 = 10
  provider              = ecrunner.west
  ecr_repository_prefix = "west-${{count.index}}"
  upstream_registry_url = "registry.k8s.io"
}}
"#
    ));
    workspace.apply().expect_success();
    let (central, west) = (rules(&account), rules_in(&account, "eu-west-1"));
    assert_eq!((central.len(), west.len()), (10, 10));
    assert!(central.iter().all(|(prefix, url, _)| prefix.starts_with("central-") && url == "quay.io"));
    assert!(west.iter().all(|(prefix, url, _)| prefix.starts_with("west-") && url == "registry.k8s.io"));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!((rules(&account).len(), rules_in(&account, "eu-west-1").len()), (0, 0));
}

#[test]
fn ignored_change_is_left_alone() {
    let account = Account::new();
    let (ours, theirs) = (account.upstream_secret("ours"), account.upstream_secret("theirs"));
    let mut workspace = Workspace::new(&account);
    let lifecycle = "\n  lifecycle {\n    ignore_changes = [credential_arn]\n  }\n}\n";
    workspace.config(&docker_hub("docker-hub", &ours).replace("\n}\n", lifecycle));
    workspace.apply().expect_success();
    workspace.config(&docker_hub("docker-hub", &theirs).replace("\n}\n", lifecycle));
    workspace.assert_empty_plan();
    assert_eq!(workspace.plan_with(&[&format!("-replace={RULE}")]).actions(RULE), ["delete", "create"]);
    assert_eq!(workspace.plan_with(&["-refresh=false"]).changes(), Vec::<String>::new());
    assert_eq!(workspace.state().attribute(RULE, "timeouts"), &json!(null));
}

/// What `moved` blocks do, asked of the provider itself: the state of hashicorp/aws becomes one that plans nothing.
#[test]
fn a_rule_of_hashicorp_aws_is_moved_here() {
    let account = Account::new();
    account.aws(&[
        "ecr",
        "create-pull-through-cache-rule",
        "--ecr-repository-prefix",
        "quay",
        "--upstream-registry-url",
        "quay.io",
    ]);
    let source = |provider: &str, state: serde_json::Value| MoveSource {
        provider_address: format!("registry.terraform.io/{provider}"),
        type_name: "aws_ecr_pull_through_cache_rule".to_owned(),
        state,
        ..MoveSource::default()
    };
    let state = json!({
        "credential_arn": "",
        "custom_role_arn": "",
        "ecr_repository_prefix": "quay",
        "id": "quay",
        "region": "eu-central-1",
        "registry_id": account.id(),
        "upstream_registry_url": "quay.io",
        "upstream_repository_prefix": "ROOT",
    });
    let config = json!({ "ecr_repository_prefix": "quay", "upstream_registry_url": "quay.io" });
    let provider = Direct::new(&account);
    provider.ask(async |server| {
        let moved = server.move_state(source("hashicorp/aws", state.clone()), TYPE).await;
        moved.diagnostics.expect_success();
        assert_eq!(moved.value["credential_arn"], json!(null), "an empty text there is none here");
        let read = server.read(TYPE, &moved).await;
        read.diagnostics.expect_success();
        let plan = server.plan(TYPE, &read, config).await;
        plan.diagnostics.expect_success();
        assert_eq!(plan.value, read.value, "nothing is left to do");
        let foreign = server.move_state(source("somebody/aws", state), TYPE).await;
        assert!(
            foreign.diagnostics.has_errors() && !foreign.exists(),
            "another provider's is not ours to read"
        );
    });
}

//! `ecrunner_pull_through_cache_rule`.

use std::time::Duration;

use acceptance::{Account, Fault, FaultKind, Workspace};
use serde_json::json;

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
fn update_that_fails_keeps_the_old_credential_in_state() {
    let account = Account::new();
    let (old, new) = (account.upstream_secret("old"), account.upstream_secret("new"));
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &old));
    workspace.apply().expect_success();
    workspace.config(&docker_hub("docker-hub", &new));
    account.inject(Fault::once("ecr", "UpdatePullThroughCacheRule", denied()));
    workspace
        .apply()
        .expect_only_error(&["Updating ECR pull through cache rule (docker-hub)", "AccessDenied"]);
    assert_eq!(workspace.state_attr(RULE, "credential_arn"), old.as_str());
    assert!(!workspace.state().is_tainted(RULE));
    workspace.apply().expect_success();
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
fn credential_changed_outside_shows_in_the_next_plan() {
    let account = Account::new();
    let (ours, theirs) = (account.upstream_secret("ours"), account.upstream_secret("theirs"));
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &ours));
    workspace.apply().expect_success();
    account.aws(&[
        "ecr",
        "update-pull-through-cache-rule",
        "--ecr-repository-prefix",
        "docker-hub",
        "--credential-arn",
        &theirs,
    ]);
    let plan = workspace.plan();
    assert_eq!(plan.drift(), [format!("{RULE} update")]);
    assert_eq!(plan.actions(RULE), ["update"]);
    assert_eq!(plan.after(RULE, "credential_arn"), ours.as_str());
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(rules(&account)[0].2, ours);
}

#[test]
fn invalid_ecr_repository_prefix() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in ["q", "a-prefix-longer-than-30-characters", "Quay", "quay..io", "-quay", "quay io", ""] {
        workspace.config(&quay(wrong));
        workspace
            .validate()
            .expect_error("Invalid ecr_repository_prefix", "ecr_repository_prefix")
            .expect_error_count(1);
    }
}

#[test]
fn invalid_credential_arn() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in [
        "hub",
        "arn:aws:s3:::bucket",
        &format!("arn:aws:secretsmanager:eu-central-1:{}:secret:hub", account.id()),
    ] {
        workspace.config(&docker_hub("docker-hub", wrong));
        workspace.validate().expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
    }
}

#[test]
fn invalid_credential_of_another_region_is_refused_by_the_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let arn =
        format!("arn:aws:secretsmanager:us-east-1:{}:secret:ecr-pullthroughcache/hub-AbCdEf", account.id());
    workspace.config(&docker_hub("docker-hub", &arn));
    workspace.run_plan(&[]).expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
}

#[test]
fn invalid_docker_hub_without_credential() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("docker-hub").replace("quay.io", "registry-1.docker.io"));
    // The argument is not there to be underlined.
    workspace.validate().expect_error("Invalid credential_arn", None).expect_error_count(1);
}

#[test]
fn invalid_credential_for_a_public_upstream() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let arn =
        format!("arn:aws:secretsmanager:eu-central-1:{}:secret:ecr-pullthroughcache/x-AbCdEf", account.id());
    workspace.config(&docker_hub("quay", &arn).replace("registry-1.docker.io", "quay.io"));
    workspace.validate().expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
}

#[test]
fn invalid_upstream_registry_url() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for (wrong, remedy) in [
        ("https://quay.io", "Write \"quay.io\"."),
        ("docker.io", "Write \"registry-1.docker.io\"."),
        ("registry.example.com", "ecrunner_mirror_repository"),
    ] {
        workspace.config(&quay("team").replace("quay.io", wrong));
        workspace
            .validate()
            .expect_error("Invalid upstream_registry_url", "upstream_registry_url")
            .expect_only_error(&[remedy]);
    }
}

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  ecr_repository_prefix      = "Q"
  upstream_registry_url      = "quay.io"
  credential_arn             = "secret"
  custom_role_arn            = "role"
  upstream_repository_prefix = "Base"
}}
"#
    ));
    workspace
        .validate()
        .expect_error("Invalid ecr_repository_prefix", "ecr_repository_prefix")
        .expect_error("Invalid credential_arn", "credential_arn")
        .expect_error("Invalid custom_role_arn", "custom_role_arn")
        .expect_error("Invalid upstream_repository_prefix", "upstream_repository_prefix");
}

#[test]
fn invalid_timeout() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay").replace("\n}\n", "\n  timeouts {\n    create = \"soon\"\n  }\n}\n"));
    workspace.validate().expect_error("Invalid", "create").expect_error_count(1);
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
    workspace.config(&format!("import {{\n  to = {RULE}\n  id = \"quay\"\n}}\n"));
    workspace.run_plan(&["-generate-config-out=generated.tf"]).expect_success();
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
fn create_waits_for_its_secret() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &secret));
    let missing = FaultKind::Error {
        status: 400,
        code: "SecretNotFoundException".into(),
        message: "The secret does not exist.".into(),
    };
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", missing).times(3));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreatePullThroughCacheRule"), 4);
    workspace.assert_empty_plan();
}

#[test]
fn secret_that_is_certainly_missing_fails_at_once() {
    let account = Account::new();
    let arn = format!(
        "arn:aws:secretsmanager:eu-central-1:{}:secret:ecr-pullthroughcache/gone-AbCdEf",
        account.id()
    );
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &arn));
    workspace
        .apply()
        .expect_error("Creating ECR pull through cache rule (docker-hub)", "credential_arn")
        .expect_only_error(&["SecretNotFoundException", "Nothing was created."])
        .expect_within(Duration::from_secs(30));
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn throttling_is_retried() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", FaultKind::Throttling).times(3));
    account.inject(Fault::once("ecr", "DescribePullThroughCacheRules", FaultKind::ServerError));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreatePullThroughCacheRule"), 4);
    account.inject(Fault::once("ecr", "DeletePullThroughCacheRule", FaultKind::Throttling).times(2));
    workspace.destroy().expect_success();
    assert_eq!(rules(&account), []);
}

#[test]
fn new_rule_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    // The first Describe comes before the rule is made, the next ones after.
    let invisible = Fault::once("ecr", "DescribePullThroughCacheRules", FaultKind::NotVisible);
    account.inject(invisible.after(1).times(2));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn read_back_that_fails_keeps_the_rule_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    account.inject(Fault::once("ecr", "DescribePullThroughCacheRules", denied()).after(1));
    workspace.apply().expect_only_error(&["AccessDenied"]);
    assert_eq!(workspace.state().addresses(), [RULE]);
    assert!(workspace.state().is_tainted(RULE));
    workspace.apply().expect_success();
    assert_eq!(rules(&account).len(), 1);
    workspace.assert_empty_plan();
}

#[test]
fn read_that_fails_keeps_the_rule_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.apply().expect_success();
    account.inject(Fault::once("ecr", "DescribePullThroughCacheRules", denied()));
    workspace
        .run_plan(&[])
        .expect_only_error(&["Reading ECR pull through cache rule (quay)", "AccessDenied"]);
    assert_eq!(workspace.state().addresses(), [RULE]);
    workspace.assert_empty_plan();
}

#[test]
fn delete_that_fails_keeps_the_rule_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.apply().expect_success();
    account.inject(Fault::once("ecr", "DeletePullThroughCacheRule", denied()));
    workspace
        .destroy()
        .expect_only_error(&["Deleting ECR pull through cache rule (quay)", "The rule is still there."]);
    assert_eq!(workspace.state().addresses(), [RULE]);
    workspace.destroy().expect_success();
}

#[test]
fn create_whose_answer_is_lost_is_not_taken_for_a_foreign_rule() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", FaultKind::CutAfter { bytes: 0 }));
    workspace.apply().expect_success();
    assert_eq!(rules(&account).len(), 1);
    workspace.assert_empty_plan();
}

#[test]
fn interrupted_create_leaves_state_and_account_in_agreement() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    let slow = FaultKind::Latency { milliseconds: 3_000 };
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", slow));
    let apply = workspace.start_apply();
    account.wait_for_call("CreatePullThroughCacheRule");
    apply.interrupt();
    let run = apply.wait();
    assert!(run.duration() < Duration::from_secs(60), "the interrupt was not heeded");
    assert_eq!(workspace.state().addresses().len(), rules(&account).len(), "a rule was orphaned");
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn timeout_ends_a_create_that_hangs() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    let timeouts = "\n  timeouts {\n    create = \"5s\"\n  }\n}\n";
    workspace.config(&docker_hub("docker-hub", &secret).replace("\n}\n", timeouts));
    let missing = FaultKind::Error {
        status: 400,
        code: "SecretNotFoundException".into(),
        message: "The secret does not exist.".into(),
    };
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", missing).times(1_000));
    workspace.apply().expect_failure().expect_error_count(1).expect_within(Duration::from_secs(30));
    assert_eq!(rules(&account), []);
}

#[test]
fn expired_token_is_one_error_that_says_so() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    let expired = FaultKind::Error {
        status: 400,
        code: "ExpiredTokenException".into(),
        message: "The security token included in the request is expired".into(),
    };
    account.inject(Fault { service: "ecr".into(), action: None, skip: 0, times: 1_000, kind: expired });
    workspace
        .apply()
        .expect_only_error(&["ExpiredTokenException", "The credentials have expired"])
        .expect_within(Duration::from_secs(30));
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

fn denied() -> FaultKind {
    FaultKind::Error {
        status: 400,
        code: "AccessDeniedException".into(),
        message: "User is not authorized to perform this action".into(),
    }
}

//! What state and account look like when calls fail, come late, or are interrupted.

use std::time::Duration;

use acceptance::{Account, Fault, FaultKind, Workspace};

use super::{RULE, docker_hub, quay, rules};

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
fn create_waits_for_its_secret() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &secret));
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", secret_not_found()).times(3));
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
fn throttling_without_end_is_one_error() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    workspace.environment("AWS_MAX_ATTEMPTS", "2");
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", FaultKind::Throttling).times(1_000));
    workspace.apply().expect_only_error(&["ThrottlingException", "Nothing was created."]);
    assert_eq!(account.count("CreatePullThroughCacheRule"), 2);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
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
fn twin_rules_do_not_adopt_each_other() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&(quay("quay") + &quay("quay").replace("\"this\"", "\"twin\"")));
    // One of the two asks ECR while the other's request is still under way.
    let slow = FaultKind::Latency { milliseconds: 1_500 };
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", slow));
    workspace.apply().expect_only_error(&["Creating ECR pull through cache rule (quay)", "is there already"]);
    assert_eq!(workspace.state().addresses().len(), 1);
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
fn interrupt_ends_the_wait_for_a_secret() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &secret));
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", secret_not_found()).times(1_000));
    let apply = workspace.start_apply();
    account.wait_for_call("CreatePullThroughCacheRule");
    apply.interrupt();
    apply.wait().expect_failure().expect_within(Duration::from_secs(20));
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn timeout_ends_a_create_that_hangs() {
    let account = Account::new();
    let secret = account.upstream_secret("hub");
    let mut workspace = Workspace::new(&account);
    let timeouts = "\n  timeouts {\n    create = \"5s\"\n  }\n}\n";
    workspace.config(&docker_hub("docker-hub", &secret).replace("\n}\n", timeouts));
    account.inject(Fault::once("ecr", "CreatePullThroughCacheRule", secret_not_found()).times(1_000));
    workspace.apply().expect_failure().expect_error_count(1).expect_within(Duration::from_secs(30));
    assert_eq!(rules(&account), []);
}

#[test]
fn expired_token_is_one_error_that_says_so() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    let expired =
        FaultKind::error("ExpiredTokenException", "The security token included in the request is expired");
    account.inject(Fault { service: "ecr".into(), action: None, skip: 0, times: 1_000, kind: expired });
    workspace
        .apply()
        .expect_only_error(&["ExpiredTokenException", "The credentials have expired"])
        .expect_within(Duration::from_secs(30));
}

fn secret_not_found() -> FaultKind {
    FaultKind::error("SecretNotFoundException", "The secret does not exist.")
}

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "User is not authorized to perform this action")
}

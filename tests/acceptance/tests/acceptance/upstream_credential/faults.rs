//! What state and account look like when calls fail, come late, or are interrupted.

use acceptance::{Account, Fault, FaultKind};
use serde_json::json;

use super::{CREDENTIAL, TOKEN, credential, credential_of, is_gone, secret, value, workspace};

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "not authorized")
}

fn once(action: &str, kind: FaultKind) -> Fault {
    Fault::once("secretsmanager", action, kind)
}

#[test]
fn refused_create_leaves_nothing() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    account.inject(once("CreateSecret", denied()));
    workspace.apply().expect_only_error(&["AccessDenied", "Nothing was created."]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert!(is_gone(&account, "hub"));
}

#[test]
fn throttling_is_retried() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", "  recovery_window_days = 0"));
    account.inject(once("CreateSecret", FaultKind::Throttling).times(3));
    account.inject(once("DescribeSecret", FaultKind::ServerError));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateSecret"), 4);
    account.inject(once("DeleteSecret", FaultKind::Throttling).times(2));
    workspace.destroy().expect_success();
    assert!(is_gone(&account, "hub"));
}

#[test]
fn calls_whose_answers_are_lost_have_one_effect() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential_of("hub", "team", 1, ""));
    account.inject(once("CreateSecret", FaultKind::CutAfter { bytes: 0 }));
    workspace.apply().expect_success();
    account.inject(once("PutSecretValue", FaultKind::CutAfter { bytes: 0 }));
    workspace.config(&credential_of("hub", "team", 2, ""));
    workspace.apply().expect_success();
    let versions = secret(&account, "hub")["VersionIdsToStages"].clone();
    assert_eq!(versions.as_object().map(serde_json::Map::len), Some(2), "{versions}");
    workspace.assert_empty_plan();
    account.inject(once("DeleteSecret", FaultKind::CutAfter { bytes: 0 }));
    workspace.destroy().expect_success();
}

#[test]
fn create_whose_answer_is_lost_for_good_is_gone_on_with_by_the_same_configuration_alone() {
    let account = Account::new();
    let mut first = workspace(&account);
    first.environment("AWS_MAX_ATTEMPTS", "1");
    first.config(&credential("hub", "  tags = { team = \"ci\" }"));
    account.inject(once("CreateSecret", FaultKind::CutAfter { bytes: 0 }));
    first.apply().expect_failure();
    assert_eq!(first.state().addresses(), Vec::<String>::new());
    assert!(!is_gone(&account, "hub"));

    let mut other = workspace(&account);
    other.config(&credential_of("hub", "somebody", 1, ""));
    other.apply().expect_only_error(&["import {"]);

    first.environment("TF_VAR_token", "the-next-token");
    first.apply().expect_success();
    assert_eq!(value(&account, "hub"), json!({ "username": "team", "accessToken": "the-next-token" }));
    assert_eq!(secret(&account, "hub")["Tags"], json!([{ "Key": "team", "Value": "ci" }]));
    assert_eq!(account.count("CreateSecret"), 1);
    first.assert_empty_plan();
}

#[test]
fn name_that_a_forced_deletion_still_holds_is_waited_for() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    let taken = "a secret with this name was deleted";
    account.inject(once("CreateSecret", FaultKind::error("InvalidRequestException", taken)).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateSecret"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn new_secret_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    // The first Describe comes before the secret is made, the next ones after.
    account.inject(once("DescribeSecret", FaultKind::NotVisible).after(1).times(2));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn create_that_fails_halfway_is_made_good_by_the_next_apply() {
    // The secret is there, but cannot be read, or its mark cannot be taken away.
    for (action, skipped, text) in [
        ("DescribeSecret", 1, "Reading upstream credential (hub)"),
        ("UntagResource", 0, "Tagging the secret of an upstream credential"),
    ] {
        let account = Account::new();
        let mut workspace = workspace(&account);
        workspace.config(&credential("hub", ""));
        account.inject(once(action, denied()).after(skipped));
        workspace.apply().expect_only_error(&[text, "AccessDenied"]);
        assert!(workspace.state().is_tainted(CREDENTIAL), "{action}");
        workspace.apply().expect_success();
        assert_eq!(value(&account, "hub")["accessToken"], TOKEN);
        assert!(secret(&account, "hub")["Tags"].as_array().is_none_or(Vec::is_empty), "{action}");
        workspace.assert_empty_plan();
    }
}

#[test]
fn update_that_fails_keeps_the_former_version_in_state() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential_of("hub", "team", 1, ""));
    workspace.apply().expect_success();
    workspace.config(&credential_of("hub", "robot", 2, "  description = \"Docker Hub\""));
    account.inject(once("PutSecretValue", denied()));
    workspace.apply().expect_only_error(&["AccessDenied", "The secret has its former value."]);
    let state = workspace.state();
    assert_eq!(state.attribute(CREDENTIAL, "username"), "team");
    assert_eq!(state.attribute(CREDENTIAL, "access_token_wo_version"), 1);
    assert_eq!(state.attribute(CREDENTIAL, "description"), "Docker Hub", "that call came before");
    assert!(!state.is_tainted(CREDENTIAL));
    workspace.apply().expect_success();
    assert_eq!(value(&account, "hub")["username"], "robot");
    workspace.assert_empty_plan();
}

#[test]
fn read_and_delete_that_fail_keep_the_credential_in_state() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    account.inject(once("DescribeSecret", denied()));
    workspace.run_plan(&[]).expect_only_error(&["Reading upstream credential (hub)", "AccessDenied"]);
    account.inject(once("DeleteSecret", denied()));
    workspace
        .destroy()
        .expect_only_error(&["Deleting upstream credential (hub)", "The secret is still there."]);
    assert_eq!(workspace.state().addresses(), [CREDENTIAL]);
    workspace.destroy().expect_success();
}

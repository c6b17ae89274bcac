//! Runs that are disturbed, and policies that others write at the same time.

use std::time::Duration;

use acceptance::{Fault, FaultKind};

use super::*;

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "not authorized")
}

fn principal_not_found() -> FaultKind {
    FaultKind::error(
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    )
}

/// Both ways in which ECR says that it sees no such principal.
fn not_visible() -> [FaultKind; 2] {
    let invalid =
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid registry policy provided'";
    [principal_not_found(), FaultKind::error("InvalidParameterException", invalid)]
}

#[test]
fn create_waits_for_principals_that_are_not_visible_yet() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"arn:aws:iam::111122223333:role/ci\""));
    for kind in not_visible() {
        account.inject(Fault::once("ecr", "PutRegistryPolicy", kind));
    }
    workspace.apply().expect_success();
    assert_eq!(account.count("PutRegistryPolicy"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn principal_that_never_comes_is_told_within_the_timeout() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let config = import("\"arn:aws:iam::111122223333:role/ci\"")
        .replace("  principals", "  timeouts {\n    create = \"4s\"\n  }\n  principals");
    workspace.config(&config);
    account.inject(Fault::once("ecr", "PutRegistryPolicy", principal_not_found()).times(1_000));
    workspace
        .apply()
        .expect_error("Creating ECR registry policy statement (Import)", "principals")
        .expect_only_error(&["Principal not found", "AROA", "The registry policy is as it was."])
        .expect_within(Duration::from_secs(60));
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

/// Each attempt reads the policy anew.
#[test]
fn what_others_write_while_a_principal_is_missing_is_kept() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"arn:aws:iam::111122223333:role/ci\""));
    account.inject(Fault::once("ecr", "PutRegistryPolicy", principal_not_found()));
    // The second attempt begins late, so that theirs is there.
    account
        .inject(Fault::once("ecr", "GetRegistryPolicy", FaultKind::Latency { milliseconds: 5_000 }).after(1));
    let apply = workspace.start_apply();
    account.wait_for_call("PutRegistryPolicy");
    put(&account, &[theirs(&account)]);
    apply.wait().expect_success();
    let sids: Vec<_> = statements(&account).iter().map(|statement| statement["Sid"].clone()).collect();
    assert_eq!(sids, ["Theirs", "Import"]);
}

#[test]
fn refused_create_leaves_nothing_and_is_not_repeated() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    account.inject(Fault::once("ecr", "PutRegistryPolicy", denied()));
    workspace.apply().expect_only_error(&["AccessDenied", "The registry policy is as it was."]);
    assert_eq!(account.count("PutRegistryPolicy"), 1);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    account.inject(Fault::once("ecr", "GetRegistryPolicy", denied()));
    workspace.apply().expect_only_error(&["Reading the ECR registry policy", "AccessDenied"]);
    assert_eq!(account.count("PutRegistryPolicy"), 1);
    workspace.apply().expect_success();
}

#[test]
fn create_whose_answer_is_lost_is_not_taken_for_a_foreign_one() {
    for lost in [FaultKind::CutAfter { bytes: 0 }, FaultKind::TimeoutAfterEffect] {
        let account = Account::new();
        let mut workspace = Workspace::new(&account);
        workspace.config(&import("\"111122223333\""));
        account.inject(Fault::once("ecr", "PutRegistryPolicy", lost));
        workspace.apply().expect_success();
        assert_eq!(account.count("PutRegistryPolicy"), 1, "it was found, and not written again");
        workspace.assert_empty_plan();
    }
}

#[test]
fn create_that_is_never_answered_is_in_the_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    // It is made, and nobody hears of it: the answer is lost, and then no more is heard.
    account.inject(Fault::once("ecr", "PutRegistryPolicy", FaultKind::CutAfter { bytes: 0 }));
    account.inject(Fault::once("ecr", "GetRegistryPolicy", denied()).after(1));
    workspace.apply().expect_only_error(&["Reading the ECR registry policy", "AccessDenied"]);
    assert!(workspace.state().is_tainted(STATEMENT));
    workspace.apply().expect_success();
    assert_eq!(statements(&account).len(), 1);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_no_policy(&account);
}

#[test]
fn throttling_is_retried() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    account.inject(Fault::once("ecr", "PutRegistryPolicy", FaultKind::Throttling).times(3));
    account.inject(Fault::once("ecr", "GetRegistryPolicy", FaultKind::ServerError));
    workspace.apply().expect_success();
    assert_eq!(account.count("PutRegistryPolicy"), 4);
    account.inject(Fault::once("ecr", "DeleteRegistryPolicy", FaultKind::Throttling).times(2));
    workspace.destroy().expect_success();
    assert_no_policy(&account);
}

#[test]
fn read_back_that_fails_keeps_the_statement_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    account.inject(Fault::once("ecr", "GetRegistryPolicy", denied()).after(1));
    workspace.apply().expect_only_error(&["AccessDenied"]);
    assert!(workspace.state().is_tainted(STATEMENT));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn update_that_fails_keeps_what_is_there_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    workspace.config(&import("\"444455556666\""));
    account.inject(Fault::once("ecr", "PutRegistryPolicy", denied()));
    workspace.apply().expect_only_error(&["Updating ECR registry policy statement (Import)", "AccessDenied"]);
    assert_eq!(workspace.state_attr(STATEMENT, "principals"), json!(["111122223333"]));

    // Written, and not read back: two reads come before, of the refresh and of the change.
    account.inject(Fault::once("ecr", "GetRegistryPolicy", denied()).after(2));
    workspace.apply().expect_only_error(&["AccessDenied"]);
    assert_eq!(workspace.state_attr(STATEMENT, "principals"), json!(["444455556666"]));
    assert!(!workspace.state().is_tainted(STATEMENT));
    workspace.assert_empty_plan();
}

#[test]
fn delete_that_fails_keeps_the_statement_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    account.inject(Fault::once("ecr", "DeleteRegistryPolicy", denied()));
    workspace
        .destroy()
        .expect_only_error(&["Deleting ECR registry policy statement (Import)", "AccessDenied"]);
    assert_eq!(workspace.state().addresses(), [STATEMENT]);
    workspace.destroy().expect_success();
    assert_no_policy(&account);
}

/// The other process has read the policy before ours was written, and writes it after.
#[test]
fn statement_that_others_overwrite_is_written_again() {
    let account = Account::new();
    let theirs = theirs(&account);
    put(&account, std::slice::from_ref(&theirs));
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    // Our answer comes late: meanwhile the policy is written without our statement.
    account
        .inject(Fault::once("ecr", "GetRegistryPolicy", FaultKind::Latency { milliseconds: 5_000 }).after(1));
    let apply = workspace.start_apply();
    acceptance::wait_until("our put", Duration::from_secs(60), || account.count("PutRegistryPolicy") == 2);
    let mut later = theirs.clone();
    later["Sid"] = json!("Later");
    put(&account, &[theirs, later]);
    apply.wait().expect_success();
    let sids: Vec<_> = statements(&account).iter().map(|statement| statement["Sid"].clone()).collect();
    assert_eq!(sids, ["Theirs", "Later", "Import"]);
    assert_eq!(account.count("PutRegistryPolicy"), 4, "theirs twice, ours twice");
    workspace.assert_empty_plan();
}

/// ECR answers the policy of before each time: as if somebody else overwrote it for ever.
#[test]
fn overwriting_that_never_ends_is_told() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    workspace.config(&import("\"444455556666\""));
    let stale = FaultKind::Replace { from: "444455556666".to_owned(), to: "111122223333".to_owned() };
    account.inject(Fault::once("ecr", "GetRegistryPolicy", stale).times(1_000));
    workspace
        .apply()
        .expect_only_error(&[
            "ECR registry policy was overwritten",
            "statement Import",
            "one process at a time",
        ])
        .expect_within(Duration::from_secs(60));
    assert_eq!(account.count("PutRegistryPolicy"), 6, "the bound");
    account.clear_faults();
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

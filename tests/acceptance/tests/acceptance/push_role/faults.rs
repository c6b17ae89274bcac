//! Runs that are disturbed. The steps are those of every resource that is one role, which `repository_creation_role` tests
//! one by one.

use acceptance::{Fault, FaultKind};

use super::*;

fn denied() -> FaultKind {
    FaultKind::error("AccessDenied", "not authorized")
}

fn invalid_principal(arn: &str) -> FaultKind {
    FaultKind::error("MalformedPolicyDocument", &format!("Invalid principal in policy: \"AWS\":\"{arn}\""))
}

#[test]
fn role_of_the_workers_that_iam_does_not_see_yet_is_waited_for() {
    let (account, worker) = account_with_worker();
    let other = make_role(&account, "other");
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    account.inject(Fault::once("iam", "CreateRole", invalid_principal(&worker)).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRole"), 5, "worker, other, and three attempts");
    workspace.assert_empty_plan();

    workspace.config(&role_with(&other, ""));
    account.inject(Fault::once("iam", "UpdateAssumeRolePolicy", invalid_principal(&other)).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("UpdateAssumeRolePolicy"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn role_that_is_not_there_cannot_be_trusted_and_the_cause_is_named() {
    let account = Account::new();
    let nobody = format!("arn:aws:iam::{}:role/nobody", account.id());
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&nobody, "  timeouts {\n    create = \"3s\"\n  }"));
    let run = workspace.apply();
    run.expect_error("Creating IAM role (push)", "assumed_by").expect_only_error(&[
        "MalformedPolicyDocument",
        "role/nobody",
        "The role was not created.",
        "Name roles that there are",
    ]);
    assert!(account.count("CreateRole") > 1, "it could have been made a moment ago");
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn other_fault_of_a_trust_policy_is_told_at_once() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    let syntax = FaultKind::error("MalformedPolicyDocument", "Syntax errors in policy.");
    account.inject(Fault::once("iam", "CreateRole", syntax));
    workspace.apply().expect_only_error(&["Creating IAM role (push)", "Syntax errors in policy."]);
    assert_eq!(account.count("CreateRole"), 2, "worker, and one attempt");
}

#[test]
fn create_that_fails_half_way_is_kept_and_made_good() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    account.inject(Fault::once("iam", "PutRolePolicy", denied()));
    workspace.apply().expect_only_error(&["Updating IAM role (push)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(ROLE));
    workspace.apply().expect_success();
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), ["worker"]);
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    // The role is made; then the process ends before the state is written.
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("iam", "PutRolePolicy", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("PutRolePolicy");
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(names(&account), ["push", "worker"]);

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.config(&role_with(&worker, "").replace("team/*", "tools/*"));
    other.apply().expect_only_error(&["Creating push role (push)", "import {"]);

    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRole"), 2, "worker, and one of ours");
    assert!(role(&account)["Tags"].is_null(), "the mark is taken away");
    workspace.assert_empty_plan();
}

#[test]
fn update_that_fails_keeps_the_old_arguments_to_be_changed_again() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &role_with(&worker, ""));
    workspace.config(&role_with(&worker, "").replace("team/*", "tools/*"));
    account.inject(Fault::once("iam", "PutRolePolicy", denied()));
    workspace.apply().expect_only_error(&["Updating IAM role (push)", "AccessDenied"]);
    assert!(!workspace.state().is_tainted(ROLE));
    workspace.apply().expect_success();
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["tools/*"])));
    workspace.assert_empty_plan();
}

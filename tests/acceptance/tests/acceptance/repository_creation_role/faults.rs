//! Runs that are disturbed.

use std::time::Duration;

use acceptance::{Fault, FaultKind};

use super::*;

fn error(code: &str) -> FaultKind {
    FaultKind::Error { status: 409, code: code.into(), message: "Cannot do this now".into() }
}

#[test]
fn create_whose_answer_is_lost_is_not_taken_for_a_foreign_one() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    for action in ["CreateRole", "PutRolePolicy"] {
        account.inject(Fault::once("iam", action, FaultKind::CutAfter { bytes: 0 }));
    }
    workspace.apply().expect_success();
    assert_eq!(names(&account), ["creation"]);
    assert!(role(&account)["Tags"].is_null(), "the mark is taken away");
    workspace.assert_empty_plan();
}

#[test]
fn create_that_fails_half_way_is_kept_and_made_good() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    account.inject(Fault::once("iam", "PutRolePolicy", error("AccessDenied")));
    workspace.apply().expect_only_error(&["Updating IAM role (creation)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(ROLE));
    workspace.apply().expect_success();
    assert_eq!(statements(&account), json!([creation(&account, &["docker-hub/*"])]));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn new_role_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    // The first read comes before anything is made.
    account.inject(Fault::once("iam", "GetRole", FaultKind::NotVisible).after(1).times(2));
    account.inject(Fault::once("iam", "PutRolePolicy", FaultKind::NotVisible).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("PutRolePolicy"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn new_role_that_stays_invisible_is_in_the_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with("  timeouts {\n    create = \"4s\"\n  }\n"));
    account.inject(Fault::once("iam", "GetRole", FaultKind::NotVisible).after(1).times(1_000));
    workspace.apply().expect_only_error(&["Timed out", "the new IAM role can be read"]);
    assert!(workspace.state().is_tainted(ROLE));
    account.clear_faults();
    workspace.destroy().expect_success();
    assert_eq!(account.count("CreateRole"), 1);
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn throttling_is_retried() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    for action in ["GetRole", "CreateRole", "PutRolePolicy", "DeleteRole"] {
        account.inject(Fault::once("iam", action, FaultKind::Throttling).times(2));
    }
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRole"), 3);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(account.count("DeleteRole"), 3);
}

#[test]
fn update_that_fails_keeps_the_old_arguments_to_be_changed_again() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &role_with(""));
    workspace.config(&role_with("").replace("docker-hub/*", "quay/*"));
    account.inject(Fault::once("iam", "PutRolePolicy", error("AccessDenied")));
    workspace.apply().expect_only_error(&["Updating IAM role (creation)", "AccessDenied"]);
    assert!(!workspace.state().is_tainted(ROLE));
    assert_eq!(workspace.plan().actions(ROLE), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(statements(&account), json!([creation(&account, &["quay/*"])]));
    workspace.assert_empty_plan();
}

#[test]
fn destroy_goes_in_the_order_that_iam_demands_and_waits_out_conflicts() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &role_with(""));
    account.inject(Fault::once("iam", "DeleteRolePolicy", error("ConcurrentModification")));
    account.inject(Fault::once("iam", "DeleteRole", error("DeleteConflict")).times(2));
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
    let calls = account.calls().into_iter().map(|call| call.action);
    let removals: Vec<String> = calls.filter(|action| action.starts_with("Delete")).collect();
    assert_eq!(removals, ["DeleteRolePolicy", "DeleteRolePolicy", "DeleteRole", "DeleteRole", "DeleteRole"]);
}

#[test]
fn conflict_that_never_ends_is_told_within_the_timeout() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &role_with("  timeouts {\n    delete = \"4s\"\n  }\n"));
    account.inject(Fault::once("iam", "DeleteRole", error("DeleteConflict")).times(1_000));
    workspace
        .destroy()
        .expect_only_error(&["Deleting IAM role (creation)", "DeleteConflict"])
        .expect_within(Duration::from_secs(60));
    assert_eq!(workspace.state().addresses(), [ROLE]);
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    // The role is made; then the process ends before the state is written.
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("iam", "PutRolePolicy", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("PutRolePolicy");
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(names(&account), ["creation"]);

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.config(&role_with("").replace("docker-hub/*", "quay/*"));
    other.apply().expect_only_error(&["Creating repository creation role (creation)", "import {"]);

    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRole"), 1);
    assert!(role(&account)["Tags"].is_null(), "the mark is taken away");
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn create_before_destroy_keeps_what_the_second_create_went_on_with() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with("  lifecycle {\n    create_before_destroy = true\n  }\n"));
    account.inject(Fault::once("iam", "PutRolePolicy", error("AccessDenied")));
    workspace.apply().expect_only_error(&["Updating IAM role (creation)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(ROLE));
    workspace.apply().expect_success();
    assert_eq!((account.count("CreateRole"), account.count("DeleteRole")), (1, 0));
    assert_eq!(statements(&account), json!([creation(&account, &["docker-hub/*"])]));
    workspace.assert_empty_plan();
}

#[test]
fn interrupted_create_leaves_state_and_account_in_agreement() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    account.inject(Fault::once("iam", "CreateRole", FaultKind::Latency { milliseconds: 3_000 }));
    let apply = workspace.start_apply();
    account.wait_for_call("CreateRole");
    apply.interrupt();
    let run = apply.wait();
    assert!(run.duration() < Duration::from_secs(60), "the interrupt was not heeded");
    assert_eq!(workspace.state().addresses().len(), names(&account).len(), "a role was orphaned");
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

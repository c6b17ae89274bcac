//! Runs that are disturbed.

use std::time::Duration;

use acceptance::{Fault, FaultKind};

use super::*;

fn error(code: &str) -> FaultKind {
    FaultKind::Error { status: 409, code: code.into(), message: "Cannot do this now".into() }
}

#[test]
fn create_whose_answers_are_lost_is_not_taken_for_a_foreign_one() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    for action in ["CreateRole", "CreateInstanceProfile", "AddRoleToInstanceProfile"] {
        account.inject(Fault::once("iam", action, FaultKind::CutAfter { bytes: 0 }));
    }
    workspace.apply().expect_success();
    assert_eq!(members(&account), ["ci"]);
    workspace.assert_empty_plan();
}

#[test]
fn create_that_fails_half_way_is_kept_and_made_good() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    account.inject(Fault::once("iam", "CreateInstanceProfile", error("AccessDenied")));
    workspace.apply().expect_only_error(&["Creating instance profile (ci)", "AccessDenied"]);
    assert_eq!(workspace.state().addresses(), [PROFILE]);
    workspace.apply().expect_success();
    assert_eq!(members(&account), ["ci"]);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
}

#[test]
fn new_role_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    // The first reads come before anything is made.
    account.inject(Fault::once("iam", "GetRole", FaultKind::NotVisible).after(1).times(2));
    account.inject(Fault::once("iam", "PutRolePolicy", FaultKind::NotVisible).times(2));
    account.inject(Fault::once("iam", "GetInstanceProfile", FaultKind::NotVisible).after(1).times(2));
    account.inject(Fault::once("iam", "AddRoleToInstanceProfile", FaultKind::NotVisible));
    workspace.apply().expect_success();
    assert_eq!(account.count("PutRolePolicy"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn destroy_goes_in_the_order_that_iam_demands_and_waits_out_conflicts() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    // What others hung on the role goes with it.
    account.aws(&[
        "iam",
        "attach-role-policy",
        "--role-name",
        "ci",
        "--policy-arn",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
    ]);
    account.inject(Fault::once("iam", "DeleteInstanceProfile", error("DeleteConflict")).times(2));
    account.inject(Fault::once("iam", "DeleteRolePolicy", error("ConcurrentModification")));
    account.inject(Fault::once("iam", "DeleteRole", error("DeleteConflict")).times(2));
    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
    let removals: Vec<String> = account
        .calls()
        .into_iter()
        .map(|call| call.action)
        .filter(|action| ["Delete", "Remove", "Detach"].iter().any(|verb| action.starts_with(verb)))
        .collect();
    assert_eq!(
        removals,
        [
            "RemoveRoleFromInstanceProfile",
            "DeleteInstanceProfile",
            "DeleteInstanceProfile",
            "DeleteInstanceProfile",
            "DeleteRolePolicy",
            "DeleteRolePolicy",
            "DetachRolePolicy",
            "DeleteRole",
            "DeleteRole",
            "DeleteRole",
        ]
    );
}

#[test]
fn conflict_that_never_ends_is_told_within_the_timeout() {
    let account = Account::new();
    let mut workspace = Workspace::applied(
        &account,
        &worker().replace("\"ci\"\n", "\"ci\"\n  timeouts {\n    delete = \"4s\"\n  }\n"),
    );
    account.inject(Fault::once("iam", "DeleteRole", error("DeleteConflict")).times(1_000));
    workspace
        .destroy()
        .expect_only_error(&["Deleting IAM role (ci)", "DeleteConflict"])
        .expect_within(Duration::from_secs(60));
    assert_eq!(workspace.state().addresses(), [PROFILE]);
}

#[test]
fn interrupted_create_leaves_state_and_account_in_agreement() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    let slow = FaultKind::Latency { milliseconds: 3_000 };
    account.inject(Fault::once("iam", "CreateRole", slow));
    let apply = workspace.start_apply();
    account.wait_for_call("CreateRole");
    apply.interrupt();
    let run = apply.wait();
    assert!(run.duration() < Duration::from_secs(60), "the interrupt was not heeded");
    assert_eq!(workspace.state().addresses().len(), names(&account).0.len(), "a role was orphaned");
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    // Everything is made; then the process ends before the state is written.
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("iam", "AddRoleToInstanceProfile", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("AddRoleToInstanceProfile");
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(names(&account), (vec!["ci".to_owned()], vec!["ci".to_owned()]));

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.config(&profile("  session_manager = true\n"));
    other.apply().expect_only_error(&["Creating instance profile (ci)", "import {"]);

    workspace.apply().expect_success();
    assert_eq!((account.count("CreateRole"), account.count("CreateInstanceProfile")), (1, 1));
    assert_eq!(members(&account), ["ci"]);
    assert_eq!(super::tags::tags(&account), (json!([]), json!([])), "the mark is taken away");
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
}

#[test]
fn new_role_that_stays_invisible_is_in_the_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&profile("  timeouts {\n    create = \"4s\"\n  }\n"));
    account.inject(Fault::once("iam", "GetRole", FaultKind::NotVisible).after(1).times(1_000));
    workspace.apply().expect_only_error(&["Timed out", "the new IAM role can be read"]);
    assert!(workspace.state().is_tainted(PROFILE));
    account.clear_faults();
    workspace.destroy().expect_success();
    assert_eq!(account.count("CreateRole"), 1);
    assert_eq!(names(&account), (vec![], vec![]));
}

#[test]
fn create_before_destroy_keeps_what_the_second_create_went_on_with() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&profile("  lifecycle {\n    create_before_destroy = true\n  }\n"));
    account.inject(Fault::once("iam", "CreateInstanceProfile", error("AccessDenied")));
    workspace.apply().expect_only_error(&["Creating instance profile (ci)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(PROFILE));
    workspace.apply().expect_success();
    assert_eq!((account.count("CreateRole"), account.count("DeleteRole")), (1, 0));
    assert_eq!(members(&account), ["ci"]);
    workspace.assert_empty_plan();
}

#[test]
fn create_that_crashed_is_gone_on_with_by_one_whose_plan_knows_more() {
    let account = Account::new();
    let group = "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/ci";
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { commit = \"1\" }\n  }");
    workspace.config(&format!(
        "resource \"terraform_data\" \"fleet\" {{\n  input = \"{group}\"\n}}\n{}",
        profile("  fleet_control = {\n    fleet_arns = [terraform_data.fleet.output]\n  }\n")
    ));
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("iam", "AddRoleToInstanceProfile", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("AddRoleToInstanceProfile");
    apply.crash();
    workspace.provider_arguments("  default_tags {\n    tags = { commit = \"2\" }\n  }");
    assert!(!workspace.plan().is_unknown(PROFILE, "policy_json"), "the state has the other object");
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRole"), 1);
    let expected = json!([{"Key": "commit", "Value": "2"}]);
    assert_eq!(super::tags::tags(&account), (expected.clone(), expected));
    workspace.assert_empty_plan();
}

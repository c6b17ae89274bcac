//! Runs that are disturbed.

use acceptance::{Fault, FaultKind};

use super::*;

#[test]
fn create_waits_for_an_instance_profile_that_is_not_visible_yet() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let fault = FaultKind::Error {
        status: 400,
        code: "ValidationError".to_owned(),
        message: "You must use a valid fully-formed launch template. Invalid IAM Instance Profile name"
            .to_owned(),
    };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", fault).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateAutoScalingGroup"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn an_answer_that_was_lost_leaves_one_group() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let lost = || FaultKind::CutAfter { bytes: 0 };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", lost()));
    account.inject(Fault::once("ec2", "CreateLaunchTemplate", lost()));
    workspace.apply().expect_success();
    assert_eq!(template_count(&account), 1);
    workspace.assert_empty_plan();
}

#[test]
fn a_create_that_fails_half_way_leaves_nothing_behind_after_destroy() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let denied = FaultKind::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "User is not authorized to perform: autoscaling:CreateAutoScalingGroup".to_owned(),
    };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", denied));
    workspace.apply().expect_only_error(&["Creating Auto Scaling group (ci-linux)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(FLEET));
    assert_eq!(template_count(&account), 1);
    workspace.destroy().expect_success();
    assert_eq!(template_count(&account), 0);
}

#[test]
fn update_waits_while_another_activity_holds_the_group() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    let busy = FaultKind::Error {
        status: 400,
        code: "ScalingActivityInProgress".to_owned(),
        message: "You have existing activities in progress".to_owned(),
    };
    account.inject(Fault::once("autoscaling", "UpdateAutoScalingGroup", busy));
    workspace.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 5"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

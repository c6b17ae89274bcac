//! Runs that are disturbed.

use acceptance::{Fault, FaultKind};

use super::*;

#[test]
fn create_waits_for_an_instance_profile_that_is_not_visible_yet() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let fault = FaultKind::error(
        "ValidationError",
        "You must use a valid fully-formed launch template. Invalid IAM Instance Profile name",
    );
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
    let busy = FaultKind::error("ScalingActivityInProgress", "You have existing activities in progress");
    account.inject(Fault::once("autoscaling", "UpdateAutoScalingGroup", busy));
    workspace.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 5"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    // Template and group are made by then.
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("autoscaling", "SuspendProcesses", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("SuspendProcesses");
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    let marked = group(&account)["Tags"][0].clone();
    assert_eq!((&marked["Key"], &marked["PropagateAtLaunch"]), (&json!("ecrunner:creating"), &json!(false)));

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 5"));
    other.apply().expect_only_error(&["Creating worker fleet (ci-linux)", "import {"]);

    workspace.apply().expect_success();
    assert_eq!((account.count("CreateLaunchTemplate"), account.count("CreateAutoScalingGroup")), (1, 1));
    assert_eq!(group(&account)["SuspendedProcesses"][0]["ProcessName"], json!("AZRebalance"));
    assert_eq!(group(&account)["Tags"], json!([]), "the mark is taken away");
    let of_templates = ["ec2", "describe-tags", "--filters", "Name=resource-type,Values=launch-template"];
    assert_eq!(account.aws(&of_templates)["Tags"], json!([]));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!((group(&account), template_count(&account)), (Value::Null, 0));
}

#[test]
fn group_that_is_being_deleted_is_waited_for_and_made_again() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let name = format!("<AutoScalingGroupName>{NAME}</AutoScalingGroupName>");
    let deleting =
        FaultKind::Replace { to: format!("{name}<Status>Delete in progress</Status>"), from: name };
    let before = account.count("DescribeAutoScalingGroups");
    account.inject(Fault::once("autoscaling", "DescribeAutoScalingGroups", deleting).times(1_000));
    let apply = workspace.start_apply();
    // One of the refresh, one of the update, then those that wait.
    acceptance::wait_until("the wait", std::time::Duration::from_secs(60), || {
        account.count("DescribeAutoScalingGroups") >= before + 4
    });
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    account.clear_faults();
    apply.wait().expect_success();
    assert_eq!((account.count("CreateAutoScalingGroup"), account.count("UpdateAutoScalingGroup")), (2, 0));
    workspace.assert_empty_plan();
}

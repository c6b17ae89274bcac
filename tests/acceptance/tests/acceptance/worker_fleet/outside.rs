//! What others change.

use super::*;

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    assert_eq!(workspace.plan().actions(FLEET), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    workspace.destroy().expect_success();
}

#[test]
fn a_group_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let before = workspace.state_attr(FLEET, "launch_template_id");
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["LaunchTemplate"]["Version"], json!("1"));
    assert_eq!(workspace.state_attr(FLEET, "launch_template_id"), before);
    workspace.assert_empty_plan();
}

#[test]
fn a_launch_template_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let before = workspace.state_attr(FLEET, "launch_template_id");
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    assert_eq!(workspace.plan().actions(FLEET), ["update"]);
    workspace.apply().expect_success();
    let after = workspace.state_attr(FLEET, "launch_template_id");
    assert_ne!(before, after);
    assert_eq!(group(&account)["LaunchTemplate"]["LaunchTemplateId"], after);
    workspace.assert_empty_plan();
}

#[test]
fn max_size_changed_outside_shows_in_the_next_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    account.aws(&[
        "autoscaling",
        "update-auto-scaling-group",
        "--auto-scaling-group-name",
        NAME,
        "--max-size",
        "9",
    ]);
    let plan = workspace.plan();
    assert_eq!(plan.drift(), [format!("{FLEET} update")]);
    assert_eq!(plan.after(FLEET, "max_size"), &json!(4));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["MaxSize"], json!(4));
}

#[test]
fn settings_that_endanger_jobs_show_in_the_next_plan_and_are_set_right() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let in_group = |arguments: &[&str]| {
        let mut all = vec!["autoscaling", arguments[0], "--auto-scaling-group-name", NAME];
        all.extend(&arguments[1..]);
        account.aws(&all);
    };
    in_group(&["resume-processes", "--scaling-processes", "AZRebalance"]);
    in_group(&["suspend-processes", "--scaling-processes", "Launch"]);
    in_group(&["update-auto-scaling-group", "--no-new-instances-protected-from-scale-in"]);
    let template = group(&account)["LaunchTemplate"]["LaunchTemplateId"].clone();
    let latest = format!("LaunchTemplateId={},Version=$Latest", template.as_str().expect("an id"));
    in_group(&["update-auto-scaling-group", "--launch-template", &latest]);
    let plan = workspace.plan();
    plan.run().expect_warning("Worker fleet starts no instances");
    assert_eq!(plan.actions(FLEET), ["update"]);
    assert_eq!(plan.after(FLEET, "unexpected_settings"), &json!([]));
    workspace.apply_plan(&plan).expect_success();
    let repaired = group(&account);
    assert_eq!(repaired["NewInstancesProtectedFromScaleIn"], json!(true));
    assert_eq!(repaired["LaunchTemplate"]["Version"], json!("1"));
    let suspended = repaired["SuspendedProcesses"].as_array().expect("processes").clone();
    assert_eq!(suspended.len(), 1);
    assert_eq!(suspended[0]["ProcessName"], json!("AZRebalance"));
    workspace.assert_empty_plan();
}

//! What others change.

use acceptance::Plan;

use super::*;

fn delete_group(account: &Account, id: &str) {
    account.aws(&["ec2", "delete-security-group", "--group-id", id]);
}

fn revoke_ssh(account: &Account, worker: &str, manager: &str) {
    let permission = format!("IpProtocol=tcp,FromPort=22,ToPort=22,UserIdGroupPairs=[{{GroupId={manager}}}]");
    account.aws(&[
        "ec2",
        "revoke-security-group-ingress",
        "--group-id",
        worker,
        "--ip-permissions",
        &permission,
    ]);
}

/// The plan restores in place; then everything is as it was.
fn assert_restored(workspace: &mut Workspace, account: &Account) -> Plan {
    let plan = workspace.plan();
    assert_eq!(plan.actions(NETWORK), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    let (manager, worker) = ids(workspace);
    assert_eq!(ingress(account, &worker), [("tcp".to_owned(), 22, 22, manager.clone())]);
    assert_eq!(ingress(account, &manager), []);
    for id in [manager, worker] {
        assert_eq!(egress(account, &id), ["0.0.0.0/0", "::/0"]);
    }
    plan
}

#[test]
fn disappears() {
    let account = Account::new();
    let (mut workspace, vpc_id) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    delete_group(&account, &worker);
    delete_group(&account, &manager);
    assert_eq!(workspace.plan().actions(NETWORK), ["create"]);
    workspace.apply().expect_success();
    assert_eq!(names(&account, &vpc_id).len(), 2);
    workspace.assert_empty_plan();

    let (manager, worker) = ids(&mut workspace);
    delete_group(&account, &worker);
    delete_group(&account, &manager);
    workspace.destroy().expect_success();
}

#[test]
fn deleted_worker_group_is_restored_in_place() {
    let account = Account::new();
    let (mut workspace, _) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    delete_group(&account, &worker);
    let plan = assert_restored(&mut workspace, &account);
    assert!(plan.is_unknown(NETWORK, "worker_security_group_id"));
    assert_eq!(plan.after(NETWORK, "manager_security_group_id"), manager.as_str());
}

#[test]
fn deleted_manager_group_is_restored_in_place() {
    let account = Account::new();
    let (mut workspace, _) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    revoke_ssh(&account, &worker, &manager);
    delete_group(&account, &manager);
    let plan = assert_restored(&mut workspace, &account);
    assert!(plan.is_unknown(NETWORK, "manager_security_group_id"));
}

#[test]
fn missing_rule_is_drift_and_added() {
    let account = Account::new();
    let (mut workspace, _) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    revoke_ssh(&account, &worker, &manager);
    let plan = workspace.plan();
    assert_eq!(plan.drift(), ["ecrunner_runner_network.this update"]);
    let drifted = &plan.json()["resource_drift"][0]["change"]["after"]["missing_rules"];
    assert_eq!(drifted, &json!([format!("worker: ingress tcp 22 from {manager}")]));
    assert_restored(&mut workspace, &account);
}

#[test]
fn foreign_rules_are_drift_and_revoked() {
    let account = Account::new();
    let (mut workspace, _) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    for id in [&manager, &worker] {
        account.aws(&[
            "ec2",
            "authorize-security-group-ingress",
            "--group-id",
            id,
            "--protocol",
            "tcp",
            "--port",
            "22",
            "--cidr",
            "0.0.0.0/0",
        ]);
    }
    let plan = workspace.plan();
    let drifted = &plan.json()["resource_drift"][0]["change"]["after"]["unexpected_rules"];
    assert_eq!(
        drifted,
        &json!(["manager: ingress tcp 22 from 0.0.0.0/0", "worker: ingress tcp 22 from 0.0.0.0/0"])
    );
    assert_restored(&mut workspace, &account);
}

//! Destroy: running jobs first.

use super::*;

fn running(account: &Account) -> Value {
    let filter = "Name=instance-state-name,Values=pending,running";
    account.aws(&["ec2", "describe-instances", "--filters", filter])["Reservations"].clone()
}

#[test]
fn destroy_leaves_the_instances_to_the_runner_manager() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    set_desired(&account, "2");
    let before = account.count("SuspendProcesses");
    let destroy = workspace.start_destroy();
    acceptance::wait_until("no more launches", std::time::Duration::from_secs(60), || {
        account.count("SuspendProcesses") > before
    });
    // What the autoscaler does when the jobs of an instance are over.
    let instances = group(&account)["Instances"].as_array().expect("instances").clone();
    assert_eq!(instances.len(), 2);
    for instance in &instances {
        account.aws(&[
            "autoscaling",
            "terminate-instance-in-auto-scaling-group",
            "--instance-id",
            instance["InstanceId"].as_str().expect("an id"),
            "--should-decrement-desired-capacity",
        ]);
    }
    let run = destroy.wait();
    run.expect_success();
    assert_eq!(run.warnings().len(), 0);
    assert_eq!(account.count("SetInstanceProtection"), 0, "an instance was not left to the manager");
    assert_eq!(group(&account), Value::Null);
}

#[test]
fn destroy_ends_protected_instances_when_the_time_is_over() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), "  timeouts {\n    delete = \"20s\"\n  }"));
    workspace.apply().expect_success();
    set_desired(&account, "2");
    assert_eq!(group(&account)["Instances"][0]["ProtectedFromScaleIn"], json!(true));
    workspace.destroy().expect_success().expect_warning("Workers were ended by force (ci-linux)");
    assert_eq!(group(&account), Value::Null);
    assert_eq!(running(&account), json!([]));
    assert_eq!(account.count("DeleteAutoScalingGroup"), 1);
}

//! Runs that are disturbed.

use std::time::Duration;

use acceptance::{Fault, FaultKind};

use super::*;

fn in_use() -> FaultKind {
    FaultKind::error("DependencyViolation", "resource has a dependent object")
}

#[test]
fn create_that_fails_half_way_is_kept_and_made_good() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    let denied = FaultKind::Error {
        status: 403,
        code: "UnauthorizedOperation".into(),
        message: "You are not authorized".into(),
    };
    account.inject(Fault::once("ec2", "CreateSecurityGroup", denied).after(1));
    workspace.apply().expect_only_error(&["Creating security group (ci-worker)", "UnauthorizedOperation"]);
    assert_eq!(workspace.state().addresses(), [NETWORK]);
    workspace.apply().expect_success();
    assert_eq!(names(&account, &vpc_id).len(), 2);
    workspace.assert_empty_plan();
}

#[test]
fn create_whose_answers_are_lost_is_not_taken_for_a_foreign_one() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    for action in ["CreateSecurityGroup", "AuthorizeSecurityGroupIngress"] {
        account.inject(Fault::once("ec2", action, FaultKind::CutAfter { bytes: 0 }));
    }
    workspace.apply().expect_success();
    assert_eq!(names(&account, &vpc_id).len(), 2);
    workspace.assert_empty_plan();
}

#[test]
fn new_group_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    account.inject(Fault::once("ec2", "AuthorizeSecurityGroupIngress", FaultKind::NotVisible).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("AuthorizeSecurityGroupIngress"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn missing_vpc_is_told_at_its_argument() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&network("vpc-0123456789abcdef0", ""));
    let missing =
        FaultKind::error("InvalidVpcID.NotFound", "The vpc ID 'vpc-0123456789abcdef0' does not exist");
    account.inject(Fault::once("ec2", "CreateSecurityGroup", missing));
    workspace.apply().expect_error("Creating security group (ci-manager)", "vpc_id").expect_error_count(1);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn destroy_waits_until_nothing_uses_the_groups() {
    let account = Account::new();
    let (mut workspace, vpc_id) = applied(&account, "");
    account.inject(Fault::once("ec2", "DeleteSecurityGroup", in_use()).times(3));
    workspace.destroy().expect_success();
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
    let calls: Vec<String> = account.calls().into_iter().map(|call| call.action).collect();
    let first = |action: &str| calls.iter().position(|call| call == action).expect(action);
    assert!(first("RevokeSecurityGroupIngress") < first("DeleteSecurityGroup"), "the rule goes first");
    assert_eq!(account.count("DeleteSecurityGroup"), 5);
}

#[test]
fn group_that_stays_in_use_is_told_with_its_users() {
    let account = Account::new();
    let (mut workspace, vpc_id) = applied(&account, "  timeouts {\n    delete = \"4s\"\n  }\n");
    let (_, worker) = ids(&mut workspace);
    let subnet = account.aws(&["ec2", "create-subnet", "--vpc-id", &vpc_id, "--cidr-block", "10.0.1.0/24"]);
    let subnet = subnet["Subnet"]["SubnetId"].as_str().expect("an id").to_owned();
    let interface =
        account.aws(&["ec2", "create-network-interface", "--subnet-id", &subnet, "--groups", &worker]);
    let interface = interface["NetworkInterface"]["NetworkInterfaceId"].as_str().expect("an id").to_owned();
    account.inject(Fault::once("ec2", "DeleteSecurityGroup", in_use()).times(1_000));
    workspace
        .destroy()
        .expect_only_error(&["Deleting security group", "DependencyViolation", &interface])
        .expect_within(Duration::from_secs(60));
    assert_eq!(workspace.state().addresses(), [NETWORK]);
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("ec2", "CreateSecurityGroup", forever).after(1));
    let apply = workspace.start_apply();
    acceptance::wait_until("the second group", Duration::from_secs(60), || {
        account.count("CreateSecurityGroup") == 2
    });
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(names(&account, &vpc_id), ["ci-manager"]);

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.config(&network(&vpc_id, "  ssh_port = 2222"));
    other.apply().expect_error("Creating runner network (ci)", "name");

    workspace.apply().expect_success();
    assert_eq!(account.count("CreateSecurityGroup"), 3);
    let (manager, worker) = ids(&mut workspace);
    for id in [manager, worker] {
        assert_eq!(group(&account, &id)["Tags"].as_array().map_or(0, Vec::len), 0, "the mark is taken away");
    }
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
}

#[test]
fn new_group_that_stays_invisible_is_in_the_state() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, "  timeouts {\n    create = \"4s\"\n  }"));
    // The two groups are looked for by name before anything is made.
    account.inject(Fault::once("ec2", "DescribeSecurityGroups", FaultKind::NotVisible).after(2).times(1_000));
    workspace.apply().expect_failure().expect_error_count(1);
    assert!(workspace.state_text().contains("\"tainted\""));
    account.clear_faults();
    workspace.destroy().expect_success();
    assert_eq!(account.count("CreateSecurityGroup"), 1);
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
}

#[test]
fn group_whose_answer_never_came_is_deleted_with_the_rest() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.environment("AWS_MAX_ATTEMPTS", "1").config(&network(&vpc_id, ""));
    account.inject(Fault::once("ec2", "CreateSecurityGroup", FaultKind::CutAfter { bytes: 0 }).after(1));
    workspace.apply().expect_error("Creating security group (ci-worker)", None);
    assert_eq!(names(&account, &vpc_id).len(), 2, "the call had its effect");
    workspace.destroy().expect_success();
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
}

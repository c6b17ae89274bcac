//! `ecrunner_runner_network`.

use std::time::Duration;

use acceptance::{Account, Fault, FaultKind, Plan, Workspace};
use serde_json::{Value, json};

const NETWORK: &str = "ecrunner_runner_network.this";
const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/resources/ecrunner_runner_network/resource.tf");
const TYPE: &str = "ecrunner_runner_network";

/// A network called `ci` with these further arguments.
fn network(vpc_id: &str, arguments: &str) -> String {
    format!("resource \"{TYPE}\" \"this\" {{\n  name   = \"ci\"\n  vpc_id = \"{vpc_id}\"\n{arguments}\n}}\n")
}

/// Id of a new VPC.
fn vpc(account: &Account) -> String {
    let made = account.aws(&["ec2", "create-vpc", "--cidr-block", "10.0.0.0/16"]);
    made["Vpc"]["VpcId"].as_str().expect("an id").to_owned()
}

/// A workspace with a network in a new VPC, applied.
fn applied(account: &Account, arguments: &str) -> (Workspace, String) {
    let vpc_id = vpc(account);
    let mut workspace = Workspace::new(account);
    workspace.config(&network(&vpc_id, arguments));
    workspace.apply().expect_success();
    (workspace, vpc_id)
}

/// Ids of the managers' and the workers' group, from the state.
fn ids(workspace: &mut Workspace) -> (String, String) {
    let state = workspace.state();
    let id = |name: &str| state.attribute(NETWORK, name).as_str().expect("an id").to_owned();
    (id("manager_security_group_id"), id("worker_security_group_id"))
}

/// Names of the VPC's groups but the default one.
fn names(account: &Account, vpc_id: &str) -> Vec<String> {
    let filter = format!("Name=vpc-id,Values={vpc_id}");
    let answer = account.aws(&["ec2", "describe-security-groups", "--filters", &filter]);
    let groups = answer["SecurityGroups"].as_array().expect("groups").clone();
    let names = groups.iter().map(|group| group["GroupName"].as_str().expect("a name").to_owned());
    let mut names: Vec<String> = names.filter(|name| name != "default").collect();
    names.sort();
    names
}

fn group(account: &Account, id: &str) -> Value {
    account.aws(&["ec2", "describe-security-groups", "--group-ids", id])["SecurityGroups"][0].clone()
}

/// What the group takes in: protocol, first port, last port, group.
fn ingress(account: &Account, id: &str) -> Vec<(String, i64, i64, String)> {
    let group = group(account, id);
    let permissions = group["IpPermissions"].as_array().expect("permissions").clone();
    permissions
        .iter()
        .map(|it| {
            let port = |name: &str| it[name].as_i64().unwrap_or(-1);
            let from = it["UserIdGroupPairs"][0]["GroupId"].as_str().unwrap_or("no group");
            let protocol = it["IpProtocol"].as_str().expect("a protocol");
            (protocol.to_owned(), port("FromPort"), port("ToPort"), from.to_owned())
        })
        .collect()
}

/// Where the group may send to, sorted.
fn egress(account: &Account, id: &str) -> Vec<String> {
    let group = group(account, id);
    let permissions = group["IpPermissionsEgress"].as_array().expect("permissions").clone();
    let cidrs = permissions.iter().flat_map(|it| {
        let of = |list: &str, name: &str| -> Vec<String> {
            let list = it[list].as_array().cloned().unwrap_or_default();
            list.iter().map(|range| range[name].as_str().expect("a CIDR").to_owned()).collect()
        };
        [of("IpRanges", "CidrIp"), of("Ipv6Ranges", "CidrIpv6")].concat()
    });
    let mut cidrs: Vec<String> = cidrs.collect();
    cidrs.sort();
    cidrs
}

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

fn in_use() -> FaultKind {
    FaultKind::Error {
        status: 400,
        code: "DependencyViolation".into(),
        message: "resource has a dependent object".into(),
    }
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
fn basic() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(NETWORK), ["create"]);
    assert!(plan.is_unknown(NETWORK, "manager_security_group_id"));
    assert_eq!(plan.after(NETWORK, "ssh_port"), 22);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(names(&account, &vpc_id), ["ci-manager", "ci-worker"]);
    let (manager, worker) = ids(&mut workspace);
    assert_eq!(group(&account, &manager)["GroupName"], "ci-manager");
    assert_eq!(group(&account, &worker)["GroupName"], "ci-worker");
    assert_eq!(ingress(&account, &manager), []);
    assert_eq!(ingress(&account, &worker), [("tcp".to_owned(), 22, 22, manager.clone())]);
    assert_eq!(egress(&account, &manager), ["0.0.0.0/0", "::/0"]);
    assert_eq!(egress(&account, &worker), ["0.0.0.0/0", "::/0"]);
    assert_eq!(workspace.state_attr(NETWORK, "unexpected_rules"), json!([]));
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&network(&vpc_id, ""));
    second.import(NETWORK, &format!("{manager},{worker}")).expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
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

#[test]
fn update_ssh_port_and_traffic_among_workers() {
    let account = Account::new();
    let (mut workspace, vpc_id) = applied(&account, "");
    let (manager, worker) = ids(&mut workspace);
    workspace.config(&network(
        &vpc_id,
        "  ssh_port                   = 2222\n  worker_ingress_from_worker = true",
    ));
    let plan = workspace.plan();
    assert_eq!(plan.actions(NETWORK), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    let mut rules = ingress(&account, &worker);
    rules.sort();
    assert_eq!(
        rules,
        [("-1".to_owned(), -1, -1, worker.clone()), ("tcp".to_owned(), 2222, 2222, manager.clone())]
    );
    assert_eq!(ids(&mut workspace), (manager.clone(), worker.clone()));
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&network(
        &vpc_id,
        "  ssh_port                   = 2222\n  worker_ingress_from_worker = true",
    ));
    second.import(NETWORK, &format!("{manager},{worker}")).expect_success();
    second.assert_empty_plan();

    workspace.config(&network(&vpc_id, ""));
    workspace.apply().expect_success();
    assert_eq!(ingress(&account, &worker), [("tcp".to_owned(), 22, 22, manager)]);
    workspace.assert_empty_plan();
}

#[test]
fn replace_name_and_vpc_id() {
    let account = Account::new();
    let (mut workspace, vpc_id) = applied(&account, "");
    let other = vpc(&account);
    workspace.config(&network(&other, ""));
    assert_eq!(workspace.plan().replace_paths(NETWORK), ["vpc_id"]);
    workspace.config(&network(&vpc_id, "").replace("\"ci\"", "\"other\""));
    assert_eq!(workspace.plan().replace_paths(NETWORK), ["name"]);
    workspace.apply().expect_success();
    assert_eq!(names(&account, &vpc_id), ["other-manager", "other-worker"]);
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let (mut first, vpc_id) = applied(&account, "");
    let (manager, worker) = ids(&mut first);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    workspace
        .apply()
        .expect_error("Creating runner network (ci)", "name")
        .expect_only_error(&["import {", &format!("id = \"{manager},{worker}\"")]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    first.assert_empty_plan();
}

#[test]
fn import_of_groups_that_are_none_of_a_network_says_why() {
    let account = Account::new();
    let (mut first, vpc_id) = applied(&account, "");
    let (manager, worker) = ids(&mut first);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, ""));
    for (id, reason) in [
        (manager.clone(), "a comma"),
        (format!("{worker},{manager}"), "does not end in \"-manager\""),
        (format!("{manager},sg-0123456789abcdef0"), "There is no security group sg-0123456789abcdef0"),
    ] {
        workspace.import(NETWORK, &id).expect_failure().expect_text(reason);
    }
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
    let missing = FaultKind::Error {
        status: 400,
        code: "InvalidVpcID.NotFound".into(),
        message: "The vpc ID 'vpc-0123456789abcdef0' does not exist".into(),
    };
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
fn tags_and_default_tags_are_set_on_both() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { team = \"ci\", env = \"prod\" }\n  }");
    workspace.config(&network(&vpc_id, "  tags = { env = \"dev\" }"));
    workspace.apply().expect_success();
    let tags = |id: &str| {
        let mut tags = group(&account, id)["Tags"].clone();
        tags.as_array_mut().expect("tags").sort_by_key(|tag| tag["Key"].to_string());
        tags
    };
    let (manager, worker) = ids(&mut workspace);
    let expected = json!([{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "ci"}]);
    assert_eq!((tags(&manager), tags(&worker)), (expected.clone(), expected));
    assert_eq!(account.count("CreateTags"), 0, "tags are sent with the create call");
    workspace.assert_empty_plan();

    workspace.config(&network(&vpc_id, "  tags = { owner = \"me\" }"));
    let plan = workspace.plan();
    assert_eq!(plan.after(NETWORK, "tags_all"), &json!({"env": "prod", "team": "ci", "owner": "me"}));
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();

    // A tag that others took from one of both is set again.
    account.aws(&["ec2", "delete-tags", "--resources", &worker, "--tags", "Key=owner"]);
    assert_eq!(workspace.plan().actions(NETWORK), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(tags(&manager), tags(&worker));
    workspace.assert_empty_plan();
}

#[test]
fn unknown_vpc_id_plans_unknown() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        "resource \"terraform_data\" \"vpc\" {{\n  input = \"{vpc_id}\"\n}}\n{}",
        network("@", "").replace("\"@\"", "terraform_data.vpc.output")
    ));
    let plan = workspace.plan();
    assert!(plan.is_unknown(NETWORK, "vpc_id"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(names(&account, &vpc_id).len(), 2);
    workspace.assert_empty_plan();
}

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&network("subnet-1", "  ssh_port = 0").replace("\"ci\"", "\"sg-ci\""));
    workspace
        .validate()
        .expect_error("Invalid name", "name")
        .expect_error("Invalid vpc_id", "vpc_id")
        .expect_error("Invalid ssh_port", "ssh_port")
        .expect_error_count(3);
}

#[test]
fn example_lives_its_life() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&EXAMPLE.replace("vpc-0a1b2c3d4e5f67890", &vpc_id));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.terraform(&["fmt", "-check", "-diff", "main.tf"]).expect_success();
    workspace.destroy().expect_success();
    assert_eq!(names(&account, &vpc_id), Vec::<String>::new());
}

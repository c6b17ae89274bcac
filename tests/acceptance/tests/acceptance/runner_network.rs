//! `ecrunner_runner_network`.

mod faults;
mod outside;
mod tags;

use acceptance::{Account, Workspace};
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

//! `ecrunner_registry_policy_statement`.

mod faults;
mod invalid;
mod outside;

use acceptance::{Account, REGION, Workspace};
use serde_json::{Value, json};

const STATEMENT: &str = "ecrunner_registry_policy_statement.this";
const TYPE: &str = "ecrunner_registry_policy_statement";
const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/resources/ecrunner_registry_policy_statement/resource.tf");
const IMPORT: [&str; 2] = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"];

/// A statement with the name and Sid `sid` and these arguments.
fn named(name: &str, sid: &str, arguments: &str) -> String {
    format!("resource \"{TYPE}\" \"{name}\" {{\n  sid = \"{sid}\"\n{arguments}\n}}\n")
}

/// A statement with these principals that a pull through cache needs.
fn import(principals: &str) -> String {
    named("this", "Import", &format!("  principals = [{principals}]\n  repositories = [\"docker-hub/*\"]"))
}

fn root(id: &str) -> String {
    format!("arn:aws:iam::{id}:root")
}

fn repository(account: &Account, name: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{}:repository/{name}", account.id())
}

/// Statements of the registry policy as the AWS CLI reports it.
fn statements(account: &Account) -> Vec<Value> {
    policy(account)["Statement"].as_array().expect("statements").clone()
}

fn policy(account: &Account) -> Value {
    let answer = account.aws(&["ecr", "get-registry-policy"]);
    serde_json::from_str(answer["policyText"].as_str().expect("a text")).expect("JSON")
}

/// Somebody else writes the policy.
fn put(account: &Account, statements: &[Value]) {
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    account.aws(&["ecr", "put-registry-policy", "--policy-text", &policy]);
}

/// A statement of somebody else, with everything that this resource cannot say.
fn theirs(account: &Account) -> Value {
    json!({
        "Sid": "Theirs",
        "Effect": "Deny",
        "NotPrincipal": {"AWS": root("111122223333")},
        "Action": "ecr:ReplicateImage",
        "Resource": repository(account, "*"),
        "Condition": {"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}},
    })
}

fn assert_no_policy(account: &Account) {
    let error = account.aws_error(&["ecr", "get-registry-policy"]);
    assert!(error.contains("RegistryPolicyNotFoundException"), "{error}");
}

#[test]
fn basic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    assert_eq!(workspace.plan().actions(STATEMENT), ["create"]);
    workspace.apply().expect_success();
    assert_eq!(
        policy(&account),
        json!({"Version": "2012-10-17", "Statement": [{
            "Sid": "Import",
            "Effect": "Allow",
            "Principal": {"AWS": root("111122223333")},
            "Action": IMPORT,
            "Resource": repository(&account, "docker-hub/*"),
        }]})
    );
    assert_eq!(workspace.state_attr(STATEMENT, "registry_id"), account.id());
    assert_eq!(workspace.state_attr(STATEMENT, "actions"), json!(IMPORT));
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&import("\"111122223333\""));
    second.import(STATEMENT, "Import").expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_no_policy(&account);
}

#[test]
fn account_and_the_arn_of_its_root_are_the_same_principal() {
    let account = Account::new();
    let role = "\"arn:aws:iam::111122223333:role/ci\"";
    let as_root = import(&format!("\"{}\", {role}", root("111122223333")));
    let as_id = import(&format!("\"111122223333\", {role}"));
    let mut workspace = Workspace::applied(&account, &as_root);
    workspace.assert_empty_plan();
    workspace.config(&as_id);
    workspace.assert_empty_plan();

    // Import reads the shorter one.
    for config in [&as_root, &as_id] {
        let mut second = Workspace::new(&account);
        second.config(config);
        second.import(STATEMENT, "Import").expect_success();
        second.assert_empty_plan();
    }
    let both = import(&format!("\"111122223333\", \"{}\"", root("111122223333")));
    workspace.config(&both);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    assert_eq!(policy(&account)["Statement"][0]["Principal"], json!({"AWS": root("111122223333")}));
}

#[test]
fn update_each_argument_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    let changes = [
        (
            "principals",
            "  principals = [\"444455556666\"]\n  repositories = [\"docker-hub/*\"]",
            "Principal",
            json!({"AWS": root("444455556666")}),
        ),
        (
            "actions",
            "  principals = [\"444455556666\"]\n  repositories = [\"docker-hub/*\"]\n  actions = [\"ecr:ReplicateImage\"]",
            "Action",
            json!("ecr:ReplicateImage"),
        ),
        (
            "repositories",
            "  principals = [\"444455556666\"]\n  repositories = [\"quay/*\", \"*\"]\n  actions = [\"ecr:ReplicateImage\"]",
            "Resource",
            json!([repository(&account, "*"), repository(&account, "quay/*")]),
        ),
    ];
    for (attribute, arguments, member, expected) in changes {
        workspace.config(&named("this", "Import", arguments));
        let plan = workspace.plan();
        assert_eq!(plan.actions(STATEMENT), ["update"], "{attribute}");
        assert_ne!(plan.before(STATEMENT, attribute), plan.after(STATEMENT, attribute), "{attribute}");
        workspace.apply_plan(&plan).expect_success();
        assert_eq!(policy(&account)["Statement"][0][member], expected, "{attribute}");
        workspace.assert_empty_plan();
    }
    workspace.config(&import("\"444455556666\""));
    workspace.apply().expect_success();
    assert_eq!(policy(&account)["Statement"][0]["Action"], json!(IMPORT), "the default is back");
    workspace.assert_empty_plan();
}

#[test]
fn replace_sid() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    workspace.config(&import("\"111122223333\"").replace("\"Import\"", "\"Other\""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(STATEMENT), ["delete", "create"]);
    assert_eq!(plan.replace_paths(STATEMENT), ["sid"]);
    workspace.apply_plan(&plan).expect_success();
    let sids: Vec<_> = statements(&account).iter().map(|statement| statement["Sid"].clone()).collect();
    assert_eq!(sids, ["Other"]);
    workspace.assert_empty_plan();
}

#[test]
fn many_statements_in_one_apply_are_all_there_and_all_go() {
    let account = Account::new();
    let many = format!(
        r#"
resource "{TYPE}" "many" {{
  count        = 12
  sid          = "Import${{count.index}}"
  principals   = ["111122223333"]
  repositories = ["docker-hub-${{count.index}}/*"]
}}
"#
    );
    let mut workspace = Workspace::applied(&account, &many);
    assert_eq!(statements(&account).len(), 12);
    assert_eq!(account.count("PutRegistryPolicy"), 12, "none was overwritten");
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_no_policy(&account);
    assert_eq!(account.count("DeleteRegistryPolicy"), 1);
}

#[test]
fn statements_of_others_are_left_alone() {
    let account = Account::new();
    let theirs = theirs(&account);
    put(&account, std::slice::from_ref(&theirs));
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    assert_eq!(statements(&account).len(), 2);
    assert_eq!(statements(&account)[0], theirs);
    workspace.config(&import("\"444455556666\""));
    workspace.apply().expect_success();
    assert_eq!(statements(&account)[0], theirs);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(statements(&account), [theirs]);
    assert_eq!(account.count("DeleteRegistryPolicy"), 0);
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let _first = Workspace::applied(&account, &import("\"111122223333\""));
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    workspace
        .apply()
        .expect_error("Creating ECR registry policy statement (Import)", "sid")
        .expect_only_error(&["import {", "to = ecrunner_registry_policy_statement.", "id = \"Import\""]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(account.count("PutRegistryPolicy"), 1);
}

#[test]
fn import_of_an_unknown_sid_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    let without_policy = workspace.import(STATEMENT, "Nobody");
    without_policy.expect_failure().expect_text("ECR registry policy statement not found (Nobody)");
    put(&account, &[theirs(&account)]);
    let without_sid = workspace.import(STATEMENT, "Nobody");
    without_sid.expect_failure().expect_text("ECR registry policy statement not found (Nobody)");
}

#[test]
fn example_lives_its_life() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, EXAMPLE);
    workspace.assert_empty_plan();
    workspace.terraform(&["fmt", "-check", "-diff", "main.tf"]).expect_success();
    workspace.destroy().expect_success();
    assert_no_policy(&account);
}

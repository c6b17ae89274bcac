//! Every argument that AWS keeps, changed behind Terraform's back with the AWS CLI: it shows in the next plan, and apply
//! puts it right. Which arguments there are is asked of the provider's schema, so that a new one cannot be forgotten.

mod images;
mod roles;
mod rules;
mod software;

use std::collections::BTreeSet;

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

/// Resources of images and software, each with a test here.
const HERE: [&str; 8] = [
    "ecrunner_mirror_repository",
    "ecrunner_pull_through_cache_rule",
    "ecrunner_push_role",
    "ecrunner_registry_policy_statement",
    "ecrunner_repository_creation_role",
    "ecrunner_repository_creation_template",
    "ecrunner_software_object",
    "ecrunner_upstream_credential",
];
/// Resources with tests of what others do to their many objects.
const ELSEWHERE: [&str; 4] = [
    "ecrunner_instance_profile",
    "ecrunner_runner_manager",
    "ecrunner_runner_network",
    "ecrunner_worker_fleet",
];

/// Why an argument cannot be changed behind Terraform's back.
const IDENTITY: &str = "the object is found by it";
const FIXED: &str = "AWS never changes it";
const OURS: &str = "it says what Terraform does, and AWS never hears of it";

/// One change from outside.
struct Change {
    /// The argument that is concerned.
    argument: &'static str,
    /// The attribute in which it shows.
    shows_in: &'static str,
    /// Arguments of the AWS CLI.
    command: Vec<String>,
}

fn change(argument: &'static str, command: Vec<String>) -> Change {
    shown(argument, argument, command)
}

fn shown(argument: &'static str, shows_in: &'static str, command: Vec<String>) -> Change {
    Change { argument, shows_in, command }
}

/// A command of the AWS CLI: its beginning, and what follows.
fn words(beginning: &[&str], rest: &[&str]) -> Vec<String> {
    beginning.iter().chain(rest).map(ToString::to_string).collect()
}

/// The provider's schemas of resources, by type.
fn schemas(workspace: &mut Workspace) -> Value {
    let told = workspace.terraform(&["providers", "schema", "-json"]);
    let told: Value = serde_json::from_str(told.expect_success().stdout()).expect("JSON");
    let mut providers = told["provider_schemas"].as_object().expect("providers").values();
    providers.find_map(|provider| provider.get("resource_schemas").cloned()).expect("resources")
}

/// Names of the arguments of a resource: what the configuration can set.
fn arguments(workspace: &mut Workspace, type_name: &str) -> BTreeSet<String> {
    let schemas = schemas(workspace);
    let attributes = schemas[type_name]["block"]["attributes"].as_object().expect("attributes");
    let can_be_set = |attribute: &Value| attribute["optional"] == true || attribute["required"] == true;
    attributes.iter().filter(|(_, attribute)| can_be_set(attribute)).map(|(name, _)| name.clone()).collect()
}

/// Makes each change to the applied `this` of the type, and sees it in the plan and put right by apply. `apart` are the
/// arguments that cannot be changed from outside, with the reason.
fn check(
    account: &Account,
    workspace: &mut Workspace,
    type_name: &str,
    changes: &[Change],
    apart: &[(&str, &str)],
) {
    let address = &format!("{type_name}.this");
    let changed = changes.iter().map(|change| change.argument.to_owned()).collect::<BTreeSet<_>>();
    let apart = apart.iter().map(|(argument, _)| (*argument).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(changed.intersection(&apart).next(), None, "changed, and said to be unchangeable");
    let covered: BTreeSet<_> = changed.union(&apart).cloned().collect();
    assert_eq!(covered, arguments(workspace, type_name), "arguments of {type_name}");
    workspace.assert_empty_plan();
    for Change { argument, shows_in, command } in changes {
        account.aws(&command.iter().map(String::as_str).collect::<Vec<_>>());
        let plan = workspace.plan();
        assert_eq!(plan.drift(), [format!("{address} update")], "{argument}");
        assert_eq!(plan.actions(address), ["update"], "{argument}");
        let differs = plan.before(address, shows_in) != plan.after(address, shows_in);
        assert!(differs || plan.is_unknown(address, shows_in), "{argument} does not show in {shows_in}");
        workspace.apply_plan(&plan).expect_success();
        workspace.assert_empty_plan();
    }
}

/// A lifecycle policy that differs by `days`.
fn lifecycle_policy(days: u32) -> String {
    let selection = json!({
        "tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days,
    });
    let rule = json!({ "rulePriority": 1, "selection": selection, "action": { "type": "expire" } });
    json!({ "rules": [rule] }).to_string()
}

/// A repository policy that differs by the account that may pull.
fn repository_policy(account_id: &str) -> String {
    let principal = json!({ "AWS": format!("arn:aws:iam::{account_id}:root") });
    let statement =
        json!({ "Sid": "Pull", "Effect": "Allow", "Principal": principal, "Action": ["ecr:BatchGetImage"] });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

#[test]
fn every_resource_is_watched() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config("");
    let schemas = schemas(&mut workspace);
    let types: BTreeSet<_> = schemas.as_object().expect("types").keys().map(String::as_str).collect();
    assert_eq!(types, HERE.into_iter().chain(ELSEWHERE).collect(), "a new resource needs a test of drift");
}

//! `ecrunner_push_role`.

mod faults;
mod outside;

use acceptance::{Account, REGION, Workspace};
use serde_json::{Value, json};

const ROLE: &str = "ecrunner_push_role.this";
const TYPE: &str = "ecrunner_push_role";
const EXAMPLE: &str = include_str!("../../../../examples/terraform/resources/ecrunner_push_role/resource.tf");
/// A role of another account, of which nobody asks whether it is there.
const FOREIGN: &str = "arn:aws:iam::444455556666:role/worker";

/// An account with a role called `worker`, and its ARN.
fn account_with_worker() -> (Account, String) {
    let account = Account::new();
    let arn = make_role(&account, "worker");
    (account, arn)
}

/// Makes a role that EC2 may assume, and answers its ARN.
fn make_role(account: &Account, name: &str) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}},
    ]});
    let create = ["iam", "create-role", "--role-name", name, "--assume-role-policy-document"];
    let made = account.aws(&[&create[..], &[&trust.to_string()]].concat());
    made["Role"]["Arn"].as_str().expect("an ARN").to_owned()
}

/// A role called `push` that `worker` may assume, with these further arguments.
fn role_with(worker: &str, arguments: &str) -> String {
    format!(
        "resource \"{TYPE}\" \"this\" {{\n  name = \"push\"\n  assumed_by = [\"{worker}\"]\n  repositories = [\"team/*\"]\n{arguments}\n}}\n"
    )
}

fn role(account: &Account) -> Value {
    account.aws(&["iam", "get-role", "--role-name", "push"])["Role"].clone()
}

/// The inline policy as the AWS CLI reports it.
fn policy(account: &Account) -> Value {
    let read = ["iam", "get-role-policy", "--role-name", "push", "--policy-name", "ecrunner"];
    account.aws(&read)["PolicyDocument"].clone()
}

fn repository_arn(account: &Account, name: &str) -> String {
    format!("arn:aws:ecr:{REGION}:{}:repository/{name}", account.id())
}

fn arns(account: &Account, names: &[&str]) -> Value {
    names.iter().map(|name| repository_arn(account, name)).collect()
}

/// What the policy says of the login, and of repositories to push to.
fn push(account: &Account, repositories: &[&str]) -> [Value; 2] {
    let actions = json!([
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:GetDownloadUrlForLayer",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
    ]);
    [
        json!({"Sid": "EcrLogin", "Effect": "Allow", "Action": ["ecr:GetAuthorizationToken"], "Resource": ["*"]}),
        json!({"Sid": "ImagePush", "Effect": "Allow", "Action": actions, "Resource": arns(account, repositories)}),
    ]
}

/// Sids, effects and resources of the policy.
fn effects(account: &Account) -> Vec<(Value, Value, Value)> {
    let statements = policy(account)["Statement"].as_array().expect("statements").clone();
    statements
        .iter()
        .map(|statement| {
            (statement["Sid"].clone(), statement["Effect"].clone(), statement["Resource"].clone())
        })
        .collect()
}

/// Trust of a role that these roles alone may assume.
fn trust(roles: &[&str]) -> Value {
    json!([{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"AWS": roles}}])
}

/// Names of all roles of the account, sorted.
fn names(account: &Account) -> Vec<String> {
    let roles = account.aws(&["iam", "list-roles"])["Roles"].as_array().expect("roles").clone();
    let mut names: Vec<String> =
        roles.iter().map(|role| role["RoleName"].as_str().expect("a name").to_owned()).collect();
    names.sort();
    names
}

#[test]
fn basic() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["create"]);
    let planned: Value =
        serde_json::from_str(plan.after(ROLE, "policy_json").as_str().expect("a policy")).expect("JSON");
    workspace.apply_plan(&plan).expect_success();
    let made = role(&account);
    assert_eq!(made["AssumeRolePolicyDocument"]["Statement"], trust(&[&worker]));
    assert_eq!(made["MaxSessionDuration"], 3600);
    assert_eq!(policy(&account), planned, "the plan shows the policy");
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
    let arn = format!("arn:aws:iam::{}:role/push", account.id());
    assert_eq!(workspace.state_attr(ROLE, "arn"), arn.as_str());
    assert_eq!(workspace.state_attr(ROLE, "unique_id"), made["RoleId"]);
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&role_with(&worker, ""));
    second.import(ROLE, "push").expect_success();
    for attribute in
        ["path", "assumed_by", "repositories", "denied_repositories", "arn", "unique_id", "policy_json"]
    {
        let imported = second.state_attr(ROLE, attribute);
        assert_eq!(imported, workspace.state_attr(ROLE, attribute), "{attribute}");
    }
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(names(&account), ["worker"]);
}

#[test]
fn workers_that_may_assume_it_are_allowed_to() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, EXAMPLE);
    let role = workspace.state_attr("ecrunner_push_role.team", "arn");
    let worker = workspace.state_attr("ecrunner_instance_profile.worker", "role_arn");
    let read = ["iam", "get-role-policy", "--role-name", "ci-worker", "--policy-name", "ecrunner"];
    let statements = account.aws(&read)["PolicyDocument"]["Statement"].clone();
    let assume =
        json!({"Sid": "RoleAssume", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": [role]});
    assert!(statements.as_array().expect("statements").contains(&assume), "{statements}");
    let made = account.aws(&["iam", "get-role", "--role-name", "ci-push"])["Role"].clone();
    assert_eq!(
        made["AssumeRolePolicyDocument"]["Statement"],
        trust(&[worker.as_str().expect("the ARN of a role")])
    );
    workspace.assert_empty_plan();
    workspace.terraform(&["fmt", "-check", "-diff", "main.tf"]).expect_success();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn update_each_argument_in_place() {
    let (account, worker) = account_with_worker();
    let other = make_role(&account, "other");
    let bound = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let mut workspace = Workspace::applied(&account, &role_with(&worker, ""));
    let id = workspace.state_attr(ROLE, "unique_id");
    let changes: [(&str, String); 5] = [
        ("assumed_by", role_with(&other, "")),
        ("repositories", role_with(&other, "").replace("team/*", "tools/*")),
        (
            "denied_repositories",
            role_with(&other, "  denied_repositories = [\"mirror/*\"]").replace("team/*", "tools/*"),
        ),
        ("permissions_boundary", role_with(&other, &format!("  permissions_boundary = \"{bound}\""))),
        ("tags", role_with(&other, "  tags = { team = \"ci\" }")),
    ];
    for (attribute, config) in changes {
        workspace.config(&config);
        let plan = workspace.plan();
        assert_eq!(plan.actions(ROLE), ["update"], "{attribute}");
        assert!(!plan.is_unknown(ROLE, "arn") && !plan.is_unknown(ROLE, "unique_id"), "{attribute}");
        assert_ne!(plan.before(ROLE, attribute), plan.after(ROLE, attribute), "{attribute}");
        workspace.apply_plan(&plan).expect_success();
        match attribute {
            "assumed_by" => {
                assert_eq!(role(&account)["AssumeRolePolicyDocument"]["Statement"], trust(&[&other]));
            }
            "repositories" => {
                assert_eq!(policy(&account)["Statement"], json!(push(&account, &["tools/*"])));
            }
            "denied_repositories" => {
                let denied = (json!("WriteDenied"), json!("Deny"), arns(&account, &["mirror/*"]));
                assert_eq!(effects(&account)[2..], [denied]);
            }
            "permissions_boundary" => {
                assert_eq!(role(&account)["PermissionsBoundary"]["PermissionsBoundaryArn"], bound);
                assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
            }
            _ => {
                assert_eq!(role(&account)["Tags"], json!([{"Key": "team", "Value": "ci"}]));
                assert!(role(&account)["PermissionsBoundary"].is_null(), "the boundary is taken away");
            }
        }
        workspace.assert_empty_plan();
    }
    assert_eq!(workspace.state_attr(ROLE, "unique_id"), id);
    let made = account.calls().into_iter().filter(|call| call.action == "CreateRole").count();
    assert_eq!(made, 3, "worker, other and one role of ours");
}

#[test]
fn every_argument_is_kept_and_imported() {
    let (account, worker) = account_with_worker();
    let arguments = "  path = \"/ci/\"\n  denied_repositories = [\"docker-hub/*\", \"mirror/*\"]\n  permissions_boundary = \
                     \"arn:aws:iam::aws:policy/ReadOnlyAccess\"\n  tags = { team = \"ci\" }";
    let config = role_with(&worker, arguments).replace("[\"arn", &format!("[\"{FOREIGN}\", \"arn"));
    let mut workspace = Workspace::applied(&account, &config);
    assert_eq!(role(&account)["Path"], "/ci/");
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.config(&config);
    second.import(ROLE, "push").expect_success();
    second.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), ["worker"]);
}

#[test]
fn name_and_arn_are_the_same_repository() {
    let (account, worker) = account_with_worker();
    let arguments = "  denied_repositories = [\"mirror/*\"]";
    let by_name = role_with(&worker, arguments);
    let by_arn = by_name
        .replace("team/*", &repository_arn(&account, "team/*"))
        .replace("mirror/*", &repository_arn(&account, "mirror/*"));
    let mut workspace = Workspace::applied(&account, &by_arn);
    assert_eq!(workspace.state_attr(ROLE, "repositories"), arns(&account, &["team/*"]));
    workspace.assert_empty_plan();
    workspace.config(&by_name);
    workspace.assert_empty_plan();
    workspace.config(&by_name.replace("team/*", "tools/*"));
    assert_eq!(workspace.plan().actions(ROLE), ["update"]);
}

#[test]
fn nothing_denied_is_no_statement_and_no_difference() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &role_with(&worker, "  denied_repositories = []"));
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
    assert_eq!(workspace.state_attr(ROLE, "denied_repositories"), json!([]));
    workspace.assert_empty_plan();
}

#[test]
fn replace_name_and_path() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &role_with(&worker, ""));
    workspace.config(&role_with(&worker, "  path = \"/ci/\""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(ROLE), ["path"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(role(&account)["Path"], "/ci/");
    workspace.config(&role_with(&worker, "  path = \"/ci/\"").replace("\"push\"", "\"other\""));
    let plan = workspace.plan();
    assert_eq!(plan.replace_paths(ROLE), ["name"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(names(&account), ["other", "worker"]);
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let (account, worker) = account_with_worker();
    make_role(&account, "push");
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    workspace.apply().expect_error("Creating push role (push)", "name").expect_only_error(&[
        "import {",
        "to = ecrunner_push_role.",
        "id = \"push\"",
    ]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!((account.count("CreateRole"), account.count("PutRolePolicy")), (2, 0));
}

#[test]
fn import_of_an_unknown_name_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(FOREIGN, ""));
    workspace.import(ROLE, "nobody").expect_failure().expect_text("Push role not found (nobody)");
}

#[test]
fn invalid_arguments_are_reported_with_their_path() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let good = role_with(FOREIGN, "");
    let cases = [
        ("name", good.replace("\"push\"", "\"p u\"")),
        ("path", role_with(FOREIGN, "  path = \"ci\"")),
        ("assumed_by", good.replace(&format!("[\"{FOREIGN}\"]"), "[]")),
        ("assumed_by", good.replace(FOREIGN, "worker")),
        ("assumed_by", good.replace(FOREIGN, "arn:aws:iam::444455556666:role/*")),
        ("assumed_by", good.replace(FOREIGN, "arn:aws:iam::444455556666:root")),
        ("repositories", good.replace("[\"team/*\"]", "[]")),
        ("repositories", good.replace("team/*", "Team")),
        ("denied_repositories", role_with(FOREIGN, "  denied_repositories = [\"Mirror\"]")),
        ("permissions_boundary", role_with(FOREIGN, "  permissions_boundary = \"bound\"")),
    ];
    for (attribute, config) in cases {
        workspace.config(&config);
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
}

#[test]
fn invalid_places_are_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let good = role_with(FOREIGN, "");
    let elsewhere = "arn:aws:ecr:eu-central-1:444455556666:repository/team/*";
    let denied = |names: &str| role_with(FOREIGN, &format!("  denied_repositories = [{names}]"));
    let both = format!("\"mirror/*\", \"{}\"", repository_arn(&account, "team/*"));
    let cases = [
        ("assumed_by", good.replace("arn:aws:iam", "arn:aws-cn:iam")),
        ("repositories", good.replace("team/*", elsewhere)),
        ("denied_repositories", denied(&format!("\"{elsewhere}\""))),
        ("denied_repositories", denied(&both)),
    ];
    for (attribute, config) in cases {
        workspace.config(&config);
        let run = workspace.run_plan(&[]);
        run.expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    workspace.config(&denied("\"mirror/*\", \"team/base\""));
    workspace.plan();
}

#[test]
fn invalid_policy_size_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let many = |count| {
        let list = format!("[for i in range({count}) : \"team/image-${{i}}\"]");
        role_with(FOREIGN, "").replace("[\"team/*\"]", &list)
    };
    workspace.config(&many(200));
    workspace.run_plan(&[]).expect_only_error(&["Policy is too large", "10240", "common prefix"]);
    workspace.config(&many(100));
    workspace.plan();
}

#[test]
fn unknown_arguments_plan_an_unknown_policy() {
    let (account, worker) = account_with_worker();
    let input = format!(
        "resource \"terraform_data\" \"input\" {{\n  input = {{ worker = \"{worker}\", team = \"team/*\" }}\n}}\n"
    );
    let config = role_with(&worker, "")
        .replace(&format!("\"{worker}\""), "terraform_data.input.output.worker")
        .replace("\"team/*\"", "terraform_data.input.output.team");
    let mut workspace = Workspace::new(&account);
    workspace.config(&(input + &config));
    let plan = workspace.plan();
    assert!(plan.is_unknown(ROLE, "policy_json"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
    workspace.assert_empty_plan();
}

#[test]
fn tags_and_default_tags_are_set_and_ignored_ones_left_alone() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments(
        "  default_tags {\n    tags = { owner = \"platform\" }\n  }\n  ignore_tags {\n    keys = [\"cost\"]\n  }",
    );
    workspace.config(&role_with(&worker, "  tags = { team = \"ci\" }"));
    workspace.apply().expect_success();
    account.aws(&["iam", "tag-role", "--role-name", "push", "--tags", "Key=cost,Value=1"]);
    assert_eq!(workspace.state_attr(ROLE, "tags_all"), json!({"owner": "platform", "team": "ci"}));
    workspace.assert_empty_plan();
    assert_eq!(role(&account)["Tags"].as_array().map(Vec::len), Some(3));
}

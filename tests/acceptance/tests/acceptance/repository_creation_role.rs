//! `ecrunner_repository_creation_role`.

mod faults;
mod outside;

use acceptance::{Account, REGION, Workspace};
use serde_json::{Value, json};

const ROLE: &str = "ecrunner_repository_creation_role.this";
const TYPE: &str = "ecrunner_repository_creation_role";
const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/resources/ecrunner_repository_creation_role/resource.tf");
const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

/// A role called `creation` with these further arguments.
fn role_with(arguments: &str) -> String {
    format!(
        "resource \"{TYPE}\" \"this\" {{\n  name = \"creation\"\n  repositories = [\"docker-hub/*\"]\n{arguments}\n}}\n"
    )
}

fn role(account: &Account) -> Value {
    account.aws(&["iam", "get-role", "--role-name", "creation"])["Role"].clone()
}

/// Statements of the inline policy as the AWS CLI reports it.
fn statements(account: &Account) -> Value {
    let read = ["iam", "get-role-policy", "--role-name", "creation", "--policy-name", "ecrunner"];
    account.aws(&read)["PolicyDocument"]["Statement"].clone()
}

/// What the policy says of these repositories.
fn creation(account: &Account, repositories: &[&str]) -> Value {
    let arn = |name: &&str| format!("arn:aws:ecr:{REGION}:{}:repository/{name}", account.id());
    json!({
        "Sid": "RepositoryCreation",
        "Effect": "Allow",
        "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
        "Resource": repositories.iter().map(arn).collect::<Vec<_>>(),
    })
}

/// What the policy says of these keys.
fn keys(arns: &[&str]) -> Value {
    json!({
        "Sid": "RepositoryKeys",
        "Effect": "Allow",
        "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
        "Resource": arns,
    })
}

/// Names of all roles of the account.
fn names(account: &Account) -> Vec<String> {
    let roles = account.aws(&["iam", "list-roles"])["Roles"].as_array().expect("roles").clone();
    roles.iter().map(|role| role["RoleName"].as_str().expect("a name").to_owned()).collect()
}

/// ARN of a managed policy that bounds nothing.
fn boundary(account: &Account) -> String {
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let made =
        account.aws(&["iam", "create-policy", "--policy-name", "bound", "--policy-document", document]);
    made["Policy"]["Arn"].as_str().expect("an ARN").to_owned()
}

/// Trust of a role that ECR alone may assume.
fn trust() -> Value {
    json!([{"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {"Service": ["ecr.amazonaws.com"]}}])
}

#[test]
fn basic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    assert_eq!(workspace.plan().actions(ROLE), ["create"]);
    workspace.apply().expect_success();
    let made = role(&account);
    assert_eq!(made["AssumeRolePolicyDocument"]["Statement"], trust());
    assert_eq!(statements(&account), json!([creation(&account, &["docker-hub/*"])]));
    assert_eq!(
        workspace.state_attr(ROLE, "arn"),
        format!("arn:aws:iam::{}:role/creation", account.id()).as_str()
    );
    assert_eq!(workspace.state_attr(ROLE, "unique_id"), made["RoleId"]);
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&role_with(""));
    second.import(ROLE, "creation").expect_success();
    for attribute in ["path", "repositories", "kms_key_arns", "arn", "unique_id", "tags_all"] {
        let imported = second.state_attr(ROLE, attribute);
        assert_eq!(imported, workspace.state_attr(ROLE, attribute), "{attribute}");
    }
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn template_takes_the_role() {
    let account = Account::new();
    let template = r#"
resource "ecrunner_repository_creation_template" "this" {
  prefix          = "docker-hub"
  applied_for     = ["PULL_THROUGH_CACHE"]
  resource_tags   = { team = "ci" }
  custom_role_arn = ecrunner_repository_creation_role.this.arn
}
"#;
    let mut workspace = Workspace::applied(&account, &(role_with("") + template));
    let template = "ecrunner_repository_creation_template.this";
    assert_eq!(workspace.state_attr(template, "custom_role_arn"), role(&account)["Arn"]);
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn update_each_argument_in_place() {
    let account = Account::new();
    let bound = boundary(&account);
    let mut workspace = Workspace::applied(&account, &role_with(""));
    let id = workspace.state_attr(ROLE, "unique_id");
    let changes: [(&str, String); 4] = [
        ("kms_key_arns", role_with(&format!("  kms_key_arns = [\"{KEY}\"]"))),
        ("repositories", role_with("").replace("docker-hub/*", "quay/*")),
        ("permissions_boundary", role_with(&format!("  permissions_boundary = \"{bound}\""))),
        ("tags", role_with("  tags = { team = \"ci\" }")),
    ];
    for (attribute, config) in changes {
        workspace.config(&config);
        let plan = workspace.plan();
        assert_eq!(plan.actions(ROLE), ["update"], "{attribute}");
        assert!(!plan.is_unknown(ROLE, "arn") && !plan.is_unknown(ROLE, "unique_id"), "{attribute}");
        assert_ne!(plan.before(ROLE, attribute), plan.after(ROLE, attribute), "{attribute}");
        workspace.apply_plan(&plan).expect_success();
        match attribute {
            "kms_key_arns" => {
                assert_eq!(
                    statements(&account),
                    json!([creation(&account, &["docker-hub/*"]), keys(&[KEY])])
                );
            }
            "repositories" => assert_eq!(statements(&account), json!([creation(&account, &["quay/*"])])),
            "permissions_boundary" => {
                let actual = role(&account)["PermissionsBoundary"]["PermissionsBoundaryArn"].clone();
                assert_eq!(actual, bound.as_str());
            }
            _ => {
                assert_eq!(role(&account)["Tags"], json!([{"Key": "team", "Value": "ci"}]));
                assert!(role(&account)["PermissionsBoundary"].is_null(), "the boundary is taken away");
            }
        }
        workspace.assert_empty_plan();
    }
    assert_eq!(workspace.state_attr(ROLE, "unique_id"), id);
    assert_eq!(account.count("CreateRole"), 1);
}

#[test]
fn every_argument_is_kept_and_imported() {
    let account = Account::new();
    let config = role_with(&format!(
        "  path = \"/ci/\"\n  kms_key_arns = [\"{KEY}\"]\n  permissions_boundary = \"{}\"\n  tags = {{ team = \"ci\" }}",
        boundary(&account)
    ));
    let mut workspace = Workspace::applied(&account, &config);
    assert_eq!(role(&account)["Path"], "/ci/");
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.config(&config);
    second.import(ROLE, "creation").expect_success();
    second.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn replace_name_and_path() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &role_with(""));
    workspace.config(&role_with("  path = \"/ci/\""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(ROLE), ["path"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(role(&account)["Path"], "/ci/");
    workspace.config(&role_with("  path = \"/ci/\"").replace("\"creation\"", "\"other\""));
    let plan = workspace.plan();
    assert_eq!(plan.replace_paths(ROLE), ["name"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(names(&account), ["other"]);
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    account.aws(&["iam", "create-role", "--role-name", "creation", "--assume-role-policy-document", trust]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    workspace
        .apply()
        .expect_error("Creating repository creation role (creation)", "name")
        .expect_only_error(&["import {", "to = ecrunner_repository_creation_role.", "id = \"creation\""]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!((account.count("CreateRole"), account.count("PutRolePolicy")), (1, 0));
}

#[test]
fn import_of_an_unknown_name_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(""));
    let run = workspace.import(ROLE, "nobody");
    run.expect_failure().expect_text("Repository creation role not found (nobody)");
}

#[test]
fn invalid_arguments_are_reported_with_their_path() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let good = role_with("");
    let cases = [
        ("name", good.replace("\"creation\"", "\"c r\"")),
        ("path", role_with("  path = \"ci\"")),
        ("repositories", good.replace("[\"docker-hub/*\"]", "[]")),
        ("repositories", good.replace("docker-hub/*", "arn:aws:ecr:eu-central-1:111122223333:repository/a")),
        ("kms_key_arns", role_with("  kms_key_arns = []")),
        ("kms_key_arns", role_with("  kms_key_arns = [\"alias/ecr\"]")),
        ("permissions_boundary", role_with("  permissions_boundary = \"bound\"")),
    ];
    for (attribute, config) in cases {
        workspace.config(&config);
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
}

#[test]
fn invalid_policy_size_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let many = |count| {
        let list = format!("[for i in range({count}) : \"team/image-${{i}}\"]");
        role_with("").replace("[\"docker-hub/*\"]", &list)
    };
    workspace.config(&many(200));
    workspace.run_plan(&[]).expect_only_error(&["Policy is too large", "10240", "common prefix"]);
    workspace.config(&many(100));
    workspace.plan();
}

#[test]
fn unknown_keys_are_planned_and_applied() {
    let account = Account::new();
    let key = format!("resource \"terraform_data\" \"key\" {{\n  input = \"{KEY}\"\n}}\n");
    let mut workspace =
        Workspace::applied(&account, &(key + &role_with("  kms_key_arns = [terraform_data.key.output]")));
    assert_eq!(statements(&account)[1], keys(&[KEY]));
    workspace.assert_empty_plan();
}

#[test]
fn tags_and_default_tags_are_set_and_ignored_ones_left_alone() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments(
        "  default_tags {\n    tags = { owner = \"platform\" }\n  }\n  ignore_tags {\n    keys = [\"cost\"]\n  }",
    );
    workspace.config(&role_with("  tags = { team = \"ci\" }"));
    workspace.apply().expect_success();
    account.aws(&["iam", "tag-role", "--role-name", "creation", "--tags", "Key=cost,Value=1"]);
    assert_eq!(workspace.state_attr(ROLE, "tags_all"), json!({"owner": "platform", "team": "ci"}));
    workspace.assert_empty_plan();
    assert_eq!(role(&account)["Tags"].as_array().map(Vec::len), Some(3));
}

#[test]
fn example_lives_its_life() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, EXAMPLE);
    workspace.assert_empty_plan();
    workspace.terraform(&["fmt", "-check", "-diff", "main.tf"]).expect_success();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

//! `ecrunner_instance_profile`.

mod faults;
mod outside;
mod tags;

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

const PROFILE: &str = "ecrunner_instance_profile.this";
const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/resources/ecrunner_instance_profile/resource.tf");
const TYPE: &str = "ecrunner_instance_profile";
const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*";
/// What a rule fills.
const IMPORTED: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/quay/*";

/// A profile called `ci` with these further arguments.
fn profile(arguments: &str) -> String {
    format!("resource \"{TYPE}\" \"this\" {{\n  name = \"ci\"\n{arguments}\n}}\n")
}

/// A worker's profile.
fn worker() -> String {
    profile(&format!("  image_pull = {{\n    repositories = [\"{REPOSITORY}\"]\n  }}\n"))
}

/// Actions of the inline policy as the AWS CLI reports it.
fn actions(account: &Account) -> Vec<String> {
    let policy = policy(account);
    let statements = policy["Statement"].as_array().expect("statements").clone();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().expect("actions"));
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

fn policy(account: &Account) -> Value {
    account.aws(&["iam", "get-role-policy", "--role-name", "ci", "--policy-name", "ecrunner"])
        ["PolicyDocument"]
        .clone()
}

/// Names of all roles and of all instance profiles of the account.
fn names(account: &Account) -> (Vec<String>, Vec<String>) {
    let of = |command: &str, list: &str, name: &str| {
        let answer = account.aws(&["iam", command]);
        let list = answer[list].as_array().expect("a list").clone();
        list.iter().map(|entry| entry[name].as_str().expect("a name").to_owned()).collect()
    };
    (
        of("list-roles", "Roles", "RoleName"),
        of("list-instance-profiles", "InstanceProfiles", "InstanceProfileName"),
    )
}

/// Roles in the profile.
fn members(account: &Account) -> Vec<String> {
    let answer = account.aws(&["iam", "get-instance-profile", "--instance-profile-name", "ci"]);
    let roles = answer["InstanceProfile"]["Roles"].as_array().expect("roles").clone();
    roles.iter().map(|role| role["RoleName"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn basic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    let plan = workspace.plan();
    assert_eq!(plan.actions(PROFILE), ["create"]);
    let planned: Value =
        serde_json::from_str(plan.after(PROFILE, "policy_json").as_str().expect("a policy")).expect("JSON");
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(policy(&account), planned, "the plan shows the policy");
    assert_eq!(members(&account), ["ci"]);
    let state = workspace.state();
    let of = |kind: &str| json!(format!("arn:aws:iam::{}:{kind}/ci", account.id()));
    assert_eq!(state.attribute(PROFILE, "arn"), &of("instance-profile"));
    assert_eq!(state.attribute(PROFILE, "role_arn"), &of("role"));
    assert_eq!(state.attribute(PROFILE, "role_name"), "ci");
    let role = account.aws(&["iam", "get-role", "--role-name", "ci"]);
    let trust = &role["Role"]["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(trust[0]["Principal"], json!({"Service": ["ec2.amazonaws.com"]}));
    workspace.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
}

#[test]
fn no_capability_no_policy() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &profile(""));
    assert_eq!(workspace.state_attr(PROFILE, "policy_json"), json!(null));
    assert_eq!(account.count("PutRolePolicy"), 0);
    workspace.assert_empty_plan();
}

#[test]
fn every_argument_is_kept() {
    let account = Account::new();
    let boundary = account.aws(&[
        "iam",
        "create-policy",
        "--policy-name",
        "bound",
        "--policy-document",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ])["Policy"]["Arn"]
        .as_str()
        .expect("an ARN")
        .to_owned();
    let arn =
        |service: &str, resource: &str| format!("arn:aws:{service}:eu-central-1:111122223333:{resource}");
    let group = arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/ci");
    let key = arn("kms", "key/1234");
    let parameter = arn("ssm", "parameter/ecrunner/token");
    let log_group = arn("logs", "log-group:/ecrunner/ci");
    let mut workspace = Workspace::applied(
        &account,
        &profile(&format!(
            r#"
  path                 = "/team/ci/"
  permissions_boundary = "{boundary}"
  session_manager      = true
  image_pull           = {{ repositories = ["{REPOSITORY}"], import_repositories = ["{IMPORTED}"] }}
  fleet_control        = {{ fleet_arns = ["{group}"], os_user = "ubuntu" }}
  read_parameters      = {{ parameters = ["{parameter}"], kms_key_arns = ["{key}"] }}
  write_parameters     = ["{parameter}"]
  cache_bucket         = {{ bucket_arn = "arn:aws:s3:::cache", prefix = "ci/", kms_key_arn = "{key}" }}
  read_objects         = ["arn:aws:s3:::config/main.toml"]
  write_logs           = ["{log_group}"]
  complete_lifecycle   = {{ fleet_arns = ["{group}"] }}
  assume_roles         = ["ci-push"]
  timeouts {{
    create = "3m"
  }}
"#
        )),
    );
    workspace.assert_empty_plan();
    let role = account.aws(&["iam", "get-role", "--role-name", "ci"])["Role"].clone();
    assert_eq!(role["Path"], "/team/ci/");
    assert_eq!(role["PermissionsBoundary"]["PermissionsBoundaryArn"], boundary.as_str());
    assert_eq!(actions(&account).len(), 29);

    workspace.config(&worker().replace("\"ci\"\n", "\"ci\"\n  path = \"/team/ci/\"\n"));
    assert_eq!(workspace.plan().actions(PROFILE), ["update"]);
    workspace.apply().expect_success();
    let role = account.aws(&["iam", "get-role", "--role-name", "ci"])["Role"].clone();
    assert_eq!(role["PermissionsBoundary"], json!(null), "the boundary is taken away");
    assert_eq!(actions(&account).len(), 3);
    workspace.assert_empty_plan();
}

#[test]
fn update_capabilities() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    let arn = workspace.state_attr(PROFILE, "role_arn");
    workspace.config(&profile(&format!(
        "  session_manager = true\n  image_pull = {{\n    repositories = [\"{REPOSITORY}\"]\n    import_repositories = [\"{IMPORTED}\"]\n  }}\n"
    )));
    let plan = workspace.plan();
    assert_eq!(plan.actions(PROFILE), ["update"]);
    assert!(plan.after(PROFILE, "policy_json").as_str().expect("a policy").contains("ssmmessages"));
    assert!(!plan.is_unknown(PROFILE, "arn") && !plan.is_unknown(PROFILE, "role_arn"));
    workspace.apply_plan(&plan).expect_success();
    assert!(actions(&account).contains(&"ecr:CreateRepository".to_owned()));
    assert_eq!(workspace.state_attr(PROFILE, "role_arn"), arn);
    workspace.assert_empty_plan();

    workspace.config(&profile(""));
    workspace.apply().expect_success();
    let error =
        account.aws_error(&["iam", "get-role-policy", "--role-name", "ci", "--policy-name", "ecrunner"]);
    assert!(error.contains("NoSuchEntity"), "{error}");
    workspace.assert_empty_plan();
}

#[test]
fn update_assume_roles() {
    let account = Account::new();
    let own = |role: &str| format!("arn:aws:iam::{}:role/{role}", account.id());
    let foreign = "arn:aws:iam::444455556666:role/push";
    let mut workspace = Workspace::applied(&account, &profile("  assume_roles = [\"ci-push\"]\n"));
    let statement = |roles: &[&str]| json!([{"Sid": "RoleAssume", "Effect": "Allow", "Action": ["sts:AssumeRole"], "Resource": roles}]);
    assert_eq!(policy(&account)["Statement"], statement(&[&own("ci-push")]));
    workspace.assert_empty_plan();

    workspace.config(&profile(&format!("  assume_roles = [\"team/ci-push\", \"{foreign}\"]\n")));
    let plan = workspace.plan();
    assert_eq!(plan.actions(PROFILE), ["update"]);
    assert!(plan.after(PROFILE, "policy_json").as_str().expect("a policy").contains(foreign));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(policy(&account)["Statement"], statement(&[&own("team/ci-push"), foreign]));
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&profile(&format!("  assume_roles = [\"{}\", \"{foreign}\"]\n", own("team/ci-push"))));
    second.import(PROFILE, "ci").expect_success();
    assert_eq!(second.state_attr(PROFILE, "assume_roles"), json!([own("team/ci-push"), foreign]));
    second.assert_empty_plan();
}

#[test]
fn replace_name_and_path() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    workspace.config(&worker().replace("\"ci\"\n", "\"ci\"\n  path = \"/team/\"\n"));
    let plan = workspace.plan();
    assert_eq!(
        (plan.actions(PROFILE), plan.replace_paths(PROFILE)),
        (vec!["delete", "create"], vec!["path".into()])
    );
    workspace.config(&worker().replace("\"ci\"\n", "\"other\"\n"));
    assert_eq!(workspace.plan().replace_paths(PROFILE), ["name"]);
    workspace.apply().expect_success();
    assert_eq!(names(&account), (vec!["other".to_owned()], vec!["other".to_owned()]));
    workspace.assert_empty_plan();
}

#[test]
fn import_reads_the_capabilities_back_from_the_policy() {
    let account = Account::new();
    let mut first = Workspace::applied(&account, &worker());
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    workspace.import(PROFILE, "ci").expect_success();
    for attribute in ["path", "arn", "role_arn", "policy_json", "image_pull"] {
        let imported = workspace.state_attr(PROFILE, attribute);
        assert_eq!(imported, first.state_attr(PROFILE, attribute), "{attribute}");
    }
    workspace.assert_empty_plan();
}

#[test]
fn import_of_an_unknown_name_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    workspace.import(PROFILE, "nobody").expect_failure().expect_text("Instance profile not found (nobody)");
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let _first = Workspace::applied(&account, &worker());
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    workspace.apply().expect_error("Creating instance profile (ci)", "name").expect_only_error(&[
        "import {",
        "to = ecrunner_instance_profile.",
        "id = \"ci\"",
    ]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(members(&account), ["ci"]);
}

#[test]
fn lone_role_of_that_name_is_not_adopted() {
    let account = Account::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    account.aws(&["iam", "create-role", "--role-name", "ci", "--assume-role-policy-document", trust]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    workspace.apply().expect_error("Creating instance profile (ci)", "name");
    assert_eq!((account.count("PutRolePolicy"), account.count("CreateInstanceProfile")), (0, 0));
}

#[test]
fn unknown_fleet_arns_plan_an_unknown_policy() {
    let account = Account::new();
    let group = "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/ci";
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        "resource \"terraform_data\" \"fleet\" {{\n  input = \"{group}\"\n}}\n{}",
        profile("  fleet_control = {\n    fleet_arns = [terraform_data.fleet.output]\n  }\n")
    ));
    let plan = workspace.plan();
    assert!(plan.is_unknown(PROFILE, "policy_json"));
    assert_eq!(plan.after(PROFILE, "role_name"), "ci");
    workspace.apply_plan(&plan).expect_success();
    let policy = policy(&account).to_string();
    assert!(
        policy.contains(group) && policy.contains("aws:ResourceTag/aws:autoscaling:groupName"),
        "{policy}"
    );
    workspace.assert_empty_plan();
}

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(
        &profile(
            r#"
  path                 = "team"
  permissions_boundary = "bound"
  image_pull           = { repositories = ["Docker Hub"] }
  fleet_control        = { fleet_arns = ["ci"], os_user = "Root" }
  write_parameters     = ["ecrunner token"]
  cache_bucket         = { bucket_arn = "cache" }
  assume_roles         = ["ci-*"]
"#,
        )
        .replace("\"ci\"\n\n", "\"c i\"\n\n"),
    );
    let run = workspace.validate();
    for attribute in ["name", "path", "permissions_boundary"] {
        run.expect_error(&format!("Invalid {attribute}"), attribute);
    }
    run.expect_error_count(9);
}

#[test]
fn invalid_policy_size_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&profile(
        "  image_pull = {\n    repositories = [for i in range(200) : \
         \"arn:aws:ecr:eu-central-1:111122223333:repository/team/image-${i}\"]\n  }\n",
    ));
    workspace.run_plan(&[]).expect_only_error(&["Policy is too large", "10240", "common prefix"]);
}

#[test]
fn example_lives_its_life() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, EXAMPLE);
    workspace.assert_empty_plan();
    workspace.terraform(&["fmt", "-check", "-diff", "main.tf"]).expect_success();
    workspace.destroy().expect_success();
    assert_eq!(names(&account), (vec![], vec![]));
}

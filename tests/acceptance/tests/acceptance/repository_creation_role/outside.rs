//! What others change.

use super::*;

/// The plan restores in place; then everything is as it was.
fn assert_restored(workspace: &mut Workspace, account: &Account, what: &str) {
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["update"], "{what}");
    assert_eq!(plan.drift(), [format!("{ROLE} update")], "{what}");
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    assert_eq!(role(account)["AssumeRolePolicyDocument"]["Statement"], trust(), "{what}");
    let whole = json!([creation(account, &["docker-hub/*"]), keys(&[KEY])]);
    assert_eq!(statements(account), whole, "{what}");
}

fn put_policy(account: &Account, name: &str, document: &Value) {
    let document = document.to_string();
    account.aws(&[
        "iam",
        "put-role-policy",
        "--role-name",
        "creation",
        "--policy-name",
        name,
        "--policy-document",
        &document,
    ]);
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

/// A role with a key.
fn with_key() -> String {
    role_with(&format!("  kms_key_arns = [\"{KEY}\"]"))
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &role_with(""));
    let delete_policy = ["iam", "delete-role-policy", "--role-name", "creation", "--policy-name", "ecrunner"];
    let delete_role = ["iam", "delete-role", "--role-name", "creation"];
    account.aws(&delete_policy);
    account.aws(&delete_role);
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();

    // Between plan and apply, of an update and of a destroy.
    workspace.config(&with_key());
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["update"]);
    account.aws(&delete_policy);
    account.aws(&delete_role);
    workspace.apply_plan(&plan).expect_only_error(&["vanished", "Apply again"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["delete"]);
    account.aws(&delete_policy);
    account.aws(&delete_role);
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn repositories_and_keys_changed_by_others_are_drift() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &with_key());
    let repositories = document(&[creation(&account, &["docker-hub/*", "quay/*"]), keys(&[KEY])]);
    put_policy(&account, "ecrunner", &repositories);
    let shown = json!(["docker-hub/*", "quay/*"]);
    assert_eq!(workspace.plan().before(ROLE, "repositories"), &shown);
    assert_restored(&mut workspace, &account, "repositories");
    put_policy(&account, "ecrunner", &document(&[creation(&account, &["docker-hub/*"])]));
    assert_eq!(workspace.plan().before(ROLE, "kms_key_arns"), &json!(null));
    assert_restored(&mut workspace, &account, "keys");
}

#[test]
fn policy_that_allows_something_else_is_told_and_restored() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &with_key());
    let open = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let whole = document(&[creation(&account, &["docker-hub/*"]), keys(&[KEY])]);
    for foreign in [
        document(std::slice::from_ref(&open)),
        document(&[creation(&account, &["docker-hub/*"]), keys(&[KEY]), open]),
    ] {
        put_policy(&account, "ecrunner", &foreign);
        workspace.plan().run().expect_warning("Repository creation role was changed (creation)");
        assert_restored(&mut workspace, &account, "policy");
    }
    let delete = ["iam", "delete-role-policy", "--role-name", "creation", "--policy-name", "ecrunner"];
    account.aws(&delete);
    workspace.plan().run().expect_warning("Repository creation role was changed (creation)");
    assert_restored(&mut workspace, &account, "no policy");

    // The same policy in another order is no drift.
    let mut reordered = whole;
    reordered["Statement"].as_array_mut().expect("statements").reverse();
    put_policy(&account, "ecrunner", &reordered);
    workspace.assert_empty_plan();
}

#[test]
fn trust_policy_changed_by_others_is_told_and_restored() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &with_key());
    let arn = workspace.state_attr(ROLE, "arn");
    let open = json!({"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"});
    let open = document(&[open]).to_string();
    account.aws(&["iam", "update-assume-role-policy", "--role-name", "creation", "--policy-document", &open]);
    let plan = workspace.plan();
    plan.run().expect_warning("Repository creation role was changed (creation)");
    assert!(plan.is_unknown(ROLE, "arn"));
    assert_restored(&mut workspace, &account, "trust");
    assert_eq!(workspace.state_attr(ROLE, "arn"), arn);
}

#[test]
fn boundary_and_tags_changed_by_others_are_drift() {
    let account = Account::new();
    let bound = boundary(&account);
    let config = with_key().replace("\n}\n", "\n  tags = { team = \"ci\" }\n}\n");
    let mut workspace = Workspace::applied(&account, &config);
    account.aws(&[
        "iam",
        "put-role-permissions-boundary",
        "--role-name",
        "creation",
        "--permissions-boundary",
        &bound,
    ]);
    assert_restored(&mut workspace, &account, "boundary");
    assert!(role(&account)["PermissionsBoundary"].is_null());
    account.aws(&["iam", "tag-role", "--role-name", "creation", "--tags", "Key=team,Value=theirs"]);
    assert_restored(&mut workspace, &account, "tags");
    assert_eq!(role(&account)["Tags"], json!([{"Key": "team", "Value": "ci"}]));
}

#[test]
fn policies_of_others_are_left_alone_until_destroy() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &with_key());
    let theirs = document(&[json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})]);
    put_policy(&account, "theirs", &theirs);
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    account.aws(&["iam", "attach-role-policy", "--role-name", "creation", "--policy-arn", arn]);
    workspace.assert_empty_plan();
    workspace.config(&with_key().replace("docker-hub/*", "quay/*"));
    workspace.apply().expect_success();
    let inline = account.aws(&["iam", "list-role-policies", "--role-name", "creation"]);
    assert_eq!(inline["PolicyNames"], json!(["ecrunner", "theirs"]));
    let attached = account.aws(&["iam", "list-attached-role-policies", "--role-name", "creation"]);
    assert_eq!(attached["AttachedPolicies"][0]["PolicyArn"], arn);
    workspace.destroy().expect_success();
    assert_eq!(names(&account), Vec::<String>::new());
}

#[test]
fn import_of_a_foreign_policy_shows_what_will_change() {
    let account = Account::new();
    let trust = document(&[]).to_string();
    account.aws(&["iam", "create-role", "--role-name", "creation", "--assume-role-policy-document", &trust]);
    let foreign = document(&[json!({"Effect": "Allow", "Action": "ecr:*", "Resource": "*"})]);
    put_policy(&account, "ecrunner", &foreign);
    let mut workspace = Workspace::new(&account);
    workspace.config(&with_key());
    workspace.import(ROLE, "creation").expect_success();
    assert_eq!(workspace.state_attr(ROLE, "repositories"), json!([]));
    assert_eq!(workspace.plan().actions(ROLE), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(statements(&account), json!([creation(&account, &["docker-hub/*"]), keys(&[KEY])]));
    workspace.assert_empty_plan();
}

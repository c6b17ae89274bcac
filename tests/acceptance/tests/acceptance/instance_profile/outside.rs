//! What others change.

use acceptance::Plan;

use super::*;

/// The plan restores in place; then everything is as it was.
fn assert_restored(workspace: &mut Workspace, account: &Account) -> Plan {
    let plan = workspace.plan();
    assert_eq!(plan.actions(PROFILE), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    assert_eq!(names(account), (vec!["ci".to_owned()], vec!["ci".to_owned()]));
    assert_eq!(members(account), ["ci"]);
    assert_eq!(
        actions(account),
        ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    );
    plan
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    delete_profile(&account);
    delete_role(&account);
    assert_eq!(workspace.plan().actions(PROFILE), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();

    delete_profile(&account);
    delete_role(&account);
    workspace.destroy().expect_success();
}

#[test]
fn profile_without_its_role_is_restored_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    remove_role(&account);
    let plan = assert_restored(&mut workspace, &account);
    plan.run().expect_warning("Instance profile is incomplete (ci)");
}

#[test]
fn deleted_inline_policy_is_restored_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    delete_policy(&account);
    assert_restored(&mut workspace, &account);
}

#[test]
fn deleted_role_is_restored_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    remove_role(&account);
    delete_role(&account);
    let plan = assert_restored(&mut workspace, &account);
    assert!(plan.is_unknown(PROFILE, "role_arn"));
    assert!(!plan.is_unknown(PROFILE, "arn"));
}

#[test]
fn deleted_profile_is_restored_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    delete_profile(&account);
    let plan = assert_restored(&mut workspace, &account);
    assert!(plan.is_unknown(PROFILE, "arn"));
}

#[test]
fn policy_changed_by_others_is_drift_and_set_right() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    let foreign =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    put_policy(&account, foreign);
    let plan = assert_restored(&mut workspace, &account);
    assert_eq!(plan.drift(), ["ecrunner_instance_profile.this update"]);

    // The same policy in another layout is none.
    let pretty = serde_json::to_string_pretty(&policy(&account)).expect("JSON");
    put_policy(&account, &pretty);
    workspace.assert_empty_plan();
}

#[test]
fn trust_policy_changed_by_others_is_set_right() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#;
    account.aws(&["iam", "update-assume-role-policy", "--role-name", "ci", "--policy-document", open]);
    assert_restored(&mut workspace, &account);
    let role = account.aws(&["iam", "get-role", "--role-name", "ci"]);
    let trust = &role["Role"]["AssumeRolePolicyDocument"]["Statement"];
    assert_eq!(trust[0]["Principal"], json!({"Service": ["ec2.amazonaws.com"]}));
}

#[test]
fn foreign_role_in_the_profile_is_put_out() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &worker());
    remove_role(&account);
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    account.aws(&["iam", "create-role", "--role-name", "other", "--assume-role-policy-document", trust]);
    account.aws(&[
        "iam",
        "add-role-to-instance-profile",
        "--instance-profile-name",
        "ci",
        "--role-name",
        "other",
    ]);
    assert_eq!(workspace.plan().actions(PROFILE), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(members(&account), ["ci"]);
    workspace.assert_empty_plan();
}

#[test]
fn import_of_a_foreign_policy_shows_what_will_change() {
    let account = Account::new();
    let trust = r#"{"Version":"2012-10-17","Statement":[]}"#;
    account.aws(&["iam", "create-role", "--role-name", "ci", "--assume-role-policy-document", trust]);
    account.aws(&["iam", "create-instance-profile", "--instance-profile-name", "ci"]);
    let foreign =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    put_policy(&account, foreign);
    let mut workspace = Workspace::new(&account);
    workspace.config(&worker());
    workspace.import(PROFILE, "ci").expect_success();
    assert_eq!(workspace.state_attr(PROFILE, "policy_json"), foreign);
    assert_eq!(workspace.state_attr(PROFILE, "image_pull"), json!(null));
    assert_restored(&mut workspace, &account);
}

fn remove_role(account: &Account) {
    account.aws(&[
        "iam",
        "remove-role-from-instance-profile",
        "--instance-profile-name",
        "ci",
        "--role-name",
        "ci",
    ]);
}

fn put_policy(account: &Account, document: &str) {
    account.aws(&[
        "iam",
        "put-role-policy",
        "--role-name",
        "ci",
        "--policy-name",
        "ecrunner",
        "--policy-document",
        document,
    ]);
}

fn delete_policy(account: &Account) {
    account.aws(&["iam", "delete-role-policy", "--role-name", "ci", "--policy-name", "ecrunner"]);
}

fn delete_profile(account: &Account) {
    remove_role(account);
    account.aws(&["iam", "delete-instance-profile", "--instance-profile-name", "ci"]);
}

fn delete_role(account: &Account) {
    delete_policy(account);
    account.aws(&["iam", "delete-role", "--role-name", "ci"]);
}

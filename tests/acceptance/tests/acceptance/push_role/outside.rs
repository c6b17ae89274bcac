//! What others change.

use super::*;

/// A role with all that its policies can say.
fn whole(worker: &str) -> String {
    role_with(worker, "  denied_repositories = [\"mirror/*\"]\n  tags = { team = \"ci\" }")
}

/// The plan restores in place; then everything is as it was.
fn assert_restored(workspace: &mut Workspace, account: &Account, worker: &str, before: &Value) {
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["update"]);
    assert_eq!(plan.drift(), [format!("{ROLE} update")]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    assert_eq!(role(account)["AssumeRolePolicyDocument"]["Statement"], trust(&[worker]));
    assert_eq!(&policy(account), before);
}

fn put_policy(account: &Account, document: &str) {
    let put = ["iam", "put-role-policy", "--role-name", "push", "--policy-name", "ecrunner"];
    account.aws(&[&put[..], &["--policy-document", document]].concat());
}

fn put_trust(account: &Account, statements: &Value) {
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let put = ["iam", "update-assume-role-policy", "--role-name", "push"];
    account.aws(&[&put[..], &["--policy-document", &document]].concat());
}

#[test]
fn disappears() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &role_with(&worker, ""));
    let vanish = || {
        account.aws(&["iam", "delete-role-policy", "--role-name", "push", "--policy-name", "ecrunner"]);
        account.aws(&["iam", "delete-role", "--role-name", "push"]);
    };
    vanish();
    assert_eq!(workspace.plan().actions(ROLE), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();

    // Between plan and apply, of an update and of a destroy.
    workspace.config(&whole(&worker));
    let plan = workspace.plan();
    assert_eq!(plan.actions(ROLE), ["update"]);
    vanish();
    workspace.apply_plan(&plan).expect_only_error(&["Updating push role (push)", "vanished", "Apply again"]);
    workspace.apply().expect_success();
    workspace.config("");
    let plan = workspace.plan();
    vanish();
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn role_of_the_workers_that_was_made_anew_is_trusted_again() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &whole(&worker));
    let before = policy(&account);
    // AWS shows the unique id of the role that was deleted; the new one of that name is another.
    let deleted = account.aws(&["iam", "get-role", "--role-name", "worker"])["Role"]["RoleId"].clone();
    account.aws(&["iam", "delete-role", "--role-name", "worker"]);
    make_role(&account, "worker");
    let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": deleted}});
    put_trust(&account, &statement);
    let plan = workspace.plan();
    assert_eq!(plan.before(ROLE, "assumed_by"), &json!([deleted]));
    assert_eq!(plan.after(ROLE, "assumed_by"), &json!([worker]));
    assert_restored(&mut workspace, &account, &worker, &before);
}

#[test]
fn trust_policy_changed_by_others_is_told_and_restored() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &whole(&worker));
    let before = policy(&account);
    let mut more = trust(&[&worker]);
    more[0]["Principal"] = json!({"AWS": [worker, FOREIGN]});
    put_trust(&account, &more);
    assert_eq!(workspace.plan().before(ROLE, "assumed_by"), &json!([worker, FOREIGN]));
    assert_restored(&mut workspace, &account, &worker, &before);

    let mut open = trust(&[&worker]);
    let everybody = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}});
    open.as_array_mut().expect("statements").push(everybody);
    put_trust(&account, &open);
    let plan = workspace.plan();
    plan.run().expect_warning("Push role was changed (push)");
    assert_eq!(plan.before(ROLE, "assumed_by"), &json!([]));
    assert_restored(&mut workspace, &account, &worker, &before);
}

#[test]
fn policy_changed_by_others_is_told_and_restored() {
    let (account, worker) = account_with_worker();
    let mut workspace = Workspace::applied(&account, &whole(&worker));
    let before = policy(&account);
    let text = before.to_string();

    put_policy(&account, &text.replace("repository/team/*", "repository/theirs/*"));
    assert_eq!(workspace.plan().before(ROLE, "repositories"), &json!(["theirs/*"]));
    assert_restored(&mut workspace, &account, &worker, &before);
    put_policy(&account, &text.replace("ecr:PutImage\"", "ecr:*\""));
    let plan = workspace.plan();
    plan.run().expect_warning("Push role was changed (push)");
    assert_eq!(plan.before(ROLE, "repositories"), &json!([]));
    assert_restored(&mut workspace, &account, &worker, &before);
    account.aws(&["iam", "delete-role-policy", "--role-name", "push", "--policy-name", "ecrunner"]);
    workspace.plan().run().expect_warning("Push role was changed (push)");
    assert_restored(&mut workspace, &account, &worker, &before);

    // The same policy in another layout is none.
    put_policy(&account, &serde_json::to_string_pretty(&before).expect("JSON"));
    workspace.assert_empty_plan();
}

#[test]
fn import_of_a_foreign_role_shows_what_will_change() {
    let (account, worker) = account_with_worker();
    make_role(&account, "push");
    put_policy(
        &account,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}"#,
    );
    let mut workspace = Workspace::new(&account);
    workspace.config(&role_with(&worker, ""));
    workspace.import(ROLE, "push").expect_success();
    assert_eq!(workspace.state_attr(ROLE, "repositories"), json!([]));
    assert_eq!(workspace.state_attr(ROLE, "assumed_by"), json!([]));
    assert_eq!(workspace.plan().actions(ROLE), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(role(&account)["AssumeRolePolicyDocument"]["Statement"], trust(&[&worker]));
    assert_eq!(policy(&account)["Statement"], json!(push(&account, &["team/*"])));
    workspace.assert_empty_plan();
}

//! What others change.

use super::*;

/// The statement of [`import`] with this in the place of a member.
fn changed(account: &Account, member: &str, value: Value) -> Value {
    let mut statement = json!({
        "Sid": "Import",
        "Effect": "Allow",
        "Principal": {"AWS": root("111122223333")},
        "Action": IMPORT,
        "Resource": repository(account, "docker-hub/*"),
    });
    statement[member] = value;
    statement
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    account.aws(&["ecr", "delete-registry-policy"]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(STATEMENT), ["create"]);
    let warned: Vec<_> =
        plan.run().warnings().into_iter().map(|warning| warning.address.as_deref()).collect();
    assert_eq!(warned, [Some(STATEMENT)]);
    workspace.apply().expect_success();
    assert_eq!(statements(&account).len(), 1);

    // The policy is there, and the statement is not.
    put(&account, &[theirs(&account)]);
    assert_eq!(workspace.plan().actions(STATEMENT), ["create"]);
    workspace.apply().expect_success();
    assert_eq!(statements(&account).len(), 2);
    workspace.assert_empty_plan();

    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(STATEMENT), ["delete"]);
    put(&account, &[theirs(&account)]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(statements(&account), [theirs(&account)]);
}

#[test]
fn every_argument_changed_outside_shows_in_the_next_plan() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    let original = statements(&account);
    let foreign_resource = repository(&account, "docker-hub/*").replace(REGION, "us-east-1");
    let outside = [
        ("principals", "Principal", json!({"AWS": root("444455556666")}), json!(["444455556666"])),
        ("principals", "Principal", json!({"AWS": "*"}), json!(["*"])),
        ("principals", "Principal", json!("*"), json!(["*"])),
        // What becomes of a role that was deleted.
        (
            "principals",
            "Principal",
            json!({"AWS": [root("111122223333"), "AROAEXAMPLEID"]}),
            json!(["111122223333", "AROAEXAMPLEID"]),
        ),
        ("actions", "Action", json!("ecr:CreateRepository"), json!(["ecr:CreateRepository"])),
        ("repositories", "Resource", json!(repository(&account, "*")), json!(["*"])),
        ("repositories", "Resource", json!(foreign_resource), json!([foreign_resource])),
    ];
    for (attribute, member, value, shown) in outside {
        put(&account, &[changed(&account, member, value)]);
        let plan = workspace.plan();
        assert_eq!(plan.drift(), [format!("{STATEMENT} update")], "{attribute}");
        assert_eq!(plan.actions(STATEMENT), ["update"], "{attribute}");
        assert_eq!(plan.before(STATEMENT, attribute), &shown, "{attribute}");
        workspace.apply_plan(&plan).expect_success();
        workspace.assert_empty_plan();
        assert_eq!(statements(&account), original, "{attribute}");
    }
}

#[test]
fn statement_of_another_shape_is_told_and_restored() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\""));
    let original = statements(&account);
    let condition = json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}});
    let service = json!({"Service": "replication.ecr.amazonaws.com"});
    for (member, value) in [("Effect", json!("Deny")), ("Condition", condition), ("Principal", service)] {
        put(&account, &[changed(&account, member, value)]);
        let plan = workspace.plan();
        plan.run().expect_warning("ECR registry policy statement was changed (Import)");
        assert_eq!(plan.actions(STATEMENT), ["update"], "{member}");
        assert_eq!(plan.before(STATEMENT, "principals"), &json!([]), "{member}");
        workspace.apply_plan(&plan).expect_success();
        workspace.assert_empty_plan();
        assert_eq!(statements(&account), original, "{member}");
    }
}

#[test]
fn another_order_is_no_drift() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &import("\"111122223333\", \"444455556666\""));
    let principals = json!({"AWS": [root("444455556666"), root("111122223333")]});
    let mut statement = changed(&account, "Principal", principals);
    statement["Action"] = json!([IMPORT[1], IMPORT[0]]);
    put(&account, &[statement]);
    workspace.assert_empty_plan();
}

#[test]
fn import_of_a_foreign_statement_shows_what_will_change() {
    let account = Account::new();
    put(&account, &[changed(&account, "Action", json!("ecr:ReplicateImage")), theirs(&account)]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"111122223333\""));
    workspace.import(STATEMENT, "Import").expect_success();
    assert_eq!(workspace.state_attr(STATEMENT, "actions"), json!(["ecr:ReplicateImage"]));
    assert_eq!(workspace.plan().actions(STATEMENT), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(statements(&account)[0]["Action"], json!(IMPORT));
    assert_eq!(statements(&account)[1], theirs(&account));
    workspace.assert_empty_plan();
}

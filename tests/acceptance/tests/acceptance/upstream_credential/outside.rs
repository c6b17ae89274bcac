//! What others do to the secret, and what the next plan and apply make of it.

use acceptance::{Account, Fault, FaultKind};
use serde_json::json;

use super::{CREDENTIAL, TOKEN, credential, id, secret, value, workspace};

fn put(account: &Account, name: &str, value: &str) {
    account.aws(&["secretsmanager", "put-secret-value", "--secret-id", &id(name), "--secret-string", value]);
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    let delete = ["secretsmanager", "delete-secret", "--secret-id", &id("hub")];
    account.aws(&[&delete[..], &["--force-delete-without-recovery"]].concat());
    let plan = workspace.plan();
    assert_eq!(plan.actions(CREDENTIAL), ["create"]);
    let warned: Vec<_> =
        plan.run().warnings().into_iter().map(|warning| warning.address.as_deref()).collect();
    assert_eq!(warned, [Some(CREDENTIAL)]);
    workspace.apply().expect_success();

    // One that waits for its deletion is as good as gone.
    account.aws(&delete);
    let plan = workspace.plan();
    assert_eq!(plan.actions(CREDENTIAL), ["create"]);
    workspace.apply_plan(&plan).expect_success();
    assert!(secret(&account, "hub")["DeletedDate"].is_null());

    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(CREDENTIAL), ["delete"]);
    account.aws(&delete);
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn value_changed_outside_shows_in_the_next_plan_and_is_written_anew() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    let theirs = [
        // The same user with another token, another user, and no credential at all.
        (r#"{"username":"team","accessToken":"theirs"}"#, "team"),
        (r#"{"username":"theirs","accessToken":"theirs"}"#, "theirs"),
        ("theirs", ""),
    ];
    for (text, username) in theirs {
        put(&account, "hub", text);
        let plan = workspace.plan();
        assert_eq!(plan.drift(), [format!("{CREDENTIAL} update")], "{text}");
        assert_eq!(plan.actions(CREDENTIAL), ["update"], "{text}");
        assert_eq!(plan.before(CREDENTIAL, "username"), username);
        assert_eq!(plan.before(CREDENTIAL, "access_token_wo_version"), 0);
        workspace.apply_plan(&plan).expect_success();
        assert_eq!(value(&account, "hub"), json!({ "username": "team", "accessToken": TOKEN }));
        workspace.assert_empty_plan();
    }
}

#[test]
fn value_that_may_not_be_read_keeps_the_user_name() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", ""));
    workspace.apply().expect_success();
    put(&account, "hub", r#"{"username":"theirs","accessToken":"theirs"}"#);
    let denied = FaultKind::error("AccessDeniedException", "not authorized");
    account.inject(Fault::once("secretsmanager", "GetSecretValue", denied).times(100));
    let plan = workspace.plan();
    assert_eq!(plan.before(CREDENTIAL, "username"), "team");
    assert_eq!(plan.actions(CREDENTIAL), ["update"], "that the value is another one shows all the same");
    workspace.apply_plan(&plan).expect_success();
    account.clear_faults();
    assert_eq!(value(&account, "hub"), json!({ "username": "team", "accessToken": TOKEN }));
    workspace.assert_empty_plan();
}

#[test]
fn customer_managed_key_is_told_and_taken_away_again() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("hub", "  description = \"Docker Hub\""));
    workspace.apply().expect_success();
    let key = format!("arn:aws:kms:eu-central-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", account.id());
    account.aws(&["secretsmanager", "update-secret", "--secret-id", &id("hub"), "--kms-key-id", &key]);
    let plan = workspace.plan();
    plan.run().expect_warning("Secret has a key that ECR cannot use (ecr-pullthroughcache/hub)");
    assert_eq!(plan.actions(CREDENTIAL), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    let made = secret(&account, "hub");
    assert!(made["KmsKeyId"].is_null(), "{made}");
    assert_eq!(made["Description"], "Docker Hub");
    workspace.assert_empty_plan();
}

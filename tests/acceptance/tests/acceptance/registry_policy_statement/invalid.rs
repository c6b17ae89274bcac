//! Arguments that are refused before anything is changed.

use super::*;

#[test]
fn invalid_arguments_are_reported_with_their_path() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let good = import("\"111122223333\"");
    let actions =
        |actions: &str| good.replace("  principals", &format!("  actions = {actions}\n  principals"));
    let cases = [
        ("sid", good.replace("\"Import\"", "\"pull-through\"")),
        ("sid", good.replace("\"Import\"", "\"\"")),
        ("principals", good.replace("[\"111122223333\"]", "[]")),
        ("principals", import("\"*\"")),
        ("principals", import("\"11112222333\"")),
        ("principals", import("\"arn:aws:sts::111122223333:assumed-role/ci/me\"")),
        ("actions", actions("[]")),
        ("actions", actions("[\"*\"]")),
        ("actions", actions("[\"ecr:*\"]")),
        ("actions", actions("[\"s3:GetObject\"]")),
        ("repositories", good.replace("[\"docker-hub/*\"]", "[]")),
        ("repositories", good.replace("docker-hub/*", "Docker/*")),
        ("repositories", good.replace("docker-hub/*", &repository(&account, "docker-hub/*"))),
    ];
    for (attribute, config) in cases {
        workspace.config(&config);
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
    workspace.config(&good);
    workspace.validate().expect_success();
}

#[test]
fn everybody_is_refused_with_a_remedy() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"*\""));
    workspace.validate().expect_only_error(&["everybody", "Name the ids of accounts"]);
}

#[test]
fn invalid_partition_of_a_principal_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&import("\"arn:aws-cn:iam::111122223333:role/ci\""));
    workspace.run_plan(&[]).expect_error("Invalid principals", "principals").expect_text("another partition");
}

/// A statement with so many principals, and as many repositories: some 100 characters for each pair.
fn large(name: &str, sid: &str, pairs: u32) -> String {
    let arguments = format!(
        "  principals = [for i in range({pairs}) : format(\"1%011d\", i)]\n  \
         repositories = [for i in range({pairs}) : \"docker-hub-${{i}}/*\"]"
    );
    named(name, sid, &arguments)
}

#[test]
fn invalid_size_of_the_statement_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&large("this", "Import", 110));
    workspace.run_plan(&[]).expect_only_error(&["Registry policy is too large", "10240"]);
    workspace.config(&large("this", "Import", 80));
    workspace.plan();
}

#[test]
fn policy_that_grows_too_large_is_not_sent() {
    let account = Account::new();
    let mut workspace = Workspace::applied(&account, &large("this", "Import", 80));
    let before = policy(&account);
    workspace.config(&(large("this", "Import", 80) + &large("more", "More", 80)));
    workspace.apply().expect_only_error(&["Registry policy is too large", "10240", "Nothing was changed."]);
    assert_eq!(policy(&account), before);
    assert_eq!(account.count("PutRegistryPolicy"), 1);
    assert_eq!(workspace.state().addresses(), [STATEMENT]);
    workspace.config(&(large("this", "Import", 80) + &large("more", "More", 5)));
    workspace.apply().expect_success();
    assert_eq!(statements(&account).len(), 2);
}

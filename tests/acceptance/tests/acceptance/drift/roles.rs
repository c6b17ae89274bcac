//! Roles of images.

use acceptance::{Account, Workspace};

use super::{IDENTITY, change, check, words};

/// The inline policy of the role, as JSON.
fn policy(account: &Account, role: &str) -> String {
    let get = ["iam", "get-role-policy", "--role-name", role, "--policy-name", "ecrunner"];
    account.aws(&get)["PolicyDocument"].to_string()
}

/// The policy with another text in the place of one that it has.
fn changed(policy: &str, from: &str, to: &str) -> String {
    assert!(policy.contains(from), "{policy}");
    policy.replace(from, to)
}

#[test]
fn repository_creation_role() {
    let account = Account::new();
    let type_name = "ecrunner_repository_creation_role";
    let arn = |resource: &str| format!("arn:aws:{resource}");
    let key = arn("kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab");
    let boundary = |name: &str| arn(&format!("iam::{}:policy/{name}", account.id()));
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  name                 = "creation"
  repositories         = ["docker-hub/*"]
  kms_key_arns         = ["{key}"]
  permissions_boundary = "{}"
  tags                 = {{ team = "ci" }}
}}
"#,
        boundary("ours")
    ));
    workspace.apply().expect_success();
    let role = |action, options: &[&str]| words(&["iam", action, "--role-name", "creation"], options);
    let policy = policy(&account, "creation");
    let put = |from: &str, to: &str| {
        role(
            "put-role-policy",
            &["--policy-name", "ecrunner", "--policy-document", &changed(&policy, from, to)],
        )
    };
    let changes = [
        change("repositories", put("repository/docker-hub/*", "repository/theirs/*")),
        change("kms_key_arns", put("1234567890ab", "ba0987654321")),
        change(
            "permissions_boundary",
            role("put-role-permissions-boundary", &["--permissions-boundary", &boundary("theirs")]),
        ),
        change("tags", role("tag-role", &["--tags", "Key=team,Value=theirs"])),
    ];
    check(&account, &mut workspace, type_name, &changes, &[("name", IDENTITY), ("path", IDENTITY)]);
}

#[test]
fn push_role() {
    let account = Account::new();
    let type_name = "ecrunner_push_role";
    let boundary = |name: &str| format!("arn:aws:iam::{}:policy/{name}", account.id());
    let worker = "arn:aws:iam::444455556666:role/worker";
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  name                 = "push"
  assumed_by           = ["{worker}"]
  repositories         = ["team/*"]
  denied_repositories  = ["mirror/*"]
  permissions_boundary = "{}"
  tags                 = {{ team = "ci" }}
}}
"#,
        boundary("ours")
    ));
    workspace.apply().expect_success();
    let role = |action, options: &[&str]| words(&["iam", action, "--role-name", "push"], options);
    let policy = policy(&account, "push");
    let put = |from: &str, to: &str| {
        role(
            "put-role-policy",
            &["--policy-name", "ecrunner", "--policy-document", &changed(&policy, from, to)],
        )
    };
    let trust =
        account.aws(&["iam", "get-role", "--role-name", "push"])["Role"]["AssumeRolePolicyDocument"].clone();
    let theirs = changed(&trust.to_string(), worker, "AROAEXAMPLEOFADELETED");
    let changes = [
        change("assumed_by", role("update-assume-role-policy", &["--policy-document", &theirs])),
        change("repositories", put("repository/team/*", "repository/theirs/*")),
        change("denied_repositories", put("repository/mirror/*", "repository/theirs/*")),
        change(
            "permissions_boundary",
            role("put-role-permissions-boundary", &["--permissions-boundary", &boundary("theirs")]),
        ),
        change("tags", role("tag-role", &["--tags", "Key=team,Value=theirs"])),
    ];
    check(&account, &mut workspace, type_name, &changes, &[("name", IDENTITY), ("path", IDENTITY)]);
}

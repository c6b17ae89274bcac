//! What others change, and what is gone.

use serde_json::json;

use super::*;

fn delete_group(account: &Account) {
    let delete =
        ["autoscaling", "delete-auto-scaling-group", "--force-delete", "--auto-scaling-group-name", NAME];
    account.aws(&delete);
}

fn put(account: &Account, value: &str) {
    account.aws(&[
        "ssm",
        "put-parameter",
        "--overwrite",
        "--type",
        "String",
        "--name",
        PARAMETER,
        "--value",
        value,
    ]);
}

/// A text in its published form.
fn encoded(text: &str) -> String {
    let mut child = Command::new("sh")
        .args(["-c", "gzip -c | base64 -w0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    child.stdin.take().expect("standard input").write_all(text.as_bytes()).expect("written");
    String::from_utf8(child.wait_with_output().expect("an end").stdout).expect("text")
}

#[test]
fn config_published_by_others_shows_as_drift_and_is_published_again() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    put(&account, &encoded(&config_toml(99)));
    let plan = workspace.plan();
    assert_eq!(plan.drift(), [format!("{MANAGER} update")]);
    assert_eq!(plan.actions(MANAGER), ["update"]);
    assert_eq!(plan.after(MANAGER, "config"), config_toml(10).as_str());
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(published(&account), config_toml(10));
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 0);
    workspace.assert_empty_plan();
}

#[test]
fn a_parameter_with_something_else_or_a_token_is_published_again_and_not_shown() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let token = config_toml(10).replace("__LINUX__", "glrt-aBcDeF0123456789");
    for value in ["something else", &encoded(&token)] {
        put(&account, value);
        let plan = workspace.plan();
        plan.run().expect_warning("Published configuration was replaced");
        assert_eq!(plan.actions(MANAGER), ["update"]);
        assert!(!plan.json().to_string().contains("aBcDeF"), "the token is in the plan");
        workspace.apply_plan(&plan).expect_success();
        assert!(!workspace.state_text().contains("aBcDeF"), "the token is in the state");
        assert_eq!(published(&account), config_toml(10));
        workspace.assert_empty_plan();
    }
}

#[test]
fn a_parameter_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "  tags = {\n    team = \"ci\"\n  }");
    let instance = instance_ids(&account);
    account.aws(&["ssm", "delete-parameter", "--name", PARAMETER]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(published(&account), config_toml(10));
    assert_eq!(instance_ids(&account), instance);
    workspace.assert_empty_plan();
}

#[test]
fn a_log_group_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, LOGS);
    let instance = instance_ids(&account);
    account.aws(&["logs", "delete-log-group", "--log-group-name", LOG_GROUP]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    assert_eq!(plan.after(MANAGER, "log_group_name"), LOG_GROUP);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(log_group(&account)["retentionInDays"], json!(30));
    assert_eq!(instance_ids(&account), instance);
    workspace.assert_empty_plan();
    account.aws(&["logs", "put-retention-policy", "--log-group-name", LOG_GROUP, "--retention-in-days", "1"]);
    assert_eq!(workspace.plan().actions(MANAGER), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(log_group(&account)["retentionInDays"], json!(30));
}

#[test]
fn a_group_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let before = workspace.state_attr(MANAGER, "launch_template_id");
    delete_group(&account);
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(instance_ids(&account).len(), 1);
    assert_eq!(group(&account)["LaunchTemplate"]["Version"], json!("1"));
    assert_eq!(workspace.state_attr(MANAGER, "launch_template_id"), before);
    workspace.assert_empty_plan();
}

#[test]
fn a_launch_template_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let before = workspace.state_attr(MANAGER, "launch_template_id");
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    assert_eq!(workspace.plan().actions(MANAGER), ["update"]);
    workspace.apply().expect_success();
    let after = workspace.state_attr(MANAGER, "launch_template_id");
    assert_ne!(before, after);
    assert_eq!(group(&account)["LaunchTemplate"]["LaunchTemplateId"], after);
    workspace.assert_empty_plan();
}

#[test]
fn disappears() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, LOGS);
    let vanish = || {
        delete_group(&account);
        account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
        account.aws(&["ssm", "delete-parameter", "--name", PARAMETER]);
        account.aws(&["logs", "delete-log-group", "--log-group-name", LOG_GROUP]);
    };
    vanish();
    assert_eq!(workspace.plan().actions(MANAGER), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    vanish();
    workspace.destroy().expect_success();
}

#[test]
fn sizes_set_by_others_show_in_the_next_plan_and_are_set_right() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    for sizes in [["0", "0", "0"], ["2", "3", "2"]] {
        account.aws(&[
            "autoscaling",
            "update-auto-scaling-group",
            "--auto-scaling-group-name",
            NAME,
            "--min-size",
            sizes[0],
            "--max-size",
            sizes[1],
            "--desired-capacity",
            sizes[2],
        ]);
        let plan = workspace.plan();
        assert_eq!(plan.actions(MANAGER), ["update"]);
        assert_eq!(plan.after(MANAGER, "unexpected_settings"), &json!([]));
        workspace.apply_plan(&plan).expect_success();
        assert_eq!(instance_ids(&account).len(), 1);
        workspace.assert_empty_plan();
    }
}

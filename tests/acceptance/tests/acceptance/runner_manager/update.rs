//! What updates do, and what they leave alone.

use super::*;

#[test]
fn update_config_publishes_and_touches_nothing_else() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, LOGS);
    let (instance, before) = (instance_ids(&account), sizes_set(&account));
    let checksum = workspace.state_attr(MANAGER, "config_sha256");
    let puts = account.count("PutParameter");
    workspace.file("config.toml", &config_toml(20));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    assert!(plan.after(MANAGER, "config_sha256").is_string());
    assert_ne!(plan.after(MANAGER, "config_sha256"), &checksum);
    assert_eq!(plan.after(MANAGER, "launch_template_version"), &json!(1));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(published(&account), config_toml(20));
    assert_eq!(account.count("PutParameter"), puts + 1);
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 0);
    assert_eq!(account.count("ModifyLaunchTemplate"), 0);
    assert_eq!(instance_ids(&account), instance);
    assert_eq!(sizes_set(&account), before);
    workspace.assert_empty_plan();
}

#[test]
fn update_image_id_ends_the_instance_before_a_new_one_starts() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let (instance, before) = (instance_ids(&account), sizes_set(&account).len());
    workspace.config(&manager(&ground, "").replace(&ground.images[0], &ground.images[1]));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    assert!(plan.is_unknown(MANAGER, "launch_template_version"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(sizes_set(&account)[before..], ["0/0/0", "1/1/1"]);
    let calls = account.calls();
    let at = |sizes: &str| {
        let found = |call: &acceptance::Call| {
            call.parameters.get("DesiredCapacity").is_some_and(|size| size == sizes)
        };
        calls.iter().rposition(|call| call.action == "UpdateAutoScalingGroup" && found(call)).expect("a call")
    };
    let asked =
        calls[at("0")..at("1")].iter().filter(|call| call.action == "DescribeAutoScalingGroups").count();
    assert!(asked > 0, "nobody looked whether the group was empty");
    let updated = group(&account);
    assert_eq!(updated["LaunchTemplate"]["Version"], json!("2"));
    assert_eq!(template(&account, "2")["ImageId"], json!(ground.images[1]));
    assert_eq!(instance_ids(&account).len(), 1);
    assert_ne!(instance_ids(&account), instance);
    assert_eq!(account.count("PutParameter"), 1);
    workspace.assert_empty_plan();
}

#[test]
fn update_token_parameters_shows_in_the_plan_by_the_checksum_of_the_user_data() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let (instance, before) = (instance_ids(&account), workspace.state_attr(MANAGER, "user_data_sha256"));
    workspace.config(&manager(&ground, "").replace("/ci/linux/token", "/ci/linux/other"));
    let plan = workspace.plan();
    assert_ne!(plan.after(MANAGER, "user_data_sha256"), &before);
    workspace.apply_plan(&plan).expect_success();
    assert_ne!(instance_ids(&account), instance);
    workspace.assert_empty_plan();
}

#[test]
fn update_tags_reaches_every_object_and_keeps_the_instance() {
    let account = Account::new();
    let ground = ground(&account);
    let tags = |pair: &str| format!("{LOGS}  tags = {{\n    {pair}\n  }}");
    let mut workspace = applied(&account, &ground, &tags("team = \"ci\""));
    let instance = instance_ids(&account);
    workspace.config(&manager(&ground, &tags("stage = \"test\"")));
    workspace.apply().expect_success();
    let expected = json!([{ "Key": "stage", "Value": "test" }]);
    let tags = account.aws(&[
        "ssm",
        "list-tags-for-resource",
        "--resource-type",
        "Parameter",
        "--resource-id",
        PARAMETER,
    ]);
    assert_eq!(tags["TagList"], expected);
    let tags = account.aws(&["logs", "list-tags-log-group", "--log-group-name", LOG_GROUP]);
    assert_eq!(tags["tags"], json!({ "stage": "test" }));
    assert_eq!(account.aws(&["ec2", "describe-launch-templates"])["LaunchTemplates"][0]["Tags"], expected);
    assert_eq!(group(&account)["Tags"].as_array().map(Vec::len), Some(1));
    assert_eq!(instance_ids(&account), instance);
    workspace.assert_empty_plan();
}

#[test]
fn update_log_group_renames_removes_and_keeps_what_is_not_ours() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, LOGS);
    workspace.config(&manager(&ground, "  log_group = {\n    retention_days = 90\n  }"));
    let instance = instance_ids(&account);
    workspace.apply().expect_success();
    assert_eq!(log_group(&account)["retentionInDays"], json!(90));
    assert_eq!(instance_ids(&account), instance);

    let names = || {
        let groups = account.aws(&["logs", "describe-log-groups"])["logGroups"].clone();
        let names = groups.as_array().expect("a list").iter();
        names.filter_map(|group| group["logGroupName"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    workspace.config(&manager(&ground, "  log_group = {\n    name = \"/team/ci\"\n  }"));
    workspace.apply().expect_success();
    assert_eq!(names(), ["/team/ci"]);
    workspace.assert_empty_plan();
    workspace.config(&manager(&ground, ""));
    workspace.apply().expect_success();
    assert_eq!(names(), Vec::<String>::new());
    workspace.assert_empty_plan();
}

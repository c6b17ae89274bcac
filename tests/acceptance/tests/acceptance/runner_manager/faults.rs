//! Runs that are disturbed.

use acceptance::{Fault, FaultKind};

use super::*;

fn error(code: &str) -> FaultKind {
    FaultKind::Error { status: 400, code: code.to_owned(), message: "refused by the test".to_owned() }
}

#[test]
fn create_goes_on_when_answers_are_lost_after_their_effect() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, LOGS));
    account.inject(Fault::once("ssm", "PutParameter", FaultKind::CutAfter { bytes: 0 }));
    // Its answer has no body that could be cut.
    account.inject(Fault::once("logs", "CreateLogGroup", FaultKind::TimeoutAfterEffect));
    workspace.apply().expect_success();
    assert_eq!((account.count("PutParameter"), account.count("CreateLogGroup")), (2, 2));
    assert_eq!(published(&account), config_toml(10));
    assert_eq!(log_group(&account)["retentionInDays"], json!(30));
    workspace.assert_empty_plan();
}

#[test]
fn create_that_fails_half_way_is_taken_away_and_made_anew_by_the_next_apply() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, LOGS));
    account.inject(Fault::once("ec2", "CreateLaunchTemplate", error("LaunchTemplateLimitExceeded")));
    workspace.apply().expect_only_error(&["Creating EC2 launch template", "LaunchTemplateLimitExceeded"]);
    assert!(workspace.state().is_tainted(MANAGER));
    workspace.apply().expect_success();
    assert_eq!(published(&account), config_toml(10));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_nothing_is_left(&account);
}

#[test]
fn replacement_that_was_cut_short_is_finished_by_the_next_apply() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    let before = sizes_set(&account).len();
    workspace.config(&manager(&ground, "").replace(&ground.images[0], &ground.images[1]));
    // The first of these calls points the group at the new version, the second empties it, the third fills it.
    let fault = Fault::once("autoscaling", "UpdateAutoScalingGroup", error("ValidationError"));
    account.inject(Fault { skip: 2, ..fault });
    workspace.apply().expect_only_error(&["Setting sizes of Auto Scaling group"]);
    assert_eq!(instance_ids(&account), Vec::<String>::new());
    assert!(!workspace.state().is_tainted(MANAGER));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(sizes_set(&account).last().map(String::as_str), Some("1/1/1"));
    assert!(sizes_set(&account)[before..].iter().all(|sizes| sizes == "0/0/0" || sizes == "1/1/1"));
    assert_eq!(instance_ids(&account).len(), 1);
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 1);
    assert_eq!(template(&account, "$Default")["ImageId"], json!(ground.images[1]));
    workspace.assert_empty_plan();
}

#[test]
fn publishing_waits_while_others_change_the_parameter() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = applied(&account, &ground, "");
    workspace.file("config.toml", &config_toml(20));
    account.inject(Fault::once("ssm", "PutParameter", error("TooManyUpdates")));
    workspace.apply().expect_success();
    assert_eq!(published(&account), config_toml(20));
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, LOGS));
    // Parameter, log group, template and group are made by then.
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("autoscaling", "SuspendProcesses", forever));
    let apply = workspace.start_apply();
    account.wait_for_call("SuspendProcesses");
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());

    // Another configuration is refused.
    let mut other = Workspace::new(&account);
    other.file("config.toml", &config_toml(20)).config(&manager(&ground, LOGS));
    other.apply().expect_only_error(&["Creating runner manager (ci-manager)", "import {"]);

    workspace.apply().expect_success();
    for action in ["PutParameter", "CreateLogGroup", "CreateLaunchTemplate", "CreateAutoScalingGroup"] {
        assert_eq!(account.count(action), 1, "{action}");
    }
    assert_eq!(instance_ids(&account).len(), 1);
    assert_eq!(group(&account)["Tags"], json!([]), "the mark is taken away");
    let of = ["ssm", "list-tags-for-resource", "--resource-type", "Parameter", "--resource-id", PARAMETER];
    assert_eq!(account.aws(&of)["TagList"], json!([]));
    let arn = format!("arn:aws:logs:eu-central-1:{}:log-group:{LOG_GROUP}", account.id());
    assert_eq!(account.aws(&["logs", "list-tags-for-resource", "--resource-arn", &arn])["tags"], json!({}));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_nothing_is_left(&account);
}

#[test]
fn log_group_whose_answer_never_came_is_deleted_with_the_rest() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.environment("AWS_MAX_ATTEMPTS", "1");
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, LOGS));
    // Its answer has no body that could be cut.
    account.inject(Fault::once("logs", "CreateLogGroup", FaultKind::TimeoutAfterEffect));
    workspace.apply().expect_error("Creating log group (/ecrunner/ci-manager)", None);
    assert_eq!(log_group(&account)["logGroupName"], LOG_GROUP, "the call had its effect");
    workspace.destroy().expect_success();
    assert_nothing_is_left(&account);
}

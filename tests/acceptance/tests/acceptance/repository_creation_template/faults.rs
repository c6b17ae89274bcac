//! What state and account look like when calls fail, come late, or are interrupted.

use std::time::Duration;

use acceptance::{Account, Fault, FaultKind, Workspace};

use super::{TEMPLATE, lifecycle_policy, repository_policy, template, templates, whole};

fn denied() -> FaultKind {
    FaultKind::error("AccessDeniedException", "not authorized")
}

fn principal_not_found() -> FaultKind {
    FaultKind::error(
        "InvalidParameterException",
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Principal not found'",
    )
}

#[test]
fn create_waits_for_the_principals_of_its_policy() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let policy = format!("  repository_policy = jsonencode({})", repository_policy());
    workspace.config(&template("docker-hub", &policy));
    let early = Fault::once("ecr", "CreateRepositoryCreationTemplate", principal_not_found());
    account.inject(early.times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRepositoryCreationTemplate"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn refused_create_leaves_nothing_and_is_not_repeated() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    account.inject(Fault::once("ecr", "CreateRepositoryCreationTemplate", denied()));
    workspace.apply().expect_only_error(&["AccessDenied", "Nothing was created."]);
    assert_eq!(account.count("CreateRepositoryCreationTemplate"), 1);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn create_whose_answer_is_lost_is_found_again() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", &whole(&account)));
    account.inject(Fault::once("ecr", "CreateRepositoryCreationTemplate", FaultKind::TimeoutAfterEffect));
    workspace.apply().expect_success();
    assert_eq!(templates(&account).len(), 1);
    workspace.assert_empty_plan();
}

#[test]
fn throttling_is_retried() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    account.inject(Fault::once("ecr", "CreateRepositoryCreationTemplate", FaultKind::Throttling).times(3));
    account.inject(Fault::once("ecr", "DescribeRepositoryCreationTemplates", FaultKind::ServerError));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateRepositoryCreationTemplate"), 4);
    account.inject(Fault::once("ecr", "DeleteRepositoryCreationTemplate", FaultKind::Throttling).times(2));
    workspace.destroy().expect_success();
    assert!(templates(&account).is_empty());
}

#[test]
fn new_template_that_is_not_visible_yet_is_waited_for() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    // The first Describe comes before the template is made, the next ones after.
    let invisible = Fault::once("ecr", "DescribeRepositoryCreationTemplates", FaultKind::NotVisible);
    account.inject(invisible.after(1).times(2));
    workspace.apply().expect_success().expect_within(Duration::from_secs(60));
    workspace.assert_empty_plan();
}

#[test]
fn read_back_that_fails_keeps_the_template_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    account.inject(Fault::once("ecr", "DescribeRepositoryCreationTemplates", denied()).after(1));
    workspace.apply().expect_only_error(&["AccessDenied"]);
    assert!(workspace.state().is_tainted(TEMPLATE));
    workspace.apply().expect_success();
    assert_eq!(templates(&account).len(), 1);
    workspace.assert_empty_plan();
}

#[test]
fn update_that_fails_keeps_the_old_settings_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let policy = |days| format!("  lifecycle_policy = jsonencode({})", lifecycle_policy(days));
    workspace.config(&template("docker-hub", &policy(30)));
    workspace.apply().expect_success();
    let before = workspace.state().attribute(TEMPLATE, "lifecycle_policy").clone();
    workspace.config(&template("docker-hub", &policy(7)));
    account.inject(Fault::once("ecr", "UpdateRepositoryCreationTemplate", denied()));
    workspace.apply().expect_only_error(&["AccessDenied", "The template is unchanged."]);
    assert_eq!(*workspace.state().attribute(TEMPLATE, "lifecycle_policy"), before);
    assert!(!workspace.state().is_tainted(TEMPLATE));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn delete_that_fails_keeps_the_template_in_state() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    workspace.apply().expect_success();
    account.inject(Fault::once("ecr", "DeleteRepositoryCreationTemplate", denied()));
    workspace.destroy().expect_only_error(&["AccessDenied", "The template is still there."]);
    assert_eq!(workspace.state().addresses(), [TEMPLATE]);
    workspace.destroy().expect_success();
}

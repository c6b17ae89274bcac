//! Whether the upstream lets ECR in: a warning after create and after another credential, and never an error.

use acceptance::{Account, Fault, FaultKind, Run, Workspace};

use super::{RULE, docker_hub, quay};

const REFUSED: &str = "Upstream refuses the login of ECR pull through cache rule (docker-hub)";

/// A secret that ECR takes for a rule, and that is no login.
fn broken_secret(account: &Account) -> String {
    let create = ["secretsmanager", "create-secret", "--name", "ecr-pullthroughcache/broken"];
    let made = account.aws(&[&create[..], &["--secret-string", r#"{"user":"team"}"#]].concat());
    made["ARN"].as_str().expect("create-secret answers the ARN").to_owned()
}

#[track_caller]
fn expect_no_warning(run: &Run) {
    run.expect_success();
    assert!(run.warnings().is_empty(), "{}", run.stdout());
}

#[test]
fn credential_that_is_no_login_is_a_warning_that_goes_with_a_right_one() {
    let account = Account::new();
    let (broken, right) = (broken_secret(&account), account.upstream_secret("right"));
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &broken));
    let run = workspace.apply();
    run.expect_success().expect_warning(REFUSED);
    let [warning] = run.warnings()[..] else { panic!("there is not one warning: {}", run.stdout()) };
    assert!(warning.detail.contains("username and accessToken"), "{}", warning.detail);
    assert!(warning.detail.contains(&broken), "{}", warning.detail);
    assert!(!workspace.state().is_tainted(RULE));
    workspace.assert_empty_plan();

    workspace.config(&docker_hub("docker-hub", &right));
    expect_no_warning(&workspace.apply());
    workspace.config(&docker_hub("docker-hub", &broken));
    workspace.apply().expect_success().expect_warning(REFUSED);
    assert_eq!(account.count("ValidatePullThroughCacheRule"), 3);
}

#[test]
fn login_is_not_tried_without_a_credential() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay"));
    expect_no_warning(&workspace.apply());
    assert_eq!(account.count("ValidatePullThroughCacheRule"), 0);
}

#[test]
fn login_that_may_not_be_tried_is_not_told() {
    let account = Account::new();
    let broken = broken_secret(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&docker_hub("docker-hub", &broken));
    let denied = FaultKind::error("AccessDeniedException", "not authorized");
    account.inject(Fault::once("ecr", "ValidatePullThroughCacheRule", denied));
    expect_no_warning(&workspace.apply());
    assert_eq!(account.count("ValidatePullThroughCacheRule"), 1);
}

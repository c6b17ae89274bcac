//! Arguments that are refused before anything is asked of AWS: summary and attribute of each.

use acceptance::{Account, Workspace};

use super::{TYPE, docker_hub, quay};

#[test]
fn invalid_ecr_repository_prefix() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in ["q", "a-prefix-longer-than-30-characters", "Quay", "quay..io", "-quay", "quay io", ""] {
        workspace.config(&quay(wrong));
        workspace
            .validate()
            .expect_error("Invalid ecr_repository_prefix", "ecr_repository_prefix")
            .expect_error_count(1);
    }
}

#[test]
fn invalid_credential_arn() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for wrong in [
        "hub",
        "arn:aws:s3:::bucket",
        &format!("arn:aws:secretsmanager:eu-central-1:{}:secret:hub", account.id()),
    ] {
        workspace.config(&docker_hub("docker-hub", wrong));
        workspace.validate().expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
    }
}

#[test]
fn invalid_credential_of_another_region_is_refused_by_the_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let arn =
        format!("arn:aws:secretsmanager:us-east-1:{}:secret:ecr-pullthroughcache/hub-AbCdEf", account.id());
    workspace.config(&docker_hub("docker-hub", &arn));
    workspace.run_plan(&[]).expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
}

#[test]
fn invalid_docker_hub_without_credential() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("docker-hub").replace("quay.io", "registry-1.docker.io"));
    // The argument is not there to be underlined.
    workspace.validate().expect_error("Invalid credential_arn", None).expect_error_count(1);
}

#[test]
fn invalid_credential_for_a_public_upstream() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let arn =
        format!("arn:aws:secretsmanager:eu-central-1:{}:secret:ecr-pullthroughcache/x-AbCdEf", account.id());
    workspace.config(&docker_hub("quay", &arn).replace("registry-1.docker.io", "quay.io"));
    workspace.validate().expect_error("Invalid credential_arn", "credential_arn").expect_error_count(1);
}

#[test]
fn invalid_upstream_registry_url() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for (wrong, remedy) in [
        ("https://quay.io", "Write \"quay.io\"."),
        ("docker.io", "Write \"registry-1.docker.io\"."),
        ("registry.example.com", "ecrunner_mirror_repository"),
    ] {
        workspace.config(&quay("team").replace("quay.io", wrong));
        workspace
            .validate()
            .expect_error("Invalid upstream_registry_url", "upstream_registry_url")
            .expect_only_error(&[remedy]);
    }
}

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  ecr_repository_prefix      = "Q"
  upstream_registry_url      = "quay.io"
  credential_arn             = "secret"
  custom_role_arn            = "role"
  upstream_repository_prefix = "Base"
}}
"#
    ));
    workspace
        .validate()
        .expect_error("Invalid ecr_repository_prefix", "ecr_repository_prefix")
        .expect_error("Invalid credential_arn", "credential_arn")
        .expect_error("Invalid custom_role_arn", "custom_role_arn")
        .expect_error("Invalid upstream_repository_prefix", "upstream_repository_prefix");
}

#[test]
fn invalid_timeout() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&quay("quay").replace("\n}\n", "\n  timeouts {\n    create = \"soon\"\n  }\n}\n"));
    workspace.validate().expect_error("Invalid", "create").expect_error_count(1);
}

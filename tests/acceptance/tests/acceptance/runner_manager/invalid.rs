//! What is refused.

use super::*;

#[test]
fn invalid_config_every_fault_is_told_at_once_with_its_place() {
    let account = Account::new();
    let ground = ground(&account);
    let text = config_toml(10)
        .replace("idle_count", "idle_cuont")
        .replace("\"30s\"", "30")
        .replace("docker-autoscaler", "docker-autoscalr");
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &text).config(&manager(&ground, ""));
    let run = workspace.validate();
    run.expect_error("Invalid runner configuration", "config").expect_error_count(3);
    let details: Vec<_> = run.errors().iter().map(|error| error.detail.clone()).collect();
    for place in [
        "runners[0].autoscaler.policy[0].idle_cuont",
        "runners[0].autoscaler.update_interval",
        "runners[0].executor",
    ] {
        assert!(details.iter().any(|detail| detail.contains(place)), "{place} is not in {details:?}");
    }
}

#[test]
fn invalid_config_a_literal_token_is_refused_and_not_repeated() {
    let account = Account::new();
    let ground = ground(&account);
    let text = config_toml(10).replace("__LINUX__", "glrt-aBcDeF0123456789");
    let mut workspace = Workspace::new(&account);
    // In the configuration itself, where Terraform could show it.
    let inline = format!("<<EOT\n{}EOT", text.replace("${", "$${"));
    workspace.config(&manager(&ground, "").replace("file(\"${path.module}/config.toml\")", &inline));
    for run in [workspace.validate(), workspace.run_plan(&[])] {
        run.expect_failure().expect_text("runner authentication token");
        assert!(
            !run.stdout().contains("aBcDeF") && !run.stderr().contains("aBcDeF"),
            "the token is repeated"
        );
    }
    workspace.file("config.toml", &config_toml(10));
    workspace.config(&manager(&ground, "").replace("/ci/linux/token", "glrt-aBcDeF0123456789"));
    let run = workspace.validate();
    run.expect_failure();
    assert!(!run.stdout().contains("aBcDeF"), "the token is repeated");
    assert_eq!(account.count("PutParameter"), 0);
}

#[test]
fn invalid_config_over_the_limit_of_a_parameter_is_refused_by_the_plan_with_sizes() {
    let account = Account::new();
    let ground = ground(&account);
    let text = format!("{}{}", config_toml(10), noise(400));
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &text).config(&manager(&ground, ""));
    let size = text.len().to_string();
    workspace.run_plan(&[]).expect_only_error(&[
        "Runner configuration too large",
        &size,
        "8192",
        "setup.extra_script",
    ]);
}

#[test]
fn placeholders_and_token_parameters_must_match() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10));
    workspace.config(&manager(&ground, "").replace("\"__LINUX__\"", "\"__OTHER__\""));
    let run = workspace.validate();
    run.expect_error("Token without a parameter", "token_parameters")
        .expect_warning("Token that nobody uses");
    assert!(run.errors()[0].detail.contains("__LINUX__"));
}

#[test]
fn an_image_of_a_registry_without_a_login_is_told_by_the_plan() {
    let account = Account::new();
    let ground = ground(&account);
    let other = "999999999999.dkr.ecr.eu-central-1.amazonaws.com";
    let own = format!("{}.dkr.ecr.eu-central-1.amazonaws.com", account.id());
    let mut workspace = Workspace::new(&account);
    workspace.config(&manager(&ground, ""));
    workspace.file("config.toml", &config_toml(10).replace("\"alpine", &format!("\"{own}/alpine")));
    let clean = workspace.plan();
    workspace.file("config.toml", &config_toml(10).replace("\"alpine", &format!("\"{other}/alpine")));
    let run = workspace.run_plan(&[]);
    let told = run.errors().len() + run.warnings().len();
    assert_eq!(told, clean.run().warnings().len() + 1, "{}", run.stdout());
    workspace.config(&manager(&ground, &format!("  ecr_hosts = [\"{other}\"]")));
    workspace.plan().run().expect_success();
}

#[test]
fn invalid_arguments_are_refused_before_anything_is_asked() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&format!(
        r#"
resource "{TYPE}" "this" {{
  name                 = "a/b/c"
  image_id             = "resolve:ssm:/aws/service/x"
  subnet_ids           = []
  security_group_ids   = ["sg-0123456789abcdef0"]
  instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/manager"
  config               = file("${{path.module}}/config.toml")
  config_parameter     = "/aws/x"
  shutdown_timeout     = "3d"
  token_parameters = {{
    "__LINUX__" = "no slash"
  }}
  gitlab_runner = {{
    package = "gitlab-runner"
    url     = "https://example.com/gitlab-runner"
  }}
  fleeting_plugin = {{
    url    = "http://example.com/plugin"
    sha256 = "abc"
  }}
  log_group = {{
    retention_days = 31
  }}
}}
"#
    ));
    let run = workspace.validate();
    for attribute in ["name", "image_id", "subnet_ids", "config_parameter", "shutdown_timeout"] {
        run.expect_error(&format!("Invalid {attribute}"), attribute);
    }
    for (summary, attribute) in [
        ("Invalid gitlab_runner", "gitlab_runner"),
        ("Invalid url", "fleeting_plugin"),
        ("Invalid sha256", "fleeting_plugin"),
        ("Invalid retention_days", "log_group"),
    ] {
        run.expect_error(summary, attribute);
    }
    // Terraform points at the element's value, which has no name.
    run.expect_error("Invalid token_parameters", None);
}

#[test]
fn already_exists_names_the_import_block_and_changes_nothing() {
    let account = Account::new();
    let ground = ground(&account);
    let _workspace = applied(&account, &ground, LOGS);
    let mut second = Workspace::new(&account);
    second.file("config.toml", &config_toml(20)).config(&manager(&ground, LOGS));
    second.apply().expect_only_error(&[
        "Creating runner manager (ci-manager)",
        "import {",
        "id = \"ci-manager\"",
    ]);
    assert_eq!(second.state().addresses(), Vec::<String>::new());
    assert_eq!(published(&account), config_toml(10));
}

#[test]
fn a_foreign_parameter_or_log_group_is_not_taken_over() {
    let account = Account::new();
    let ground = ground(&account);
    account.aws(&["logs", "create-log-group", "--log-group-name", LOG_GROUP]);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, LOGS));
    workspace.apply().expect_only_error(&["log group", LOG_GROUP]);
    workspace.destroy().expect_success();
    assert_eq!(log_group(&account)["logGroupName"], LOG_GROUP);
    account.aws(&["ssm", "put-parameter", "--type", "String", "--name", PARAMETER, "--value", "theirs"]);
    workspace.config(&manager(&ground, ""));
    workspace.apply().expect_only_error(&["SSM parameter", PARAMETER]);
    assert_eq!(account.count("CreateLaunchTemplate"), 0);
}

#[test]
fn invalid_root_volume() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10));
    for (volume, attribute) in [
        ("iops = 100", "iops"),
        ("type = \"gp2\", throughput_mib = 200", "throughput_mib"),
        ("type = \"io2\"", "iops"),
    ] {
        workspace.config(&manager(&ground, &format!("  root_volume = {{ {volume} }}\n")));
        let run = workspace.validate();
        run.expect_error(&format!("Invalid {attribute}"), "root_volume").expect_error_count(1);
    }
}

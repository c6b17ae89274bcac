//! What is refused.

use super::*;

#[test]
fn invalid_arguments_are_reported_in_one_run() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "{TYPE}" "this" {{
  name               = "a:b"
  image_id           = "resolve:ssm:/aws/service/x"
  instance_types     = ["m7i.large", "m7i.large"]
  subnet_ids         = []
  security_group_ids = ["sg-0123456789abcdef0"]
  max_size           = 0
  root_volume = {{
    type           = "gp2"
    throughput_mib = 200
  }}
  setup = {{
    os_user      = "Root"
    extra_script = "curl -H 'PRIVATE-TOKEN: glpat-aBcDeF0123456789' https://example.com"
  }}
}}
"#
    ));
    let run = workspace.validate();
    // Where a secret is among the faults, Terraform is shown no place: it would print the lines.
    for attribute in ["name", "image_id", "instance_types", "subnet_ids", "max_size"] {
        run.expect_error(&format!("Invalid {attribute}"), None);
    }
    run.expect_error("Invalid throughput_mib", None)
        .expect_error("Invalid os_user", None)
        .expect_error("Invalid extra_script", None);
    assert!(!run.stdout().contains("aBcDeF"), "the token is repeated");
}

#[test]
fn invalid_setup_too_large_for_user_data_is_refused_by_the_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    // Text that does not compress.
    let script =
        "  setup = {\n    extra_script = join(\"\", [for n in range(600) : sha512(tostring(n))])\n  }";
    workspace.config(&fleet(&ground(&account), script));
    workspace.run_plan(&[]).expect_only_error(&[
        "Invalid setup",
        "16384",
        "/usr/local/libexec/ecrunner/extra",
    ]);
}

#[test]
fn invalid_daemon_json_that_keeps_docker_from_starting() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let setup = "  setup = {\n    daemon_json = jsonencode({ \"default-ulimits\" = {} })\n  }";
    let ground = ground(&account);
    workspace.config(&fleet(&ground, setup));
    workspace.validate().expect_error("Invalid daemon_json", "setup").expect_error_count(1);
    workspace.config(&fleet(&ground, "  root_volume = {\n    iops = 100\n  }"));
    workspace.validate().expect_error("Invalid iops", "root_volume").expect_error_count(1);
}

#[test]
fn already_exists() {
    let account = Account::new();
    let config = fleet(&ground(&account), "");
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    workspace.apply().expect_success();
    let mut second = Workspace::new(&account);
    second.config(&config);
    second.apply().expect_only_error(&["Creating worker fleet (ci-linux)", "Auto Scaling group", "import {"]);
    assert_eq!(account.count("CreateLaunchTemplate"), 1);
}

//! `ecrunner_runner_config`.

use std::process::Command;

use acceptance::{Account, Severity, Workspace};
use serde_json::json;

const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/data-sources/ecrunner_runner_config/data-source.tf");
const GOLDEN: &str = include_str!("runner_config/config.toml");
const CONFIG: &str = "data.ecrunner_runner_config.this";
const INVALID: &str = "Invalid runner configuration";
const SECRET: &str = "glrt-t1_aBcDeF0123456789";

/// One docker-autoscaler runner; `arguments` go beside `runners`, the others into their objects.
struct Config<'a> {
    arguments: &'a str,
    runner: &'a str,
    docker: &'a str,
    autoscaler: &'a str,
    group: &'a str,
}

impl Default for Config<'_> {
    fn default() -> Self {
        Config { arguments: "", runner: "", docker: "", autoscaler: "", group: "\"workers\"" }
    }
}

impl Config<'_> {
    fn hcl(&self) -> String {
        let Config { arguments, runner, docker, autoscaler, group } = self;
        format!(
            r#"
data "ecrunner_runner_config" "this" {{
  concurrent = 4
  {arguments}
  runners = [{{
    url = "https://gitlab.example.com"
    id  = 7
    {runner}
    docker = {{
      image = "alpine:3.20"
      {docker}
    }}
    autoscaler = {{
      max_instances = 4
      plugin_config = {{ name = {group} }}
      {autoscaler}
    }}
  }}]
}}
"#
        )
    }
}

fn workspace(hcl: &str) -> Workspace {
    let workspace = Workspace::new(&Account::new());
    workspace.config(hcl);
    workspace
}

/// What validation and plan say of a configuration that has to be refused, one detail a line.
#[track_caller]
fn details(hcl: &str) -> Vec<String> {
    let run = workspace(hcl).validate();
    run.expect_failure();
    run.errors().iter().map(|error| error.detail.clone()).collect()
}

/// The text is one that GitLab Runner takes, where there is one to ask.
fn lint(text: &str) {
    // One more judge of a text that is compared with its golden form in any case.
    let Some(runner) = std::env::var_os("GITLAB_RUNNER") else { return };
    let workspace = Workspace::new(&Account::new());
    workspace.file("config.toml", text);
    let file = workspace.directory().join("config.toml");
    let output = Command::new(runner).arg("lint").arg("-c").arg(file).output().expect("gitlab-runner starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "gitlab-runner lint refuses\n{text}\n--- standard error\n{stderr}");
}

#[test]
fn example_renders_the_golden_file() {
    let mut workspace = workspace(EXAMPLE);
    let run = workspace.apply();
    run.expect_success();
    assert_eq!(run.warnings(), Vec::<&acceptance::Diagnostic>::new());
    let text = workspace.state().output("config_toml").as_str().unwrap_or_default().to_owned();
    assert_eq!(text, GOLDEN, "\n--- rendered\n{text}");
    lint(&text);
    assert_eq!(workspace.state_attr(CONFIG, "token_placeholders"), json!(["__ECRUNNER_TOKEN__"]));
    assert_eq!(workspace.state_attr(CONFIG, "warnings"), json!([]));
    workspace.assert_empty_plan();
}

#[test]
fn each_runner_has_its_placeholder() {
    let mut workspace = workspace(
        r#"
data "ecrunner_runner_config" "this" {
  concurrent = 3
  runners = [for name in ["a", "b", "c"] : {
    name              = name
    url               = "https://gitlab.example.com"
    executor          = "shell"
    token_placeholder = name == "c" ? "__TEAM_TOKEN__" : null
  }]
}
"#,
    );
    workspace.apply().expect_success();
    assert_eq!(
        workspace.state_attr(CONFIG, "token_placeholders"),
        json!(["__ECRUNNER_TOKEN_1__", "__ECRUNNER_TOKEN__", "__TEAM_TOKEN__"])
    );
    let text = workspace.state_attr(CONFIG, "config_toml").as_str().unwrap_or_default().to_owned();
    let tokens: Vec<&str> = text.lines().filter(|line| line.contains("token =")).map(str::trim).collect();
    assert_eq!(
        tokens,
        ["token = \"__ECRUNNER_TOKEN__\"", "token = \"__ECRUNNER_TOKEN_1__\"", "token = \"__TEAM_TOKEN__\""]
    );
    lint(&text);
}

#[test]
fn faults_of_one_run_are_reported_together_with_their_paths() {
    let hcl = Config {
        arguments: "log_level = \"verbose\"",
        runner: "shell = \"bsh\"\n limit = 1.5",
        docker: "memory = \"lots\"\n pull_policy = [\"always\", \"if-not-presnt\"]\n volumes = [\"/cache\"]",
        autoscaler: "update_interval = \"20 min\"\n policy = [{ idle_count = 1 }, { periods = [\"* * * * * *\"] }]\n \
                     connector_config = { use_static_credentials = true }",
        ..Config::default()
    };
    let details = details(&hcl.hcl());
    let places: Vec<&str> = details.iter().filter_map(|detail| detail.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "log_level",
            "At runners[0].limit",
            "At runners[0].shell",
            "At runners[0].docker.memory",
            "At runners[0].docker.pull_policy[1]",
            "At runners[0].autoscaler.update_interval",
            "At runners[0].autoscaler.policy[1].periods[0]",
            // What does not go together is found beside what is wrong by itself.
            "At runners[0].autoscaler.connector_config.key_path",
        ],
        "{details:#?}"
    );
    assert!(details[2].contains("did you mean `bash`?"), "{}", details[2]);
    assert!(details[6].contains("has 6 cron fields and needs 5"), "{}", details[6]);
}

#[test]
fn values_that_do_not_go_together_are_errors() {
    let hcl = Config {
        docker: "memory = \"2g\"\n memory_reservation = \"4g\"\n allowed_pull_policies = [\"never\"]",
        autoscaler: "policy = [{ idle_count = 9, idle_time = \"5m\" }]",
        ..Config::default()
    };
    let mut workspace = workspace(&hcl.hcl());
    let run = workspace.run_plan(&[]);
    run.expect_error(INVALID, "runners").expect_error_count(3);
    let errors = run.errors().iter().map(ToString::to_string).collect::<String>();
    for text in [
        "runners[0].docker.memory_reservation: 4g is above memory",
        "runners[0].docker.allowed_pull_policies: pull_policy is `always`",
        "runners[0].autoscaler.policy[0].idle_count: 9 jobs are more than the 4",
    ] {
        assert!(errors.contains(text), "{text} is not in\n{errors}");
    }
}

#[test]
fn extra_config_takes_known_keys_only() {
    let extra = r#"extra_config = <<-EOT
    concurent = 4
    log_level = 3
    concurrent = 9
    [[runners]]
      [runners.docker]
      memroy = "1g"
      image = "other"
      privileged = "yes"
    [[runners]]
    name = "too many"
  EOT"#;
    let found = details(&Config { arguments: extra, ..Config::default() }.hcl());
    for text in [
        "extra_config, concurrent: an argument sets it too",
        "extra_config, runners[0].docker.image: an argument sets it too",
        "extra_config, runners[1]: there are only 1 runners",
        "extra_config, concurent: unknown key (did you mean `concurrent`?)",
        "extra_config, log_level: expected a string, found an integer",
        "extra_config, runners[0].docker.memroy: unknown key (did you mean `memory`?)",
        "extra_config, runners[0].docker.privileged: expected a boolean, found a string",
    ] {
        assert!(found.iter().any(|detail| detail.contains(text)), "{text} is not in\n{found:#?}");
    }
    assert_eq!(found.len(), 7, "{found:#?}");
    let syntax = details(&Config { arguments: "extra_config = \"[runners\"", ..Config::default() }.hcl());
    assert!(
        syntax.len() == 1 && syntax[0].starts_with("extra_config is no TOML: line 1, column"),
        "{syntax:?}"
    );
}

#[test]
fn secret_is_refused_and_not_repeated() {
    for (hcl, place) in [
        (
            Config { runner: &format!("token_placeholder = \"{SECRET}\""), ..Config::default() }.hcl(),
            "token_placeholder",
        ),
        (
            Config { runner: &format!("environment = [\"A=b\", \"T={SECRET}\"]"), ..Config::default() }.hcl(),
            "environment[1]",
        ),
        (
            Config { docker: &format!("container_labels = {{ x = \"{SECRET}\" }}"), ..Config::default() }
                .hcl(),
            "container_labels[\"x\"]",
        ),
        (
            Config { arguments: &format!("extra_config = \"# {SECRET}\\n\""), ..Config::default() }.hcl(),
            "extra_config",
        ),
    ] {
        let run = workspace(&hcl).run_plan(&[]);
        run.expect_only_error(&["holds what looks like a runner authentication token", place]);
        assert!(!run.stdout().contains("aBcDeF") && !run.stderr().contains("aBcDeF"), "{}", run.stdout());
    }
}

#[test]
fn warnings_are_shown_and_kept() {
    let hcl = Config {
        docker: "privileged = true",
        autoscaler: "policy = [{ idle_count = 1, idle_time = \"5m\" }]",
        ..Config::default()
    };
    let mut workspace = workspace(&hcl.hcl());
    let plan = workspace.plan();
    plan.run().expect_warning("Doubtful runner configuration");
    assert_eq!(plan.run().warnings().len(), 1);
    assert_eq!(plan.run().warnings()[0].severity, Severity::Warning);
    workspace.apply().expect_success();
    let warnings = workspace.state_attr(CONFIG, "warnings");
    let text = warnings[0].as_str().unwrap_or_default();
    assert!(text.starts_with("runners[0].docker.privileged: privileged containers are root"), "{text}");
}

#[test]
fn unknown_fleet_name_defers_the_read_to_apply() {
    let hcl = Config {
        group: "terraform_data.fleet.output",
        autoscaler: "policy = [{ idle_count = 1, idle_time = \"5m\" }]",
        ..Config::default()
    };
    let fleet = "resource \"terraform_data\" \"fleet\" {\n  input = \"workers\"\n}\n";
    let output = "output \"toml\" {\n  value = data.ecrunner_runner_config.this.config_toml\n}\n";
    let mut workspace = workspace(&format!("{fleet}{}{output}", hcl.hcl()));
    let plan = workspace.plan();
    assert_eq!(plan.actions(CONFIG), ["read"]);
    assert!(plan.is_unknown(CONFIG, "config_toml"));
    workspace.apply_plan(&plan).expect_success();
    let text = workspace.state().output("toml").as_str().unwrap_or_default().to_owned();
    assert!(text.contains("name = \"workers\"") && text.contains("limit = 4"), "{text}");
    lint(&text);
    workspace.assert_empty_plan();
}

#[test]
fn what_is_known_is_checked_while_the_rest_is_unknown() {
    let data = "resource \"terraform_data\" \"later\" {\n  input = \"always\"\n}\n";
    let hcl = Config {
        runner: "environment = [terraform_data.later.output, \"no assignment\"]\n shell = terraform_data.later.output",
        docker: "pull_policy = [terraform_data.later.output]\n allowed_pull_policies = [\"never\"]\n memory = \"1g\"\n \
                 memory_reservation = \"2g\"\n helper_image = terraform_data.later.output\n \
                 services = [{ name = terraform_data.later.output }]",
        group: "terraform_data.later.output",
        ..Config::default()
    };
    let found = details(&format!("{data}{}", hcl.hcl()));
    assert_eq!(found.len(), 2, "{found:#?}");
    // The position is that of the configuration, although the element before it is unknown.
    assert!(found[0].starts_with("At runners[0].environment[1]: this is no assignment"), "{found:#?}");
    assert!(
        found[1].starts_with("At runners[0].docker.memory_reservation: 2g is above memory"),
        "{found:#?}"
    );
    let wrong = hcl.hcl().replace("\"1g\"", "\"lots\"");
    let found = details(&format!("{data}{wrong}"));
    let places: Vec<&str> = found.iter().filter_map(|detail| detail.split(": ").next()).collect();
    assert_eq!(places, ["At runners[0].docker.memory", "At runners[0].environment[1]"], "{found:#?}");
}

#[test]
fn wholly_unknown_runners_are_no_fault() {
    let mut workspace = workspace(
        r#"
resource "terraform_data" "runners" {
  input = ["a"]
}
data "ecrunner_runner_config" "this" {
  concurrent = 1
  runners = [for name in terraform_data.runners.output : {
    name     = name
    url      = "https://gitlab.example.com"
    executor = "shell"
  }]
}
"#,
    );
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    assert_eq!(workspace.state_attr(CONFIG, "runners.0.name"), "a");
}

//! `ecrunner_runner_manager`: its life cycle here, what changes from outside and what is refused in the modules below.

mod faults;
mod invalid;
mod outside;
mod update;

use std::io::Write as _;
use std::process::{Command, Stdio};

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

const TYPE: &str = "ecrunner_runner_manager";
const MANAGER: &str = "ecrunner_runner_manager.this";
const NAME: &str = "ci-manager";
const PARAMETER: &str = "/ecrunner/ci-manager/config";
const LOG_GROUP: &str = "/ecrunner/ci-manager";

/// What a manager needs of an account.
struct Ground {
    account: String,
    subnets: Vec<String>,
    security_group: String,
    images: [String; 2],
}

fn ground(account: &Account) -> Ground {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let subnets = account.aws(&["ec2", "describe-subnets"]);
    let subnets = subnets["Subnets"].as_array().expect("subnets").iter();
    let groups = account.aws(&["ec2", "describe-security-groups"]);
    let images = account.aws(&["ec2", "describe-images"]);
    Ground {
        account: account.id().to_owned(),
        subnets: subnets.take(2).map(|subnet| text(&subnet["SubnetId"])).collect(),
        security_group: text(&groups["SecurityGroups"][0]["GroupId"]),
        images: [text(&images["Images"][0]["ImageId"]), text(&images["Images"][1]["ImageId"])],
    }
}

/// A configuration with one runner; `job_limit` is what tests change.
fn config_toml(job_limit: u32) -> String {
    format!(
        r#"# Kept to the letter, umlauts (ä) and ${{braces}} too.
concurrent = {job_limit}

[[runners]]
  name = "linux"
  url = "https://gitlab.example.com"
  id = 4711
  token = "__LINUX__"
  executor = "docker-autoscaler"
  limit = {job_limit}
  request_concurrency = 2

  [runners.feature_flags]
    FF_DISABLE_AUTOMATIC_TOKEN_ROTATION = true

  [runners.docker]
    image = "alpine:3.20"

  [runners.autoscaler]
    plugin = "fleeting-plugin-aws"
    capacity_per_instance = 1
    max_use_count = 1
    max_instances = {job_limit}
    update_interval = "30s"

    [runners.autoscaler.plugin_config]
      name = "ci-linux"

    [runners.autoscaler.connector_config]
      username = "ec2-user"

    [[runners.autoscaler.policy]]
      idle_count = 0
      idle_time = "5m0s"

    [runners.autoscaler.state_storage]
      enabled = true
      dir = "/var/lib/gitlab-runner/state"
"#
    )
}

/// The resource with `more` arguments; the configuration stands in the file `config.toml`.
fn manager(ground: &Ground, more: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  name                 = "{NAME}"
  image_id             = "{}"
  subnet_ids           = ["{}", "{}"]
  security_group_ids   = ["{}"]
  instance_profile_arn = "arn:aws:iam::{}:instance-profile/manager"
  config               = file("${{path.module}}/config.toml")
  token_parameters = {{
    "__LINUX__" = "/ci/linux/token"
  }}
  gitlab_runner = {{
    package = "gitlab-runner-19.4.0-1"
  }}
{more}
}}
"#,
        ground.images[0], ground.subnets[0], ground.subnets[1], ground.security_group, ground.account
    )
}

const LOGS: &str = "  log_group = {}\n";

/// A workspace with a manager, applied.
fn applied(account: &Account, ground: &Ground, more: &str) -> Workspace {
    let mut workspace = Workspace::new(account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(ground, more));
    workspace.apply().expect_success();
    workspace
}

fn group(account: &Account) -> Value {
    account.aws(&["autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", NAME])
        ["AutoScalingGroups"][0]
        .clone()
}

fn instance_ids(account: &Account) -> Vec<String> {
    let group = group(account);
    let instances = group["Instances"].as_array().into_iter().flatten();
    instances.filter_map(|instance| instance["InstanceId"].as_str().map(str::to_owned)).collect()
}

/// Launch template data in one version.
fn template(account: &Account, version: &str) -> Value {
    let answer = account.aws(&[
        "ec2",
        "describe-launch-template-versions",
        "--launch-template-name",
        NAME,
        "--versions",
        version,
    ]);
    answer["LaunchTemplateVersions"][0]["LaunchTemplateData"].clone()
}

fn log_group(account: &Account) -> Value {
    account.aws(&["logs", "describe-log-groups", "--log-group-name-prefix", LOG_GROUP])["logGroups"][0]
        .clone()
}

/// The published text, decoded as the manager does it.
fn published(account: &Account) -> String {
    let answer = account.aws(&["ssm", "get-parameter", "--name", PARAMETER]);
    assert_eq!(answer["Parameter"]["Type"], json!("String"));
    let value = answer["Parameter"]["Value"].as_str().expect("a value").to_owned();
    let mut child = Command::new("sh")
        .args(["-c", "base64 -d | gunzip -c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    child.stdin.take().expect("standard input").write_all(value.as_bytes()).expect("written");
    let output = child.wait_with_output().expect("an end");
    assert!(output.status.success(), "the value is no base64 of gzip");
    String::from_utf8(output.stdout).expect("text")
}

/// Sizes that groups were set to, in the order of the calls: minimum, maximum, desired.
fn sizes_set(account: &Account) -> Vec<String> {
    let calls = account.calls();
    let updates = calls.iter().filter(|call| call.action == "UpdateAutoScalingGroup");
    let with_desired = updates.filter(|call| call.parameters.contains_key("DesiredCapacity"));
    let size = |call: &acceptance::Call, name: &str| call.parameters.get(name).cloned().unwrap_or_default();
    with_desired
        .map(|call| [size(call, "MinSize"), size(call, "MaxSize"), size(call, "DesiredCapacity")].join("/"))
        .collect()
}

#[test]
fn basic() {
    let account = Account::new();
    let ground = ground(&account);
    let more = format!("{LOGS}  tags = {{\n    team = \"ci\"\n  }}");
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, &more));
    let plan = workspace.plan();
    assert_eq!(plan.actions(MANAGER), ["create"]);
    assert!(plan.is_unknown(MANAGER, "arn"));
    assert_eq!(plan.after(MANAGER, "config_parameter"), PARAMETER);
    assert_eq!(plan.after(MANAGER, "log_group_name"), LOG_GROUP);
    for known in ["config_sha256", "user_data_sha256", "config_parameter_arn"] {
        assert!(plan.after(MANAGER, known).is_string(), "{known} is not known");
    }
    workspace.apply_plan(&plan).expect_success();

    assert_eq!(published(&account), config_toml(10));
    let made = group(&account);
    assert_eq!([&made["MinSize"], &made["DesiredCapacity"], &made["MaxSize"]], [&json!(1); 3]);
    assert_eq!(made["NewInstancesProtectedFromScaleIn"], json!(false));
    assert_eq!(made["SuspendedProcesses"][0]["ProcessName"], json!("AZRebalance"));
    let policy = json!({ "MinHealthyPercentage": 0, "MaxHealthyPercentage": 100 });
    assert_eq!(made["InstanceMaintenancePolicy"], policy);
    assert_eq!(made["AutoScalingGroupARN"], workspace.state_attr(MANAGER, "arn"));
    assert_eq!(made["Tags"][0]["Key"], json!("team"));
    assert_eq!(instance_ids(&account).len(), 1);
    let data = template(&account, "1");
    assert_eq!(data["InstanceType"], json!("t3.small"));
    assert_eq!(data["MetadataOptions"]["HttpPutResponseHopLimit"], json!(1));
    assert_eq!(data["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"], json!(20));
    assert_eq!(log_group(&account)["retentionInDays"], json!(30));
    let tags = account.aws(&[
        "ssm",
        "list-tags-for-resource",
        "--resource-type",
        "Parameter",
        "--resource-id",
        PARAMETER,
    ]);
    assert_eq!(tags["TagList"], json!([{ "Key": "team", "Value": "ci" }]));
    let tags = account.aws(&["logs", "list-tags-log-group", "--log-group-name", LOG_GROUP]);
    assert_eq!(tags["tags"], json!({ "team": "ci" }));
    let parameter = account.aws(&["ssm", "get-parameter", "--name", PARAMETER]);
    assert_eq!(parameter["Parameter"]["ARN"], workspace.state_attr(MANAGER, "config_parameter_arn"));
    workspace.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_nothing_is_left(&account);
    // Ended before what it needs: first no instance, then no group.
    assert_eq!(sizes_set(&account).last().map(String::as_str), Some("0/0/0"));
}

fn assert_nothing_is_left(account: &Account) {
    assert_eq!(group(account), Value::Null);
    assert_eq!(account.aws(&["ec2", "describe-launch-templates"])["LaunchTemplates"], json!([]));
    assert_eq!(account.aws(&["ssm", "describe-parameters"])["Parameters"], json!([]));
    assert_eq!(account.aws(&["logs", "describe-log-groups"])["logGroups"], json!([]));
    let running = "Name=instance-state-name,Values=pending,running,stopping,stopped";
    assert_eq!(account.aws(&["ec2", "describe-instances", "--filters", running])["Reservations"], json!([]));
}

#[test]
fn user_data_holds_nothing_of_the_configuration() {
    let account = Account::new();
    let ground = ground(&account);
    let _workspace = applied(&account, &ground, "");
    let user_data = template(&account, "1")["UserData"].as_str().expect("user data").to_owned();
    let mut child = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("base64");
    child.stdin.take().expect("standard input").write_all(user_data.as_bytes()).expect("written");
    let plain = String::from_utf8(child.wait_with_output().expect("an end").stdout).expect("text");
    assert!(plain.starts_with("#cloud-config"), "the user data was expected to be readable");
    for ours in ["concurrent", "docker-autoscaler", "gitlab.example.com", "4711"] {
        assert!(!plain.contains(ours), "{ours} is in the user data");
    }
    assert!(plain.contains(PARAMETER) && plain.contains("/ci/linux/token"));
}

#[test]
fn import_finds_what_aws_knows_and_replaces_nothing() {
    let account = Account::new();
    let ground = ground(&account);
    let more = "  config_parameter = \"/team/ci/config\"\n  log_group = {\n    name = \"/team/ci\"\n  }\n  root_volume = \
                {\n    size_gib = 40\n  }\n  tags = {\n    team = \"ci\"\n  }";
    let mut workspace = applied(&account, &ground, more);
    workspace.assert_empty_plan();
    let (instance, versions) = (instance_ids(&account), account.count("CreateLaunchTemplateVersion"));
    let mut second = Workspace::new(&account);
    second.file("config.toml", &config_toml(10)).config(&manager(&ground, more));
    second.import(MANAGER, NAME).expect_success();
    let (ours, imported) = (workspace.state(), second.state());
    for attribute in [
        "config",
        "config_parameter",
        "config_sha256",
        "image_id",
        "instance_profile_arn",
        "instance_type",
        "launch_template_id",
        "launch_template_version",
        "log_group",
        "log_group_name",
        "root_volume",
        "security_group_ids",
        "tags",
        "token_parameters",
        "user_data_sha256",
    ] {
        assert_eq!(imported.attribute(MANAGER, attribute), ours.attribute(MANAGER, attribute), "{attribute}");
    }
    // How GitLab Runner is installed, AWS does not know.
    let plan = second.plan();
    assert_eq!(plan.actions(MANAGER), ["update"]);
    assert_eq!(plan.after(MANAGER, "launch_template_version"), &json!(1));
    second.apply_plan(&plan).expect_success();
    assert_eq!(account.count("CreateLaunchTemplateVersion"), versions);
    assert_eq!(account.count("PutParameter"), 1);
    assert_eq!(instance_ids(&account), instance);
    second.assert_empty_plan();
    second.destroy().expect_success();
    assert_nothing_is_left(&account);
}

#[test]
fn import_of_an_unknown_name_names_it() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&manager(&ground, ""));
    workspace.import(MANAGER, "nothing").expect_failure().expect_text("Runner manager not found (nothing)");
}

#[test]
fn a_configuration_over_four_kilobytes_goes_to_the_advanced_tier_and_stays_there() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace
        .file("config.toml", &format!("{}{}", config_toml(10), noise(120)))
        .config(&manager(&ground, ""));
    workspace.apply().expect_success();
    let tier = || account.aws(&["ssm", "describe-parameters"])["Parameters"][0]["Tier"].clone();
    assert_eq!(tier(), json!("Advanced"));
    workspace.file("config.toml", &config_toml(10));
    workspace.apply().expect_success();
    assert_eq!(published(&account), config_toml(10));
    assert_eq!(tier(), json!("Advanced"));
    workspace.assert_empty_plan();
}

/// Comment lines of 64 digits each that hardly compress.
fn noise(lines: u64) -> String {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:016x}", state ^ (state >> 29))
    };
    (0..lines).map(|_| format!("# {}{}{}{}\n", next(), next(), next(), next())).collect()
}

#[test]
fn root_volume_without_a_size_has_the_default_of_managers() {
    let account = Account::new();
    let ground = ground(&account);
    let config = manager(&ground, "  root_volume = {\n    throughput_mib = 200\n  }\n");
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&config);
    workspace.apply().expect_success();
    let volume = template(&account, "1")["BlockDeviceMappings"][0]["Ebs"].clone();
    assert_eq!((&volume["VolumeSize"], &volume["Throughput"]), (&json!(20), &json!(200)));
    workspace.assert_empty_plan();
}

#[test]
fn unknown_config_parameter_is_not_taken_for_the_default() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.file("config.toml", &config_toml(10)).config(&format!(
        "resource \"terraform_data\" \"name\" {{\n  input = \"/team/config\"\n}}\n{}",
        manager(&ground, "  config_parameter = terraform_data.name.output")
    ));
    let plan = workspace.plan();
    for unknown in ["config_parameter", "config_parameter_arn", "user_data_sha256"] {
        assert!(plan.is_unknown(MANAGER, unknown), "{unknown} is known");
    }
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(workspace.state_attr(MANAGER, "config_parameter"), "/team/config");
    workspace.assert_empty_plan();
}

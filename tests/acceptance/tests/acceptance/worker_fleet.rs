//! `ecrunner_worker_fleet`.

use acceptance::{Account, Fault, FaultKind, Workspace};
use serde_json::{Value, json};

const TYPE: &str = "ecrunner_worker_fleet";
const FLEET: &str = "ecrunner_worker_fleet.this";
const NAME: &str = "ci-linux";
const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/resources/ecrunner_worker_fleet/resource.tf");

/// What a fleet needs of an account.
struct Ground {
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
        subnets: subnets.take(2).map(|subnet| text(&subnet["SubnetId"])).collect(),
        security_group: text(&groups["SecurityGroups"][0]["GroupId"]),
        images: [text(&images["Images"][0]["ImageId"]), text(&images["Images"][1]["ImageId"])],
    }
}

/// A fleet of one type with `more` arguments.
fn fleet(ground: &Ground, more: &str) -> String {
    with_types(ground, r#""t3.medium""#, more)
}

fn with_types(ground: &Ground, types: &str, more: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  name               = "{NAME}"
  image_id           = "{}"
  instance_types     = [{types}]
  subnet_ids         = ["{}", "{}"]
  security_group_ids = ["{}"]
  max_size           = 4
{more}
}}
"#,
        ground.images[0], ground.subnets[0], ground.subnets[1], ground.security_group
    )
}

fn group(account: &Account) -> Value {
    account.aws(&["autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", NAME])
        ["AutoScalingGroups"][0]
        .clone()
}

/// The launch template's data in one version.
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

fn template_count(account: &Account) -> usize {
    account.aws(&["ec2", "describe-launch-templates"])["LaunchTemplates"].as_array().map_or(0, Vec::len)
}

fn set_desired(account: &Account, desired: &str) {
    account.aws(&[
        "autoscaling",
        "set-desired-capacity",
        "--auto-scaling-group-name",
        NAME,
        "--desired-capacity",
        desired,
    ]);
}

#[test]
fn basic() {
    let account = Account::new();
    let ground = ground(&account);
    let config = fleet(&ground, "  tags = {\n    team = \"ci\"\n  }");
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["create"]);
    assert!(plan.is_unknown(FLEET, "arn"));
    assert!(
        plan.after(FLEET, "ready_command").as_str().is_some_and(|text| text.contains("/run/ecrunner/ready"))
    );
    workspace.apply_plan(&plan).expect_success();

    let made = group(&account);
    assert_eq!(
        [&made["MinSize"], &made["DesiredCapacity"], &made["MaxSize"]],
        [&json!(0), &json!(0), &json!(4)]
    );
    assert_eq!(made["NewInstancesProtectedFromScaleIn"], json!(true));
    assert_eq!(made["SuspendedProcesses"][0]["ProcessName"], json!("AZRebalance"));
    assert_eq!(made["HealthCheckGracePeriod"], json!(300));
    assert_eq!(made["LaunchTemplate"]["Version"], json!("1"));
    assert_eq!(made["Tags"][0]["Key"], json!("team"));
    assert_eq!(made["AutoScalingGroupARN"], workspace.state_attr(FLEET, "arn"));
    let data = template(&account, "1");
    assert_eq!(data["MetadataOptions"]["HttpTokens"], json!("required"));
    assert_eq!(data["MetadataOptions"]["HttpPutResponseHopLimit"], json!(1));
    assert_eq!(data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"], json!(true));
    let tagged: Vec<_> = data["TagSpecifications"]
        .as_array()
        .expect("tags")
        .iter()
        .filter(|tagged| {
            tagged["Tags"].as_array().is_some_and(|tags| tags.iter().any(|tag| tag["Key"] == "Name"))
        })
        .filter_map(|tagged| tagged["ResourceType"].as_str())
        .collect();
    assert_eq!(tagged, ["instance", "volume", "network-interface"]);
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&config);
    second.import(FLEET, NAME).expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(group(&account), Value::Null);
    assert_eq!(template_count(&account), 0);
}

#[test]
fn example_is_planned() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(EXAMPLE);
    assert_eq!(workspace.plan().actions("ecrunner_worker_fleet.linux"), ["create"]);
}

#[test]
fn every_optional_argument_is_kept_and_imported() {
    let account = Account::new();
    let ground = ground(&account);
    let more = format!(
        r#"
  instance_profile_arn              = "arn:aws:iam::{}:instance-profile/worker"
  detailed_monitoring               = true
  health_check_grace_period_seconds = 60
  root_volume = {{
    size_gib       = 100
    iops           = 4000
    throughput_mib = 250
  }}
  instance_tags = {{
    role = "worker"
    team = "other"
  }}
  tags = {{
    team = "ci"
  }}
"#,
        account.id()
    );
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, &more));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let team = &group(&account)["Tags"][0];
    assert_eq!((&team["Value"], &team["PropagateAtLaunch"]), (&json!("ci"), &json!(false)));
    let mut second = Workspace::new(&account);
    second.config(&fleet(&ground, &more));
    second.import(FLEET, NAME).expect_success();
    second.assert_empty_plan();
    workspace.destroy().expect_success();
}

#[test]
fn import_with_a_setup_makes_no_new_version_where_the_instances_stay_the_same() {
    let account = Account::new();
    let ground = ground(&account);
    let config = fleet(&ground, "  setup = {\n    extra_packages = [\"git\"]\n  }");
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.config(&config);
    second.import(FLEET, NAME).expect_success();
    assert_eq!(second.plan().actions(FLEET), ["update"]);
    second.apply().expect_success();
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 0);
    second.assert_empty_plan();
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    assert_eq!(workspace.plan().actions(FLEET), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    workspace.destroy().expect_success();
}

#[test]
fn a_group_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let before = workspace.state_attr(FLEET, "launch_template_id");
    account.aws(&["autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name", NAME]);
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["LaunchTemplate"]["Version"], json!("1"));
    assert_eq!(workspace.state_attr(FLEET, "launch_template_id"), before);
    workspace.assert_empty_plan();
}

#[test]
fn a_launch_template_that_is_gone_is_restored_by_an_update() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let before = workspace.state_attr(FLEET, "launch_template_id");
    account.aws(&["ec2", "delete-launch-template", "--launch-template-name", NAME]);
    assert_eq!(workspace.plan().actions(FLEET), ["update"]);
    workspace.apply().expect_success();
    let after = workspace.state_attr(FLEET, "launch_template_id");
    assert_ne!(before, after);
    assert_eq!(group(&account)["LaunchTemplate"]["LaunchTemplateId"], after);
    workspace.assert_empty_plan();
}

#[test]
fn update_image_id_makes_a_version_and_leaves_running_instances_alone() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    set_desired(&account, "2");
    workspace.config(&fleet(&ground, "").replace(&ground.images[0], &ground.images[1]));
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["update"]);
    assert!(plan.is_unknown(FLEET, "launch_template_version"));
    workspace.apply_plan(&plan).expect_success();
    let updated = group(&account);
    assert_eq!(updated["LaunchTemplate"]["Version"], json!("2"));
    assert_eq!(updated["DesiredCapacity"], json!(2));
    assert_eq!(updated["Instances"].as_array().map(Vec::len), Some(2));
    assert_eq!(template(&account, "2")["ImageId"], json!(ground.images[1]));
    assert_eq!(template(&account, "$Default")["ImageId"], json!(ground.images[1]));
    workspace.assert_empty_plan();
}

#[test]
fn update_setup_shows_in_the_plan_by_its_checksum() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    let before = workspace.state_attr(FLEET, "user_data_sha256");
    workspace.config(&fleet(&ground, "  setup = {\n    extra_script = \"true\"\n  }"));
    let plan = workspace.plan();
    assert_ne!(plan.after(FLEET, "user_data_sha256"), &before);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["LaunchTemplate"]["Version"], json!("2"));
    workspace.assert_empty_plan();
}

#[test]
fn update_max_size_below_the_running_size_warns() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    set_desired(&account, "3");
    workspace.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 2"));
    workspace.apply().expect_success().expect_warning("Fleet made smaller than it was");
    assert_eq!(group(&account)["MaxSize"], json!(2));
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 0);
    workspace.assert_empty_plan();
}

#[test]
fn update_tags_reaches_group_template_and_instances() {
    let account = Account::new();
    let ground = ground(&account);
    let tags = |pair: &str| fleet(&ground, &format!("  tags = {{\n    {pair}\n  }}"));
    let mut workspace = Workspace::new(&account);
    workspace.config(&tags("team = \"ci\""));
    workspace.apply().expect_success();
    workspace.config(&tags("stage = \"test\""));
    workspace.apply().expect_success();
    let reported = group(&account)["Tags"].clone();
    assert_eq!(reported.as_array().map(Vec::len), Some(1));
    assert_eq!(reported[0]["Key"], json!("stage"));
    let of_templates = ["ec2", "describe-tags", "--filters", "Name=resource-type,Values=launch-template"];
    let of_templates = account.aws(&of_templates)["Tags"].clone();
    assert_eq!(of_templates.as_array().map(Vec::len), Some(1));
    assert_eq!(of_templates[0]["Key"], json!("stage"));
    let of_instances = template(&account, "2")["TagSpecifications"].to_string();
    assert!(of_instances.contains("stage") && !of_instances.contains("team"), "{of_instances}");
    workspace.assert_empty_plan();
}

#[test]
fn default_tags_reach_group_and_instances() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = {\n      owner = \"platform\"\n    }\n  }");
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    assert_eq!(group(&account)["Tags"][0]["Key"], json!("owner"));
    assert!(template(&account, "1")["TagSpecifications"].to_string().contains("owner"));
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.provider_arguments("  default_tags {\n    tags = {\n      owner = \"platform\"\n    }\n  }");
    second.config(&fleet(&ground, ""));
    second.import(FLEET, NAME).expect_success();
    second.assert_empty_plan();
}

#[test]
fn tags_that_others_look_after_are_left_alone() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  ignore_tags {\n    keys = [\"cost\"]\n  }");
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    let tag =
        format!("ResourceId={NAME},ResourceType=auto-scaling-group,Key=cost,Value=1,PropagateAtLaunch=false");
    account.aws(&["autoscaling", "create-or-update-tags", "--tags", &tag]);
    workspace.assert_empty_plan();
    workspace.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 5"));
    workspace.apply().expect_success();
    assert_eq!(group(&account)["Tags"][0]["Key"], json!("cost"));
}

#[test]
fn max_size_changed_outside_shows_in_the_next_plan() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    account.aws(&[
        "autoscaling",
        "update-auto-scaling-group",
        "--auto-scaling-group-name",
        NAME,
        "--max-size",
        "9",
    ]);
    let plan = workspace.plan();
    assert_eq!(plan.drift(), [format!("{FLEET} update")]);
    assert_eq!(plan.after(FLEET, "max_size"), &json!(4));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["MaxSize"], json!(4));
}

#[test]
fn settings_that_endanger_jobs_show_in_the_next_plan_and_are_set_right() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    let in_group = |arguments: &[&str]| {
        let mut all = vec!["autoscaling", arguments[0], "--auto-scaling-group-name", NAME];
        all.extend(&arguments[1..]);
        account.aws(&all);
    };
    in_group(&["resume-processes", "--scaling-processes", "AZRebalance"]);
    in_group(&["suspend-processes", "--scaling-processes", "Launch"]);
    in_group(&["update-auto-scaling-group", "--no-new-instances-protected-from-scale-in"]);
    let template = group(&account)["LaunchTemplate"]["LaunchTemplateId"].clone();
    let latest = format!("LaunchTemplateId={},Version=$Latest", template.as_str().expect("an id"));
    in_group(&["update-auto-scaling-group", "--launch-template", &latest]);
    let plan = workspace.plan();
    plan.run().expect_warning("Worker fleet starts no instances");
    assert_eq!(plan.actions(FLEET), ["update"]);
    assert_eq!(plan.after(FLEET, "unexpected_settings"), &json!([]));
    workspace.apply_plan(&plan).expect_success();
    let repaired = group(&account);
    assert_eq!(repaired["NewInstancesProtectedFromScaleIn"], json!(true));
    assert_eq!(repaired["LaunchTemplate"]["Version"], json!("1"));
    let suspended = repaired["SuspendedProcesses"].as_array().expect("processes").clone();
    assert_eq!(suspended.len(), 1);
    assert_eq!(suspended[0]["ProcessName"], json!("AZRebalance"));
    workspace.assert_empty_plan();
}

#[test]
fn destroy_ends_protected_instances() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    workspace.apply().expect_success();
    set_desired(&account, "2");
    assert_eq!(group(&account)["Instances"][0]["ProtectedFromScaleIn"], json!(true));
    workspace.destroy().expect_success();
    assert_eq!(group(&account), Value::Null);
    let instances = account.aws(&[
        "ec2",
        "describe-instances",
        "--filters",
        "Name=instance-state-name,Values=pending,running",
    ]);
    assert_eq!(instances["Reservations"], json!([]));
    assert_eq!(account.count("DeleteAutoScalingGroup"), 1);
}

#[test]
fn several_types_make_a_policy_that_is_all_on_demand() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&with_types(&ground, r#""m7i.large", "m6i.large""#, ""));
    workspace.apply().expect_success();
    let policy = group(&account)["MixedInstancesPolicy"].clone();
    let types: Vec<_> = policy["LaunchTemplate"]["Overrides"]
        .as_array()
        .expect("overrides")
        .iter()
        .map(|entry| entry["InstanceType"].clone())
        .collect();
    assert_eq!(types, ["m7i.large", "m6i.large"]);
    assert_eq!(policy["InstancesDistribution"]["OnDemandPercentageAboveBaseCapacity"], json!(100));
    workspace.assert_empty_plan();
    // A further type is for new instances only.
    workspace.config(&with_types(&ground, r#""m7i.large", "m6i.large", "m5.large""#, ""));
    assert_eq!(workspace.plan().actions(FLEET), ["update"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    // One type alone is a plain template, and so another purchase mix.
    workspace.config(&with_types(&ground, r#""m7i.large""#, ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["delete", "create"]);
    assert_eq!(plan.replace_paths(FLEET), ["instance_types"]);
}

#[test]
fn replace_spot_since_a_new_mix_would_end_running_instances() {
    let account = Account::new();
    let ground = ground(&account);
    let spot = |share: u32, strategy: &str| {
        let spot = format!(
            "  spot = {{\n    on_demand_percentage_above_base = {share}\n    allocation_strategy = \"{strategy}\"\n  }}"
        );
        fleet(&ground, &spot)
    };
    let mut workspace = Workspace::new(&account);
    workspace.config(&spot(20, "price-capacity-optimized"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let mut second = Workspace::new(&account);
    second.config(&spot(20, "price-capacity-optimized"));
    second.import(FLEET, NAME).expect_success();
    second.assert_empty_plan();
    workspace.config(&spot(20, "capacity-optimized"));
    assert_eq!(workspace.plan().actions(FLEET), ["update"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.config(&spot(50, "capacity-optimized"));
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["delete", "create"]);
    assert_eq!(plan.replace_paths(FLEET), ["spot"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.config(&fleet(&ground, ""));
    assert_eq!(workspace.plan().replace_paths(FLEET), ["spot"]);
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

#[test]
fn create_waits_for_an_instance_profile_that_is_not_visible_yet() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let fault = FaultKind::Error {
        status: 400,
        code: "ValidationError".to_owned(),
        message: "You must use a valid fully-formed launch template. Invalid IAM Instance Profile name"
            .to_owned(),
    };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", fault).times(2));
    workspace.apply().expect_success();
    assert_eq!(account.count("CreateAutoScalingGroup"), 3);
    workspace.assert_empty_plan();
}

#[test]
fn an_answer_that_was_lost_leaves_one_group() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let lost = || FaultKind::CutAfter { bytes: 0 };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", lost()));
    account.inject(Fault::once("ec2", "CreateLaunchTemplate", lost()));
    workspace.apply().expect_success();
    assert_eq!(template_count(&account), 1);
    workspace.assert_empty_plan();
}

#[test]
fn a_create_that_fails_half_way_leaves_nothing_behind_after_destroy() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground(&account), ""));
    let denied = FaultKind::Error {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "User is not authorized to perform: autoscaling:CreateAutoScalingGroup".to_owned(),
    };
    account.inject(Fault::once("autoscaling", "CreateAutoScalingGroup", denied));
    workspace.apply().expect_only_error(&["Creating Auto Scaling group (ci-linux)", "AccessDenied"]);
    assert!(workspace.state().is_tainted(FLEET));
    assert_eq!(template_count(&account), 1);
    workspace.destroy().expect_success();
    assert_eq!(template_count(&account), 0);
}

#[test]
fn update_waits_while_another_activity_holds_the_group() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    let busy = FaultKind::Error {
        status: 400,
        code: "ScalingActivityInProgress".to_owned(),
        message: "You have existing activities in progress".to_owned(),
    };
    account.inject(Fault::once("autoscaling", "UpdateAutoScalingGroup", busy));
    workspace.config(&fleet(&ground, "").replace("max_size           = 4", "max_size           = 5"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

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

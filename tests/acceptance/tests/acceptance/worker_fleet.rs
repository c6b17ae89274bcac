//! `ecrunner_worker_fleet`.

mod destroy;
mod faults;
mod invalid;
mod outside;
mod pull_proxy;
mod tags;

use acceptance::{Account, Workspace};
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
    let plan = workspace.plan();
    for name in ["linux", "transparent"] {
        assert_eq!(plan.actions(&format!("{TYPE}.{name}")), ["create"]);
    }
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

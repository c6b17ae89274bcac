//! Tags.

use super::*;

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
fn tags_of_others_on_the_launch_template_are_left_alone() {
    let account = Account::new();
    let ground = ground(&account);
    let tagged = |team: &str| fleet(&ground, &format!("  tags = {{\n    team = \"{team}\"\n  }}"));
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  ignore_tags {\n    keys = [\"cost\"]\n  }");
    workspace.config(&tagged("ci"));
    workspace.apply().expect_success();
    let id = workspace.state_attr(FLEET, "launch_template_id");
    let id = id.as_str().expect("an id");
    account.aws(&[
        "ec2",
        "create-tags",
        "--resources",
        id,
        "--tags",
        "Key=cost,Value=1",
        "Key=stray,Value=1",
    ]);
    workspace.config(&tagged("build"));
    workspace.apply().expect_success();
    let tags = account.aws(&["ec2", "describe-tags", "--filters", &format!("Name=resource-id,Values={id}")]);
    let tags = tags["Tags"].as_array().expect("tags").clone();
    let mut pairs: Vec<String> = tags.iter().map(|tag| format!("{}={}", tag["Key"], tag["Value"])).collect();
    pairs.sort();
    assert_eq!(pairs, [r#""cost"="1""#, r#""team"="build""#]);
}

//! Tags.

use acceptance::{Fault, FaultKind};

use super::*;

#[test]
fn tags_and_default_tags_are_set_on_both() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { team = \"ci\", env = \"prod\" }\n  }");
    workspace.config(&network(&vpc_id, "  tags = { env = \"dev\" }"));
    workspace.apply().expect_success();
    let tags = |id: &str| {
        let mut tags = group(&account, id)["Tags"].clone();
        tags.as_array_mut().expect("tags").sort_by_key(|tag| tag["Key"].to_string());
        tags
    };
    let (manager, worker) = ids(&mut workspace);
    let expected = json!([{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "ci"}]);
    assert_eq!((tags(&manager), tags(&worker)), (expected.clone(), expected));
    assert_eq!(account.count("CreateTags"), 0, "tags are sent with the create call");
    workspace.assert_empty_plan();

    workspace.config(&network(&vpc_id, "  tags = { owner = \"me\" }"));
    let plan = workspace.plan();
    assert_eq!(plan.after(NETWORK, "tags_all"), &json!({"env": "prod", "team": "ci", "owner": "me"}));
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();

    // A tag that others took from one of both is set again.
    account.aws(&["ec2", "delete-tags", "--resources", &worker, "--tags", "Key=owner"]);
    assert_eq!(workspace.plan().actions(NETWORK), ["update"]);
    workspace.apply().expect_success();
    assert_eq!(tags(&manager), tags(&worker));
    workspace.assert_empty_plan();
}

#[test]
fn foreign_tag_that_comes_during_create_does_not_fail_it() {
    let account = Account::new();
    let vpc_id = vpc(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&network(&vpc_id, "  timeouts {\n    create = \"30s\"\n  }"));
    let slow = FaultKind::Latency { milliseconds: 3_000 };
    account.inject(Fault::once("ec2", "AuthorizeSecurityGroupIngress", slow));
    let apply = workspace.start_apply();
    account.wait_for_call("AuthorizeSecurityGroupIngress");
    let groups = account.aws(&["ec2", "describe-security-groups", "--group-names", "ci-manager"]);
    let manager = groups["SecurityGroups"][0]["GroupId"].as_str().expect("an id").to_owned();
    account.aws(&["ec2", "create-tags", "--resources", &manager, "--tags", "Key=organisation,Value=1"]);
    apply.wait().expect_success();
    assert!(group(&account, &manager)["Tags"].to_string().contains("organisation"));
    // What nobody told us to ignore is drift.
    assert_eq!(workspace.plan().actions(NETWORK), ["update"]);
}

//! Tags.

use acceptance::{Fault, FaultKind};

use super::*;

/// Tags of the role and of the profile, sorted.
pub(super) fn tags(account: &Account) -> (Value, Value) {
    let of = |command: &str, option: &str, object: &str| {
        let mut tags = account.aws(&["iam", command, option, "ci"])[object]["Tags"].clone();
        // IAM leaves out what would be empty.
        let Some(sorted) = tags.as_array_mut() else { return json!([]) };
        sorted.sort_by_key(|tag| tag["Key"].to_string());
        tags
    };
    (
        of("get-role", "--role-name", "Role"),
        of("get-instance-profile", "--instance-profile-name", "InstanceProfile"),
    )
}

#[test]
fn tags_and_default_tags_are_set_on_both() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { team = \"ci\", env = \"prod\" }\n  }");
    let tagged = |tags: &str| profile(&format!("  tags = {tags}\n"));
    workspace.config(&tagged("{ env = \"dev\" }"));
    workspace.apply().expect_success();
    let expected = json!([{"Key": "env", "Value": "dev"}, {"Key": "team", "Value": "ci"}]);
    assert_eq!(tags(&account), (expected.clone(), expected));
    assert_eq!(workspace.state_attr(PROFILE, "tags_all"), json!({"env": "dev", "team": "ci"}));
    workspace.assert_empty_plan();

    workspace.config(&tagged("{ owner = \"me\" }"));
    let plan = workspace.plan();
    assert_eq!(plan.after(PROFILE, "tags_all"), &json!({"env": "prod", "team": "ci", "owner": "me"}));
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();

    // A tag that others took from one of both is set again.
    account.aws(&["iam", "untag-instance-profile", "--instance-profile-name", "ci", "--tag-keys", "owner"]);
    assert_eq!(workspace.plan().actions(PROFILE), ["update"]);
    workspace.apply().expect_success();
    let (role, profile) = tags(&account);
    assert_eq!(role, profile);
    assert_eq!(role.as_array().map(Vec::len), Some(3));
    workspace.assert_empty_plan();
}

#[test]
fn ignored_tags_and_policies_attached_by_others_are_left_alone() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  ignore_tags {\n    key_prefixes = [\"cost-\"]\n  }");
    workspace.config(&profile("  tags = { team = \"ci\" }\n"));
    workspace.apply().expect_success();
    account.aws(&["iam", "tag-role", "--role-name", "ci", "--tags", "Key=cost-center,Value=1"]);
    let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    account.aws(&["iam", "attach-role-policy", "--role-name", "ci", "--policy-arn", arn]);
    workspace.assert_empty_plan();

    workspace.config(&profile("  tags = { team = \"build\" }\n"));
    workspace.apply().expect_success();
    assert_eq!(tags(&account).0.as_array().map(Vec::len), Some(2));
    let attached = account.aws(&["iam", "list-attached-role-policies", "--role-name", "ci"]);
    assert_eq!(attached["AttachedPolicies"][0]["PolicyArn"], arn);
    workspace.assert_empty_plan();
}

#[test]
fn foreign_tag_that_comes_during_create_does_not_fail_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&profile(
        "  image_pull = {\n    repositories = [\"*\"]\n  }\n  timeouts {\n    create = \"30s\"\n  }\n",
    ));
    account.inject(Fault::once("iam", "PutRolePolicy", FaultKind::Latency { milliseconds: 3_000 }));
    let apply = workspace.start_apply();
    account.wait_for_call("PutRolePolicy");
    account.aws(&["iam", "tag-role", "--role-name", "ci", "--tags", "Key=organisation,Value=1"]);
    apply.wait().expect_success();
    let (role, _) = tags(&account);
    assert!(role.to_string().contains("organisation"), "the tag was there: {role}");
    // What nobody told us to ignore is drift.
    assert_eq!(workspace.plan().actions(PROFILE), ["update"]);
    workspace.provider_arguments("  ignore_tags {\n    keys = [\"organisation\"]\n  }");
    workspace.assert_empty_plan();
}

#[test]
fn tag_that_is_set_and_ignored_is_not_sent_and_is_no_difference() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  ignore_tags {\n    keys = [\"cost\"]\n  }");
    workspace.config(&profile("  tags = { team = \"ci\", cost = \"1\" }\n"));
    workspace.apply().expect_success();
    let expected = json!([{"Key": "team", "Value": "ci"}]);
    assert_eq!(tags(&account), (expected.clone(), expected));
    workspace.assert_empty_plan();
    account.aws(&["iam", "tag-role", "--role-name", "ci", "--tags", "Key=cost,Value=theirs"]);
    workspace.assert_empty_plan();
}

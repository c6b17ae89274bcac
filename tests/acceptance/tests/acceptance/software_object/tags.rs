//! Tags, which S3 sets all at once.

use super::*;

#[test]
fn update_tags_uploads_nothing() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "  tags = { team = \"ci & more\" }");
    workspace.apply().expect_success();
    assert_eq!(tags_of(&account, &bucket, &key(CONTENT)), json!([{"Key": "team", "Value": "ci & more"}]));
    workspace.assert_empty_plan();
    workspace.config(&object(&bucket, "  tags = { owner = \"platform\" }"));
    let plan = workspace.plan();
    assert_eq!(plan.actions(OBJECT), ["update"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(tags_of(&account, &bucket, &key(CONTENT)), json!([{"Key": "owner", "Value": "platform"}]));
    workspace.assert_empty_plan();
    workspace.config(&object(&bucket, ""));
    workspace.apply().expect_success();
    assert_eq!(tags_of(&account, &bucket, &key(CONTENT)), json!([]));
    workspace.assert_empty_plan();
    assert_eq!(uploads(&account), 1);
}

#[test]
fn default_tags_are_set_and_ignored_ones_left_alone() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "  tags = { team = \"ci\" }");
    workspace.provider_arguments(
        "  default_tags {\n    tags = { owner = \"platform\" }\n  }\n  ignore_tags {\n    keys = [\"cost\"]\n  }",
    );
    workspace.apply().expect_success();
    assert_eq!(workspace.state_attr(OBJECT, "tags_all"), json!({"owner": "platform", "team": "ci"}));
    let cost = json!({"Key": "cost", "Value": "1"});
    let mut set = tags_of(&account, &bucket, &key(CONTENT));
    set.as_array_mut().expect("tags").push(cost.clone());
    let tagging = json!({ "TagSet": set }).to_string();
    let key = key(CONTENT);
    account.aws(&["s3api", "put-object-tagging", "--bucket", &bucket, "--key", &key, "--tagging", &tagging]);
    workspace.assert_empty_plan();
    // A change of ours sets all of them anew, theirs too.
    workspace.config(&object(&bucket, "  tags = { team = \"build\" }"));
    workspace.apply().expect_success();
    let tags = tags_of(&account, &bucket, &key);
    let tags = tags.as_array().expect("tags");
    assert!(tags.len() == 3 && tags.contains(&cost), "{tags:?}");
    workspace.assert_empty_plan();
    // And so does new content.
    put(&account, &workspace, &bucket, &key, "theirs\n", &["--tagging", "cost=1"]);
    workspace.apply().expect_success();
    let tags = tags_of(&account, &bucket, &key);
    let tags = tags.as_array().expect("tags");
    assert!(tags.len() == 3 && tags.contains(&cost), "{tags:?}");
    workspace.assert_empty_plan();
}

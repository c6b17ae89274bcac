//! What others change.

use super::*;

fn delete(account: &Account, bucket: &str) {
    account.aws(&["s3api", "delete-object", "--bucket", bucket, "--key", &key(CONTENT)]);
}

#[test]
fn disappears() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    delete(&account, &bucket);
    assert_eq!(workspace.plan().actions(OBJECT), ["create"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();

    // Between plan and apply, of an update and of a destroy.
    workspace.config(&object(&bucket, "  tags = { team = \"ci\" }"));
    let plan = workspace.plan();
    delete(&account, &bucket);
    workspace.apply_plan(&plan).expect_only_error(&["Updating software object", "vanished", "Apply again"]);
    workspace.apply().expect_success();
    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(OBJECT), ["delete"]);
    delete(&account, &bucket);
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn bucket_that_is_gone_took_the_object_with_it() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    delete(&account, &bucket);
    account.aws(&["s3api", "delete-bucket", "--bucket", &bucket]);
    assert_eq!(workspace.plan().actions(OBJECT), ["create"]);
    workspace.destroy().expect_success();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn content_changed_by_others_is_told_and_restored_in_place() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    let key = key(CONTENT);
    // Other content with its own digest, and the same content without one that could be compared.
    for (content_of_theirs, options) in
        [("theirs\n", &["--checksum-algorithm", "SHA256"]), (CONTENT, &["--checksum-algorithm", "CRC32"])]
    {
        put(&account, &workspace, &bucket, &key, content_of_theirs, options);
        let plan = workspace.plan();
        plan.run().expect_warning(&format!("Software object was changed ({bucket}/{key})"));
        assert_eq!(plan.actions(OBJECT), ["update"]);
        assert_eq!(plan.drift(), [format!("{OBJECT} update")]);
        assert_eq!(plan.before(OBJECT, "sha256"), &json!(null));
        workspace.apply_plan(&plan).expect_success();
        assert_eq!(content(&account, &workspace, &bucket, &key), CONTENT);
        workspace.assert_empty_plan();
    }
    assert_eq!(keys(&account, &bucket), [key]);
}

#[test]
fn content_changed_by_others_is_replaced_with_a_file_that_changed_too() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    put(&account, &workspace, &bucket, &key(CONTENT), "theirs\n", &[]);
    workspace.file("tool", "version 2\n");
    assert_eq!(workspace.plan().replace_paths(OBJECT), ["key"]);
    workspace.apply().expect_success();
    assert_eq!(keys(&account, &bucket), [key("version 2\n")]);
    workspace.assert_empty_plan();
}

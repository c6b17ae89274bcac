//! `ecrunner_software_object`.

mod faults;
mod invalid;
mod outside;
mod tags;

use acceptance::{Account, REGION, Workspace};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const OBJECT: &str = "ecrunner_software_object.this";
const TYPE: &str = "ecrunner_software_object";
/// What the file holds in most tests.
const CONTENT: &str = "version 1\n";

/// An account with a bucket, and its name: buckets have names of their own all over AWS.
fn account_with_bucket() -> (Account, String) {
    let account = Account::new();
    let bucket = format!("software-{}", account.id());
    let place = format!("LocationConstraint={REGION}");
    let create = ["s3api", "create-bucket", "--bucket", &bucket, "--create-bucket-configuration", &place];
    account.aws(&create);
    (account, bucket)
}

/// A workspace with the file `tool`, and its object with these further arguments.
fn workspace_of(account: &Account, bucket: &str, arguments: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.file("tool", CONTENT);
    workspace.config(&object(bucket, arguments));
    workspace
}

fn object(bucket: &str, arguments: &str) -> String {
    format!(
        "resource \"{TYPE}\" \"this\" {{\n  bucket = \"{bucket}\"\n  source = \"tool\"\n{arguments}\n}}\n"
    )
}

fn sha256(content: &str) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Key of the file `tool` with this content.
fn key(content: &str) -> String {
    format!("software/{}/tool", sha256(content))
}

/// Keys of the bucket.
fn keys(account: &Account, bucket: &str) -> Vec<String> {
    let listed = account.aws(&["s3api", "list-objects-v2", "--bucket", bucket]);
    let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
    objects.iter().map(|object| object["Key"].as_str().expect("a key").to_owned()).collect()
}

/// What stands in the object, read by the AWS CLI.
fn content(account: &Account, workspace: &Workspace, bucket: &str, key: &str) -> String {
    let file = workspace.directory().join("downloaded");
    let path = file.display().to_string();
    account.aws(&["s3api", "get-object", "--bucket", bucket, "--key", key, &path]);
    std::fs::read_to_string(file).expect("the downloaded file")
}

fn tags_of(account: &Account, bucket: &str, key: &str) -> Value {
    account.aws(&["s3api", "get-object-tagging", "--bucket", bucket, "--key", key])["TagSet"].clone()
}

/// Puts other content into the object, by the AWS CLI.
fn put(account: &Account, workspace: &Workspace, bucket: &str, key: &str, content: &str, options: &[&str]) {
    workspace.file("theirs", content);
    let body = workspace.directory().join("theirs").display().to_string();
    let put = ["s3api", "put-object", "--bucket", bucket, "--key", key, "--body", &body];
    account.aws(&[&put[..], options].concat());
}

/// How a fault and the record name the upload.
fn upload(bucket: &str, key: &str) -> String {
    format!("PUT /{bucket}/{key}?x-id")
}

/// The provider's and the CLI's uploads so far.
fn uploads(account: &Account) -> usize {
    let is_upload = |action: &str| action.starts_with("PUT /") && !action.ends_with("?tagging");
    account
        .calls()
        .iter()
        .filter(|call| is_upload(&call.action) && call.action.contains("/software/"))
        .count()
}

#[test]
fn basic() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    let plan = workspace.plan();
    assert_eq!(plan.actions(OBJECT), ["create"]);
    let (sha256, key) = (sha256(CONTENT), key(CONTENT));
    let told = [
        ("sha256", sha256.clone()),
        ("key", key.clone()),
        ("url", format!("s3://{bucket}/{key}")),
        ("arn", format!("arn:aws:s3:::{bucket}/{key}")),
    ];
    for (attribute, expected) in &told {
        assert_eq!(plan.after(OBJECT, attribute), expected, "{attribute} is known to the plan");
    }
    assert_eq!(uploads(&account), 0, "planning uploads nothing");
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(keys(&account, &bucket), std::slice::from_ref(&key));
    assert_eq!(content(&account, &workspace, &bucket, &key), CONTENT);
    assert_eq!(tags_of(&account, &bucket, &key), json!([]), "the mark is taken away");
    for (attribute, expected) in &told {
        assert_eq!(workspace.state_attr(OBJECT, attribute), expected.as_str(), "{attribute}");
    }
    workspace.assert_empty_plan();

    let mut second = workspace_of(&account, &bucket, "");
    second.import(OBJECT, &format!("{bucket}/{key}")).expect_success();
    for attribute in ["prefix", "source", "sha256", "key", "url", "arn", "tags", "tags_all"] {
        let imported = second.state_attr(OBJECT, attribute);
        assert_eq!(imported, workspace.state_attr(OBJECT, attribute), "{attribute}");
    }
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(keys(&account, &bucket), Vec::<String>::new());
    assert_eq!(uploads(&account), 1);
}

#[test]
fn replace_changed_file_and_its_name() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    workspace.file("tool", "version 2\n");
    let plan = workspace.plan();
    assert_eq!(plan.actions(OBJECT), ["delete", "create"]);
    assert_eq!(plan.replace_paths(OBJECT), ["key"]);
    assert_eq!(plan.after(OBJECT, "sha256"), sha256("version 2\n").as_str());
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(keys(&account, &bucket), [key("version 2\n")]);
    assert_eq!(content(&account, &workspace, &bucket, &key("version 2\n")), "version 2\n");
    workspace.assert_empty_plan();

    workspace.file("tool-2", "version 2\n");
    workspace.config(&object(&bucket, "").replace("\"tool\"", "\"tool-2\""));
    let plan = workspace.plan();
    assert_eq!(
        (plan.actions(OBJECT), plan.replace_paths(OBJECT)),
        (vec!["delete", "create"], vec!["key".into()])
    );
}

#[test]
fn replace_bucket_and_prefix() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    workspace.config(&object(&format!("{bucket}-2"), ""));
    assert_eq!(workspace.plan().replace_paths(OBJECT), ["bucket"]);
    workspace.config(&object(&bucket, "  prefix = \"\""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(OBJECT), ["delete", "create"]);
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(keys(&account, &bucket), [format!("{}/tool", sha256(CONTENT))]);
    workspace.assert_empty_plan();
}

#[test]
fn changed_file_that_is_created_before_the_old_one_is_destroyed_leaves_no_gap() {
    let (account, bucket) = account_with_bucket();
    let lifecycle = "  lifecycle {\n    create_before_destroy = true\n  }";
    let mut workspace = workspace_of(&account, &bucket, lifecycle);
    workspace.apply().expect_success();
    workspace.file("tool", "version 2\n");
    workspace.apply().expect_success();
    let calls = account.calls().into_iter().map(|call| call.action);
    let changes: Vec<String> =
        calls.filter(|action| action.starts_with("DELETE") || action.contains("x-id")).collect();
    let position = |beginning: &str, key: &str| {
        changes.iter().position(|action| action.starts_with(beginning) && action.contains(key)).expect(key)
    };
    assert!(position("PUT", &key("version 2\n")) < position("DELETE", &key(CONTENT)), "{changes:?}");
    assert_eq!(keys(&account, &bucket), [key("version 2\n")]);
    workspace.assert_empty_plan();
}

#[test]
fn same_file_elsewhere_is_no_change() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    std::fs::create_dir(workspace.directory().join("dist")).expect("a folder");
    workspace.file("dist/tool", CONTENT);
    workspace.config(&object(&bucket, "").replace("\"tool\"", "\"dist/tool\""));
    workspace.assert_empty_plan();
    // But where it has to be uploaded again, it is that one.
    std::fs::remove_file(workspace.directory().join("tool")).expect("the file is removed");
    put(&account, &workspace, &bucket, &key(CONTENT), "theirs\n", &[]);
    workspace.apply().expect_success();
    assert_eq!(content(&account, &workspace, &bucket, &key(CONTENT)), CONTENT);
    workspace.assert_empty_plan();
}

#[test]
fn what_is_there_does_without_the_file_and_what_is_made_does_not() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    std::fs::remove_file(workspace.directory().join("tool")).expect("the file is removed");
    workspace.terraform(&["apply", "-refresh-only", "-auto-approve", "-no-color"]).expect_success();
    let plan = workspace.plan();
    plan.assert_empty();
    plan.run().expect_warning("Unusable source").expect_text("the object stays as it is");

    workspace.config(&object(&bucket, "  prefix = \"other/\""));
    let run = workspace.run_plan(&[]);
    run.expect_error("Unusable source", "source");
    run.expect_only_error(&["tool cannot be read", "Build or download it"]);

    put(&account, &workspace, &bucket, &key(CONTENT), "theirs\n", &[]);
    workspace.config(&object(&bucket, ""));
    workspace.plan().run().expect_warning("Software object was changed");
    workspace.destroy().expect_success();
    assert_eq!(keys(&account, &bucket), Vec::<String>::new());
}

#[test]
fn unknown_source_and_bucket_are_planned_and_applied() {
    let (account, bucket) = account_with_bucket();
    let input = format!(
        "resource \"terraform_data\" \"input\" {{\n  input = {{ bucket = \"{bucket}\", source = \"tool\" }}\n}}\n"
    );
    let output = |name: &str| format!("terraform_data.input.output.{name}");
    let by_bucket = object(&bucket, "").replace(&format!("\"{bucket}\""), &output("bucket"));
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.config(&(input.clone() + &by_bucket));
    let plan = workspace.plan();
    assert_eq!(plan.after(OBJECT, "key"), key(CONTENT).as_str());
    assert!(plan.is_unknown(OBJECT, "url") && plan.is_unknown(OBJECT, "arn"));
    workspace.config(&(input + &by_bucket.replace("\"tool\"", &output("source"))));
    let plan = workspace.plan();
    assert!(plan.is_unknown(OBJECT, "sha256") && plan.is_unknown(OBJECT, "key"));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(keys(&account, &bucket), [key(CONTENT)]);
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    // The same content, by somebody else.
    put(
        &account,
        &workspace,
        &bucket,
        &key(CONTENT),
        CONTENT,
        &["--checksum-algorithm", "SHA256", "--tagging", "team=other"],
    );
    let id = format!("id = \"{bucket}/{}\"", key(CONTENT));
    workspace.apply().expect_only_error(&[
        &format!("Creating software object ({bucket}/{})", key(CONTENT)),
        "import {",
        "to = ecrunner_software_object.",
        &id,
    ]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(tags_of(&account, &bucket, &key(CONTENT)), json!([{"Key": "team", "Value": "other"}]));
}

#[test]
fn import_of_what_is_no_software_object_says_what_one_is() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    put(&account, &workspace, &bucket, "software/tool", CONTENT, &[]);
    for (id, text) in [
        (format!("{bucket}/software/tool"), "<prefix><SHA-256>/<file name>"),
        (bucket.clone(), "The import id is <bucket>/<key>."),
        (format!("{bucket}/{}", key("nothing")), "no object"),
        (format!("{bucket}-2/{}", key(CONTENT)), "There is no bucket"),
    ] {
        let run = workspace.import(OBJECT, &id);
        run.expect_failure().expect_text("Software object not found").expect_text(text);
    }
}

#[test]
fn profile_reads_what_is_kept() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    let profile = format!(
        "resource \"ecrunner_instance_profile\" \"worker\" {{\n  name = \"worker\"\n  read_objects = [{OBJECT}.url]\n}}\n"
    );
    workspace.config(&(object(&bucket, "") + &profile));
    workspace.apply().expect_success();
    let policy = workspace.state_attr("ecrunner_instance_profile.worker", "policy_json");
    let arn = workspace.state_attr(OBJECT, "arn");
    let (policy, arn) = (policy.as_str().expect("a policy"), arn.as_str().expect("an ARN"));
    assert!(policy.contains(&format!("\"Resource\":[\"{arn}\"]")), "{policy}");
    workspace.assert_empty_plan();
}

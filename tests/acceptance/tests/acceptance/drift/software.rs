//! Software in a bucket.

use acceptance::{Account, REGION, Workspace};

use super::{FIXED, IDENTITY, change, check, shown, words};

#[test]
fn software_object() {
    let account = Account::new();
    let type_name = "ecrunner_software_object";
    let bucket = format!("software-{}", account.id());
    let place = format!("LocationConstraint={REGION}");
    account.aws(&["s3api", "create-bucket", "--bucket", &bucket, "--create-bucket-configuration", &place]);
    let mut workspace = Workspace::new(&account);
    workspace.file("tool", "ours\n");
    workspace.file("theirs", "theirs\n");
    workspace.config(&format!(
        r#"
resource "{type_name}" "this" {{
  bucket = "{bucket}"
  source = "tool"
  tags   = {{ team = "ci" }}
}}
"#
    ));
    workspace.apply().expect_success();
    let key = workspace.state_attr(&format!("{type_name}.this"), "key");
    let key = key.as_str().expect("a key").to_owned();
    let object =
        |action, options: &[&str]| words(&["s3api", action, "--bucket", &bucket, "--key", &key], options);
    let theirs = workspace.directory().join("theirs").display().to_string();
    let changes = [
        // What stands in the object shows in its digest.
        shown("source", "sha256", object("put-object", &["--body", &theirs, "--tagging", "team=ci"])),
        change("tags", object("put-object-tagging", &["--tagging", "TagSet=[{Key=team,Value=theirs}]"])),
        change("tags", object("delete-object-tagging", &[])),
    ];
    let apart = [("bucket", IDENTITY), ("prefix", FIXED)];
    check(&account, &mut workspace, type_name, &changes, &apart);
}

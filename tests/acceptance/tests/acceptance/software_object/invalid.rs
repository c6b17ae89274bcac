//! What is refused before anything is uploaded.

use std::fs::File;

use super::*;

#[test]
fn invalid_arguments_are_reported_with_their_path() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let cases = [
        ("bucket", object("arn:aws:s3:::example-bucket", "")),
        ("bucket", object("Example", "")),
        ("prefix", object("example-bucket", "  prefix = \"software\"")),
        ("prefix", object("example-bucket", "  prefix = \"/software/\"")),
    ];
    for (attribute, config) in cases {
        workspace.config(&config);
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
}

#[test]
fn invalid_source_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = workspace_of(&account, "example-bucket", "");
    std::fs::create_dir(workspace.directory().join("folder")).expect("a folder");
    workspace.file("a tool", CONTENT);
    let large = File::create(workspace.directory().join("large")).expect("a file");
    // It has no blocks: nothing is written.
    large.set_len(5 * 1024 * 1024 * 1024 + 1).expect("a large file");
    let cases = [
        ("missing", "missing cannot be read"),
        ("folder", "folder is not a file"),
        ("a tool", "the name of a file that can stand in a URL"),
        ("large", "has 5368709121 bytes, and S3 takes 5368709120 in one upload"),
    ];
    for (source, text) in cases {
        workspace.config(&object("example-bucket", "").replace("\"tool\"", &format!("\"{source}\"")));
        let run = workspace.run_plan(&[]);
        run.expect_error("Unusable source", "source").expect_only_error(&[text]);
    }
    assert!(account.calls().iter().all(|call| call.service != "s3"), "planning asks no bucket");
}

#[test]
fn invalid_number_of_tags_is_told_at_plan() {
    let account = Account::new();
    let mut workspace = workspace_of(&account, "example-bucket", "");
    workspace.provider_arguments("  default_tags {\n    tags = { owner = \"platform\" }\n  }");
    let tags = |count| format!("  tags = {{ for i in range({count}) : \"tag-${{i}}\" => \"x\" }}");
    workspace.config(&object("example-bucket", &tags(9)));
    workspace.run_plan(&[]).expect_error("Too many tags", "tags").expect_only_error(&["would have 10 tags"]);
    workspace.config(&object("example-bucket", &tags(8)));
    workspace.plan();
}

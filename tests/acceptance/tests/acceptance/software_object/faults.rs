//! Runs that are disturbed.

use std::time::Duration;

use acceptance::{Direct, Fault, FaultKind};
use tf_provider_testing::server::State;

use super::*;

fn error(status: u16, code: &str) -> FaultKind {
    FaultKind::Error { status, code: code.to_owned(), message: "Cannot do this".to_owned() }
}

/// A fault of the next upload of `tool`.
fn disturb(account: &Account, bucket: &str, kind: FaultKind) {
    account.inject(Fault::once("s3", &upload(bucket, &key(CONTENT)), kind));
}

/// The object is there, whole and unmarked, by this number of uploads.
fn assert_made(account: &Account, workspace: &mut Workspace, bucket: &str, attempts: usize) {
    assert_eq!(content(account, workspace, bucket, &key(CONTENT)), CONTENT);
    assert_eq!(tags_of(account, bucket, &key(CONTENT)), json!([]), "the mark is taken away");
    assert_eq!(uploads(account), attempts);
    workspace.assert_empty_plan();
}

#[test]
fn refused_upload_names_the_cause_and_leaves_nothing() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    for (kind, path, texts) in [
        (error(403, "AccessDenied"), None, ["AccessDenied", "s3:PutObjectTagging"]),
        (error(301, "PermanentRedirect"), Some("bucket"), ["PermanentRedirect", "another region"]),
        (error(400, "BadDigest"), Some("source"), ["BadDigest", "changed during the upload"]),
    ] {
        disturb(&account, &bucket, kind);
        let run = workspace.apply();
        run.expect_error(&format!("Creating software object ({bucket}/{})", key(CONTENT)), path);
        run.expect_only_error(&texts).expect_text("The object was not made.");
        assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    }
    assert_eq!(uploads(&account), 3, "none is repeated");
    assert_eq!(keys(&account, &bucket), Vec::<String>::new());
}

#[test]
fn bucket_that_is_not_there_is_named() {
    let account = Account::new();
    let bucket = format!("nowhere-{}", account.id());
    let mut workspace = workspace_of(&account, &bucket, "");
    let run = workspace.apply();
    run.expect_error(&format!("Creating software object ({bucket}/{})", key(CONTENT)), "bucket");
    run.expect_only_error(&["NoSuchBucket", "The object was not made.", "Make the bucket first"]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
}

#[test]
fn throttled_and_cut_uploads_are_repeated() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    disturb(&account, &bucket, FaultKind::Throttling);
    disturb(&account, &bucket, FaultKind::CutConnection);
    disturb(&account, &bucket, error(409, "ConditionalRequestConflict"));
    workspace.apply().expect_success();
    assert_made(&account, &mut workspace, &bucket, 4);
}

#[test]
fn upload_whose_answer_is_lost_is_not_taken_for_a_foreign_one() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    disturb(&account, &bucket, FaultKind::CutAfter { bytes: 0 });
    workspace.apply().expect_success();
    assert_eq!(keys(&account, &bucket), [key(CONTENT)]);
    assert_eq!(tags_of(&account, &bucket, &key(CONTENT)), json!([]), "the mark is taken away");
    workspace.assert_empty_plan();
}

#[test]
fn upload_may_take_longer_than_any_other_call() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    // The client gives up any other call after 30 s without an answer.
    disturb(&account, &bucket, FaultKind::Latency { milliseconds: 33_000 });
    workspace.apply().expect_success();
    assert_made(&account, &mut workspace, &bucket, 1);
}

#[test]
fn upload_that_does_not_end_is_told_within_the_timeout() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "  timeouts {\n    create = \"3s\"\n  }");
    disturb(&account, &bucket, FaultKind::Latency { milliseconds: 600_000 });
    let run = workspace.apply();
    run.expect_only_error(&["Creating software object", "Apply again to go on"]);
    run.expect_within(Duration::from_secs(60));
}

#[test]
fn create_that_crashed_is_gone_on_with_by_the_next_one() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    // The object is made; then the process ends before the state is written.
    let tagging = format!("PUT /{bucket}/{}?tagging", key(CONTENT));
    let forever = FaultKind::Latency { milliseconds: 600_000 };
    account.inject(Fault::once("s3", &tagging, forever));
    let apply = workspace.start_apply();
    account.wait_for_call(&tagging);
    apply.crash();
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(keys(&account, &bucket), [key(CONTENT)]);

    // Another configuration is refused.
    let mut other = workspace_of(&account, &bucket, "");
    std::fs::create_dir(other.directory().join("dist")).expect("a folder");
    other.file("dist/tool", CONTENT);
    other.config(&object(&bucket, "").replace("\"tool\"", "\"dist/tool\""));
    other.apply().expect_only_error(&["Creating software object", "import {"]);

    workspace.apply().expect_success();
    assert_made(&account, &mut workspace, &bucket, 3);
}

#[test]
fn create_that_fails_half_way_is_kept_and_made_good() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    let tagging = format!("PUT /{bucket}/{}?tagging", key(CONTENT));
    account.inject(Fault::once("s3", &tagging, error(403, "AccessDenied")));
    workspace.apply().expect_only_error(&["Tagging S3 object", "AccessDenied", "s3:PutObjectTagging"]);
    assert!(workspace.state().is_tainted(OBJECT));
    workspace.apply().expect_success();
    assert_made(&account, &mut workspace, &bucket, 2);
}

#[test]
fn create_before_destroy_keeps_what_the_second_create_went_on_with() {
    let (account, bucket) = account_with_bucket();
    let lifecycle = "  lifecycle {\n    create_before_destroy = true\n  }";
    let mut workspace = workspace_of(&account, &bucket, lifecycle);
    let tagging = format!("PUT /{bucket}/{}?tagging", key(CONTENT));
    account.inject(Fault::once("s3", &tagging, error(403, "AccessDenied")));
    workspace.apply().expect_only_error(&["Tagging S3 object", "AccessDenied"]);
    assert!(workspace.state().is_tainted(OBJECT));
    workspace.apply().expect_success();
    assert!(account.calls().iter().all(|call| call.method != "DELETE"), "the one object is kept");
    assert_made(&account, &mut workspace, &bucket, 2);
}

#[test]
fn interrupted_upload_ends_and_leaves_nothing() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    disturb(&account, &bucket, FaultKind::Latency { milliseconds: 600_000 });
    let apply = workspace.start_apply();
    account.wait_for_call(&upload(&bucket, &key(CONTENT)));
    apply.interrupt();
    let run = apply.wait();
    run.expect_error("Creating software object", None).expect_text("Interrupted during the upload");
    run.expect_within(Duration::from_secs(60));
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(keys(&account, &bucket), Vec::<String>::new());
    workspace.apply().expect_success();
    assert_made(&account, &mut workspace, &bucket, 2);
}

#[test]
fn refused_reading_keeps_the_state_and_names_the_permissions() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    workspace.apply().expect_success();
    let head = format!("HEAD /{bucket}/{}", key(CONTENT));
    account.inject(Fault::once("s3", &head, error(403, "AccessDenied")));
    workspace.run_plan(&[]).expect_only_error(&["Reading S3 object", "403", "s3:ListBucket"]);
    workspace.assert_empty_plan();
}

#[test]
fn file_that_changes_between_plan_and_apply_is_not_uploaded() {
    let (account, bucket) = account_with_bucket();
    let mut workspace = workspace_of(&account, &bucket, "");
    let plan = workspace.plan();
    workspace.file("tool", "version 2\n");
    workspace.apply_plan(&plan).expect_failure();
    assert_eq!((uploads(&account), workspace.state().addresses()), (0, Vec::<String>::new()));

    // Terraform compares the plans by itself; where the file changes after that, the provider does.
    let provider = Direct::new(&account);
    let source = workspace.directory().join("tool");
    let config = json!({ "bucket": bucket, "source": source.display().to_string() });
    let planned = provider.ask(async |server| server.plan(TYPE, &State::absent(), config).await);
    planned.diagnostics.expect_none();
    workspace.file("tool", "version 3\n");
    let refused = provider.ask(async |server| server.apply(&planned).await);
    refused
        .diagnostics
        .expect_error(&format!("Creating software object ({bucket}/{})", key("version 2\n")), "source");
    let detail = &refused.diagnostics[0].detail;
    assert!(detail.contains("changed since the plan") && detail.contains(&sha256("version 3\n")), "{detail}");
    assert_eq!(uploads(&account), 0);

    workspace.file("tool", "version 2\n");
    let applied = provider.ask(async |server| server.apply(&planned).await);
    applied.diagnostics.expect_none();
    assert_eq!(keys(&account, &bucket), [key("version 2\n")]);
}

//! Action `ecrunner_sync_mirror`, which Terraform 1.14 and later invokes: asked of the provider itself.

use acceptance::{Account, Direct, Stack, Workspace};
use serde_json::{Value, json};
use tf_provider_testing::server::ActionEvent;
use upstream_registry::{Registry, TokenAuth};

const NAME: &str = "mirror/library/alpine";
const REPOSITORY: &str = "library/alpine";
const MIRROR: &str = "ecrunner_mirror_repository.alpine";

fn upstream() -> Registry {
    Stack::shared().upstream(Registry::builder().token_auth(TokenAuth::anonymous()))
}

fn mirror(upstream: &Registry, tags: &str) -> String {
    format!(
        r#"
resource "ecrunner_mirror_repository" "alpine" {{
  name       = "{NAME}"
  source     = "{}/{REPOSITORY}"
  image_tags = [{tags}]
}}
"#,
        upstream.address()
    )
}

fn invoke(account: &Account, config: &Value) -> Vec<ActionEvent> {
    let provider = Direct::new(account);
    provider.ask(async |server| server.invoke_action("ecrunner_sync_mirror", config.clone()).await)
}

/// The lines of progress, and the diagnostics of the end.
fn told(events: Vec<ActionEvent>) -> (Vec<String>, tf_provider_testing::server::Diagnostics) {
    let mut lines = Vec::new();
    let mut end = None;
    for event in events {
        match event {
            ActionEvent::Progress(line) => lines.push(line),
            ActionEvent::Completed(diagnostics) => end = Some(diagnostics),
        }
    }
    (lines, end.expect("the action ends"))
}

fn digest(account: &Account, tag: &str) -> String {
    let id = format!("imageTag={tag}");
    let images = account.aws(&["ecr", "describe-images", "--repository-name", NAME, "--image-ids", &id]);
    images["imageDetails"][0]["imageDigest"].as_str().expect("a digest").to_owned()
}

#[test]
fn what_moved_upstream_is_copied_and_the_next_plan_is_empty() {
    let account = Account::new();
    let upstream = upstream();
    upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64"]);
    let still = upstream.add_image(REPOSITORY, "3.19", &["linux/amd64"]).digest;
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, r#""3.20", "3.19""#));
    workspace.apply().expect_success();

    let moved = upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64", "linux/s390x"]).digest;
    assert_eq!(workspace.plan().actions(MIRROR), ["update"], "it moved");
    let (lines, end) = told(invoke(&account, &json!({ "name": NAME })));
    end.expect_none();
    assert!(lines.contains(&format!("3.19 is up to date: {still}")), "{lines:?}");
    assert!(lines.contains(&format!("3.20: copying {moved}")), "{lines:?}");
    assert!(lines.last().is_some_and(|line| line.starts_with("3.20: copied, ")), "{lines:?}");
    assert_eq!(digest(&account, "3.20"), moved);
    let plan = workspace.plan();
    assert_eq!(plan.drift(), [format!("{MIRROR} update")], "the refresh finds what the action did");
    assert!(plan.changes().is_empty(), "and nothing is left to do: {:?}", plan.changes());
}

#[test]
fn a_tag_that_is_gone_upstream_does_not_keep_the_others() {
    let account = Account::new();
    let upstream = upstream();
    upstream.add_image(REPOSITORY, "3.20", &["linux/amd64"]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, r#""3.20""#));
    workspace.apply().expect_success();
    let moved = upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64"]).digest;
    let (_, end) = told(invoke(&account, &json!({ "name": NAME, "image_tags": ["gone", "3.20"] })));
    assert!(end.has_errors());
    assert!(end.iter().any(|diagnostic| diagnostic.detail.contains("gone")), "{end:?}");
    assert_eq!(digest(&account, "3.20"), moved, "the other one came");
}

#[test]
fn a_repository_that_is_no_mirror_is_refused() {
    let account = Account::new();
    account.aws(&["ecr", "create-repository", "--repository-name", NAME]);
    let summary = format!("Synchronising ECR mirror repository ({NAME})");
    let (lines, end) = told(invoke(&account, &json!({ "name": NAME })));
    end.expect_error(&summary, "name");
    assert!(lines.is_empty(), "{lines:?}");
    let (_, end) = told(invoke(&account, &json!({ "name": "mirror/nothing" })));
    end.expect_error("Synchronising ECR mirror repository (mirror/nothing)", "name");
}

//! A whole pull-through by the clients of CI: terraform applies rule, credential and creation template, then skopeo and
//! dockerd pull an image of Docker Hub that ECR does not have yet.

mod docker;
mod image;
mod skopeo;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use acceptance::{Account, Stack, Workspace};
use serde_json::{Value, json};
use upstream_registry::{RateLimit, Registry, TokenAuth};

/// Where Docker Hub's `library/busybox` is in ECR.
const CACHED: &str = "docker-hub/library/busybox";
const USER: &str = "team";
const ACCESS_TOKEN: &str = "not-a-real-token";

/// Docker Hub's stand-in, which counts the pulls of this login and lets nobody else in.
fn docker_hub() -> Registry {
    let auth = TokenAuth::users_only().user(USER, ACCESS_TOKEN);
    Stack::shared().upstream(Registry::builder().token_auth(auth).rate_limit(RateLimit::docker_hub(100)))
}

/// A rule for Docker Hub with its login, and a template that shapes what its pulls make.
fn apply(account: &Account, hub: &Registry) -> Workspace {
    account.upstream("registry-1.docker.io", hub);
    let mut workspace = Workspace::new(account);
    workspace.config(&format!(
        r#"
resource "ecrunner_upstream_credential" "hub" {{
  name                    = "hub"
  username                = "{USER}"
  access_token_wo         = "{ACCESS_TOKEN}"
  access_token_wo_version = 1
}}

resource "ecrunner_repository_creation_template" "hub" {{
  prefix               = "docker-hub"
  applied_for          = ["PULL_THROUGH_CACHE"]
  image_tag_mutability = "IMMUTABLE"
  custom_role_arn      = "arn:aws:iam::{account}:role/creation"
  resource_tags        = {{ team = "ci" }}
  lifecycle_policy = jsonencode({{
    rules = [{{
      rulePriority = 1
      selection    = {{ tagStatus = "any", countType = "imageCountMoreThan", countNumber = 7 }}
      action       = {{ type = "expire" }}
    }}]
  }})
}}

resource "ecrunner_pull_through_cache_rule" "hub" {{
  ecr_repository_prefix = ecrunner_repository_creation_template.hub.prefix
  upstream_registry_url = "registry-1.docker.io"
  credential_arn        = ecrunner_upstream_credential.hub.arn
}}
"#,
        account = account.id()
    ));
    let run = workspace.apply();
    run.expect_success();
    assert!(run.warnings().is_empty(), "the upstream refuses the login: {}", run.stdout());
    assert_eq!(
        account.aws(&["ecr", "describe-repositories"])["repositories"],
        json!([]),
        "nobody pulled yet"
    );
    workspace
}

/// Asserts that the pull made the repository, by the template, with the image that upstream has.
#[track_caller]
fn assert_cached(account: &Account, digest: &str) {
    let answer = account.aws(&["ecr", "describe-repositories", "--repository-names", CACHED]);
    let repository = &answer["repositories"][0];
    assert_eq!(repository["imageTagMutability"], "IMMUTABLE");
    let arn = repository["repositoryArn"].as_str().expect("an ARN");
    let tags = account.aws(&["ecr", "list-tags-for-resource", "--resource-arn", arn]);
    let tags = tags["tags"].as_array().expect("a list of tags");
    assert!(tags.contains(&json!({"Key": "team", "Value": "ci"})), "{tags:?}");
    let policy = account.aws(&["ecr", "get-lifecycle-policy", "--repository-name", CACHED]);
    let text = policy["lifecyclePolicyText"].as_str().expect("a policy");
    let policy: Value = serde_json::from_str(text).expect("a policy in JSON");
    assert_eq!(policy["rules"][0]["selection"]["countNumber"], 7);
    let images = account.aws(&["ecr", "list-images", "--repository-name", CACHED]);
    let images = images["imageIds"].as_array().expect("a list of images");
    assert!(images.contains(&json!({"imageTag": "1", "imageDigest": digest})), "{images:?}");
}

/// Host and port of the account's registry.
fn registry() -> String {
    Stack::shared().url().trim_start_matches("http://").to_owned()
}

/// A directory with a client's `config.json`, which has a fresh login to the account's registry.
fn login(account: &Account, workspace: &Workspace) -> PathBuf {
    let answer = account.aws(&["ecr", "get-authorization-token"]);
    let auth = &answer["authorizationData"][0]["authorizationToken"];
    let mut config = json!({"auths": {}});
    config["auths"][registry()] = json!({"auth": auth});
    let directory = workspace.directory().join("client");
    std::fs::create_dir(&directory).expect("a directory");
    std::fs::write(directory.join("config.json"), config.to_string()).expect("a login");
    directory
}

/// Redirects of first blobs to upstream's host that the clients followed so far.
fn fetched_upstream(account: &Account) -> usize {
    let calls = account.calls();
    calls.iter().filter(|call| call.service == "upstream" && call.status == Some(200)).count()
}

/// Where a program of the system is. Without it the test is skipped, which `CI=true` makes a failure.
fn program(name: &str) -> Option<PathBuf> {
    let found = ["/usr/bin", "/usr/sbin"]
        .iter()
        .map(|folder| Path::new(folder).join(name))
        .find(|path| path.exists());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// Says that the test is skipped, and why.
#[track_caller]
fn skip(reason: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{reason}");
    eprintln!("skipped: {reason}");
}

/// Runs a command that has to succeed, and answers its standard output.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output: Output = match command.output() {
        Ok(output) => output,
        Err(error) => panic!("starting {command:?}: {error}"),
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}\n{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

//! The provider block and the provider's executable.

use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use acceptance::{Account, DebuggedProvider, Fault, FaultKind, Workspace, refusing_url};

/// Longest wait for an error that has a cause on this side of AWS.
const SECONDS: Duration = Duration::from_secs(45);

const RULE: &str = r#"
resource "ecrunner_pull_through_cache_rule" "this" {
  ecr_repository_prefix = "quay"
  upstream_registry_url = "quay.io"
}
"#;

/// The default configuration with `arguments` in its provider block.
fn workspace(account: &Account, arguments: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.provider_arguments(arguments);
    workspace.config(RULE);
    workspace
}

#[test]
fn no_credentials_is_one_diagnostic() {
    let account = Account::new();
    let mut workspace = workspace(&account, "");
    workspace.without_environment("AWS_ACCESS_KEY_ID").without_environment("AWS_SECRET_ACCESS_KEY");
    workspace
        .apply()
        .expect_only_error(&["credentials", "Give credentials: environment variables, a profile"])
        .expect_within(SECONDS);
}

#[test]
fn no_region_is_one_diagnostic() {
    let account = Account::new();
    let mut workspace = workspace(&account, "");
    workspace.without_environment("AWS_REGION");
    workspace.run_plan(&[]).expect_only_error(&["No AWS region", "AWS_REGION"]).expect_within(SECONDS);
}

#[test]
fn endpoint_unreachable_is_one_diagnostic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let endpoints = Workspace::endpoints(&refusing_url());
    workspace.provider_blocks(&format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
    workspace.config(RULE);
    workspace.apply().expect_only_error(&["STS gave no answer", "endpoints"]).expect_within(SECONDS);
}

#[test]
fn endpoint_that_stays_silent_is_one_diagnostic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    // Connections wait in the listener's queue, and nobody takes them out.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free loopback port");
    let address = listener.local_addr().expect("the address of a bound listener");
    let endpoints = Workspace::endpoints(&format!("http://{address}"));
    workspace.provider_blocks(&format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
    workspace.config(RULE);
    workspace.run_plan(&[]).expect_only_error(&["STS gave no answer", "timeout"]).expect_within(SECONDS);
}

#[test]
fn refresh_that_fails_keeps_the_state() {
    let account = Account::new();
    let mut workspace = workspace(&account, "");
    workspace.apply().expect_success();
    let before = workspace.state_text();
    let endpoints = Workspace::endpoints(&refusing_url());
    workspace.provider_blocks(&format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
    workspace.apply().expect_error_count(1).expect_within(SECONDS);
    assert_eq!(workspace.state_text(), before);
}

#[test]
fn wrong_account_is_one_diagnostic() {
    let account = Account::new();
    let mut workspace = workspace(&account, "  allowed_account_ids = [\"000000000001\"]\n");
    workspace
        .apply()
        .expect_error("Account is not allowed", "allowed_account_ids")
        .expect_only_error(&[account.id(), "Nothing was read or changed"])
        .expect_within(SECONDS);
    assert_eq!(account.count("CreatePullThroughCacheRule"), 0);
}

#[test]
fn allowed_account_is_worked_on() {
    let account = Account::new();
    let mut workspace = workspace(&account, &format!("  allowed_account_ids = [\"{}\"]\n", account.id()));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn invalid_allowed_account_ids() {
    let account = Account::new();
    let mut workspace = workspace(&account, "  allowed_account_ids = [\"12345\"]\n");
    // `terraform validate` does not show the provider block's values to the provider's plan-time checks.
    workspace
        .run_plan(&[])
        .expect_error("Invalid allowed_account_ids", "allowed_account_ids")
        .expect_error_count(1);
}

#[test]
fn invalid_endpoint() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let endpoints = Workspace::endpoints("localhost:4566");
    workspace.provider_blocks(&format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
    workspace.config(RULE);
    workspace.run_plan(&[]).expect_error("Invalid endpoint", "ecr").expect_error("Invalid endpoint", "sts");
}

#[test]
fn unknown_provider_configuration_is_planned() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let endpoints = Workspace::endpoints(acceptance::Stack::shared().url());
    workspace.provider_blocks(&format!(
        "provider \"ecrunner\" {{\n  region = terraform_data.region.output\n{endpoints}}}\n"
    ));
    workspace
        .config(&format!("resource \"terraform_data\" \"region\" {{\n  input = \"eu-west-1\"\n}}\n{RULE}"));
    let plan = workspace.plan();
    assert_eq!(plan.actions("ecrunner_pull_through_cache_rule.this"), ["create"]);
    workspace.apply_plan(&plan).expect_success();
    let rules = account.aws_in("eu-west-1", &["ecr", "describe-pull-through-cache-rules"]);
    assert_eq!(rules["pullThroughCacheRules"][0]["ecrRepositoryPrefix"], "quay");
}

#[test]
fn region_and_profile_of_the_provider_block_win_over_the_environment() {
    let account = Account::new();
    let mut workspace = workspace(&account, "  region  = \"eu-west-1\"\n  profile = \"other\"\n");
    let other = Account::new();
    workspace.file(
        "aws-credentials",
        &format!("[other]\naws_access_key_id = {}\naws_secret_access_key = test\n", other.id()),
    );
    workspace.without_environment("AWS_ACCESS_KEY_ID").without_environment("AWS_SECRET_ACCESS_KEY");
    workspace.apply().expect_success();
    let rules = other.aws_in("eu-west-1", &["ecr", "describe-pull-through-cache-rules"]);
    assert_eq!(rules["pullThroughCacheRules"].as_array().map(Vec::len), Some(1));
}

#[test]
fn assumed_role_acts_in_its_own_account() {
    let (account, other) = (Account::new(), Account::new());
    other.aws(&[
        "iam",
        "create-role",
        "--role-name",
        "deploy",
        "--assume-role-policy-document",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}"#,
    ]);
    let block =
        format!("  assume_role {{\n    role_arn = \"arn:aws:iam::{}:role/deploy\"\n  }}\n", other.id());
    let mut workspace = workspace(&account, &block);
    workspace.apply().expect_success();
    assert_eq!(other.count("CreatePullThroughCacheRule"), 1);
    assert_eq!(account.count("CreatePullThroughCacheRule"), 0);
}

#[test]
fn binary_run_by_hand_says_what_it_is() {
    let output = Command::new(acceptance::provider_binary())
        .env_remove("TF_PLUGIN_MAGIC_COOKIE")
        .output()
        .expect("the provider's executable starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(output.stdout.is_empty(), "standard output belongs to the handshake");
    assert!(stderr.contains("Terraform") && stderr.contains("ecrunner/ecrunner"), "{stderr}");
}

#[test]
fn process_started_for_debugging_serves_run_after_run() {
    let account = Account::new();
    let sockets = SocketDirectory::new(&account);
    let mut workspace = workspace(&account, "");
    let provider = DebuggedProvider::start(&account, &sockets.0);
    workspace.environment("TF_REATTACH_PROVIDERS", provider.reattach());
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.apply().expect_success();
    workspace.destroy().expect_success();
    assert_eq!(account.count("CreatePullThroughCacheRule"), 1);
    assert_eq!(sockets.entries().len(), 1, "the provider listens elsewhere");
    assert_eq!(provider.interrupt(), Some(0));
    assert_eq!(sockets.entries(), Vec::<PathBuf>::new());
}

/// A directory for sockets, on a path short enough for them, removed with the test.
struct SocketDirectory(PathBuf);

impl SocketDirectory {
    fn new(account: &Account) -> Self {
        let path = std::env::temp_dir().join(format!("ecrunner.{}", account.id()));
        std::fs::create_dir_all(&path).expect("a directory below the temporary one");
        Self(path)
    }

    fn entries(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(&self.0).expect("the directory is there");
        entries.map_while(Result::ok).map(|entry| entry.path()).collect()
    }
}

impl Drop for SocketDirectory {
    fn drop(&mut self) {
        // A rest in the temporary directory harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn socket_is_gone_when_terraform_has_ended() {
    let account = Account::new();
    let sockets = SocketDirectory::new(&account);
    let mut workspace = workspace(&account, "");
    workspace.environment("TMPDIR", &sockets.0.display().to_string());
    account.inject(slow_create());
    let apply = workspace.start_apply();
    account.wait_for_call("CreatePullThroughCacheRule");
    assert_eq!(sockets.entries().len(), 1, "the provider listens elsewhere");
    apply.wait().expect_success();
    assert_eq!(sockets.entries(), Vec::<PathBuf>::new());
}

#[test]
fn provider_whose_terraform_was_killed_ends_and_removes_its_socket() {
    let account = Account::new();
    let sockets = SocketDirectory::new(&account);
    let mut workspace = workspace(&account, "");
    workspace.environment("TMPDIR", &sockets.0.display().to_string());
    account.inject(slow_create());
    let apply = workspace.start_apply();
    account.wait_for_call("CreatePullThroughCacheRule");
    apply.kill();
    acceptance::wait_until("the provider to end", SECONDS, || sockets.entries().is_empty());
    assert_eq!(apply.wait().exit_code(), None);
}

fn slow_create() -> Fault {
    Fault::once("ecr", "CreatePullThroughCacheRule", FaultKind::Latency { milliseconds: 2_000 })
}

#[test]
fn secret_values_stay_out_of_state_and_trace_log() {
    let account = Account::new();
    let mut workspace = workspace(&account, "  gitlab {\n    token = \"canary-token-of-the-test\"\n  }\n");
    workspace.environment("TF_LOG", "TRACE").environment("AWS_SECRET_ACCESS_KEY", "canary-key-of-the-test");
    let run = workspace.apply();
    run.expect_success();
    assert!(run.stderr().contains("provider"), "no log was written");
    for canary in ["canary-token-of-the-test", "canary-key-of-the-test"] {
        assert!(!run.stderr().contains(canary), "{canary} is in the log");
        assert!(!workspace.state_text().contains(canary), "{canary} is in the state");
    }
}

#[test]
fn invalid_region_is_told_before_anything_is_asked() {
    let account = Account::new();
    for wrong in ["eu-central-1a", "eu_central_1", "Frankfurt"] {
        let mut workspace = workspace(&account, &format!("  region = \"{wrong}\"\n"));
        workspace.run_plan(&[]).expect_error("Invalid region", "region").expect_only_error(&[wrong]);
    }
    assert_eq!(account.calls().len(), 0);
    // AWS may have regions that nobody knows of here.
    let mut workspace = workspace(&account, "  region = \"xx-somewhere-9\"\n");
    workspace.plan().run().expect_success();
}

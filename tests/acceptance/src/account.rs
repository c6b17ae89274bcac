//! An AWS account of one test, and the AWS CLI in it.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_gateway::{Call, Fault};
use serde_json::Value;
use tf_provider_testing::report;
use tf_provider_testing::terraform::{isolate, wait_until};

use crate::environment::account_variables;
use crate::paths;
use crate::stack::Stack;

/// Region of every account unless a test names another.
pub const REGION: &str = "eu-central-1";

/// How long a call may take to arrive that a test waits for.
const CALL_LIMIT: Duration = Duration::from_secs(60);

/// A fresh, empty account.
#[derive(Clone, Debug)]
pub struct Account {
    id: String,
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

impl Account {
    /// An account id that no other test of this process uses, and few of another.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let process = std::process::id() % 10_000_000;
        Self { id: format!("1{process:07}{:04}", number % 10_000) }
    }

    /// Account id, 12 digits; also the access key, by which the gateway tells accounts apart.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Runs the AWS CLI in [`REGION`] and reads its answer; an empty answer is null.
    ///
    /// # Panics
    /// When the CLI fails.
    #[track_caller]
    pub fn aws(&self, arguments: &[&str]) -> Value {
        self.aws_in(REGION, arguments)
    }

    /// The same in another region.
    ///
    /// # Panics
    /// When the CLI fails.
    #[track_caller]
    pub fn aws_in(&self, region: &str, arguments: &[&str]) -> Value {
        let output = self.cli(region, arguments);
        let stdout = String::from_utf8_lossy(&output.stdout);
        let stderr = String::from_utf8_lossy(&output.stderr);
        let claim = || format!("aws {} failed in {region}", arguments.join(" "));
        assert!(
            output.status.success(),
            "{}",
            report(&claim(), &[("standard output", &stdout), ("standard error", &stderr)])
        );
        if stdout.trim().is_empty() {
            return Value::Null;
        }
        match serde_json::from_str(&stdout) {
            Ok(answer) => answer,
            Err(error) => panic!("{}", report(&format!("{}: {error}", claim()), &[("answer", &stdout)])),
        }
    }

    /// Runs the AWS CLI where it has to fail, and answers what it said.
    ///
    /// # Panics
    /// When the CLI succeeds.
    #[track_caller]
    pub fn aws_error(&self, arguments: &[&str]) -> String {
        let output = self.cli(REGION, arguments);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(
            !output.status.success(),
            "{}",
            report(&format!("aws {} had to fail", arguments.join(" ")), &[("answer", &stdout)])
        );
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Every call of this account so far, in the order of arrival: terraform's and the AWS CLI's.
    pub fn calls(&self) -> Vec<Call> {
        Stack::shared().gateway().calls(&self.id)
    }

    /// How many calls of `action` arrived so far.
    pub fn count(&self, action: &str) -> usize {
        self.calls().iter().filter(|call| call.action == action).count()
    }

    /// Waits until a call of `action` arrived.
    ///
    /// # Panics
    /// When none arrives within a minute.
    #[track_caller]
    pub fn wait_for_call(&self, action: &str) {
        wait_until(action, CALL_LIMIT, || self.count(action) > 0);
    }

    /// Orders a fault for coming calls of this account.
    pub fn inject(&self, fault: Fault) {
        Stack::shared().gateway().inject(&self.id, fault);
    }

    /// Lets `registry` stand in for the upstream `host`, such as `registry-1.docker.io`, of this account's pull through
    /// cache rules.
    ///
    /// # Panics
    /// When its address is no URL.
    pub fn upstream(&self, host: &str, registry: &upstream_registry::Registry) {
        let url = registry.url().parse().expect("the address of a registry is a URL");
        Stack::shared().gateway().upstream(&self.id, host, url);
    }

    /// Lets the Resource Groups Tagging API be behind: it answers with the tags of now, until
    /// [`release_tags`](Self::release_tags).
    ///
    /// # Panics
    /// When the emulator does not tell them.
    pub fn hold_tags(&self) {
        Stack::shared().hold_tags(&self.id, REGION);
    }

    /// Lets it catch up.
    pub fn release_tags(&self) {
        Stack::shared().gateway().release_tags(&self.id, REGION);
    }

    /// Drops the faults that are not used up.
    pub fn clear_faults(&self) {
        Stack::shared().gateway().clear_faults(&self.id);
    }

    /// Makes the secret of an upstream credential and answers its ARN.
    ///
    /// # Panics
    /// When the CLI fails.
    #[track_caller]
    pub fn upstream_secret(&self, name: &str) -> String {
        let name = format!("ecr-pullthroughcache/{name}");
        let value = r#"{"username":"team","accessToken":"not-a-real-token"}"#;
        let made = self.aws(&["secretsmanager", "create-secret", "--name", &name, "--secret-string", value]);
        made["ARN"].as_str().expect("create-secret answers the ARN").to_owned()
    }

    fn cli(&self, region: &str, arguments: &[&str]) -> Output {
        let home = paths::logs();
        let mut command = Command::new(paths::venv().join("bin/aws"));
        isolate(&mut command, &home);
        command
            .args(arguments)
            .envs(account_variables(self, &home))
            .env("AWS_ENDPOINT_URL", Stack::shared().url())
            .env("AWS_REGION", region)
            .env("AWS_DEFAULT_REGION", region)
            .env("AWS_DEFAULT_OUTPUT", "json")
            .env("AWS_PAGER", "")
            .env("AWS_CLI_CONNECT_TIMEOUT", "10")
            .env("AWS_CLI_READ_TIMEOUT", "60");
        match command.output() {
            Ok(output) => output,
            Err(error) => panic!("starting the AWS CLI: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_have_twelve_digits_and_differ() {
        let (one, other) = (Account::new(), Account::new());
        assert!(one.id().len() == 12 && one.id().bytes().all(|byte| byte.is_ascii_digit()));
        assert_ne!(one.id(), other.id());
    }
}

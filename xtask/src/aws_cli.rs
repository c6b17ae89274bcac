//! The AWS CLI of the emulators' virtual environment: how tests and demo ask AWS without asking the state.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::cargo::capture;
use crate::environment::{isolate, use_account};

/// The stock AWS CLI as one account of the gateway.
#[derive(Debug)]
pub(crate) struct AwsCli {
    program: PathBuf,
    endpoint: String,
    account: String,
}

impl AwsCli {
    pub(crate) fn new(venv: &Path, endpoint: &str, account: &str) -> Self {
        Self { program: venv.join("bin/aws"), endpoint: endpoint.to_owned(), account: account.to_owned() }
    }

    /// Where the program is.
    pub(crate) fn program(&self) -> &Path {
        &self.program
    }

    /// Runs `aws <arguments> --output json` and returns the answer; nothing at all is null.
    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.text(&[arguments, &["--output", "json"]].concat())?;
        if text.trim().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text)
            .with_context(|| format!("`aws {}` answered {text:?}", arguments.join(" ")))
    }

    /// Runs `aws <arguments>` and returns what it printed.
    pub(crate) fn text(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        isolate(&mut command).args(arguments).env("AWS_PAGER", "").stdin(Stdio::null());
        use_account(&mut command, &self.endpoint, &self.account);
        capture(&mut command)
    }
}

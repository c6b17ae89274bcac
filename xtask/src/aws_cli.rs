//! The AWS CLI of the emulators' virtual environment: how tests and demo ask AWS without asking the state.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cargo::capture;
use crate::environment::{isolate, use_account};

/// Drives the AWS CLI's own entry point for many commands at once.
const SCRIPT: &str = include_str!("aws_cli.py");

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
        parse(&text).with_context(|| format!("`aws {}`", arguments.join(" ")))
    }

    /// Runs several commands in one process and returns their answers in order.
    pub(crate) fn json_all(&self, commands: &[Vec<&str>]) -> Result<Vec<Value>> {
        let commands: Vec<Vec<&str>> =
            commands.iter().map(|arguments| [arguments.as_slice(), &["--output", "json"]].concat()).collect();
        let python = self.program.with_file_name("python3");
        let mut command = Command::new(python);
        self.prepare(&mut command).args(["-I", "-c", SCRIPT]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting the AWS CLI")?;
        // Dropped at the end of the statement, which closes the pipe. The script reads all of it before it writes.
        child
            .stdin
            .take()
            .context("the AWS CLI has no standard input")?
            .write_all(serde_json::to_string(&commands)?.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let answers: Vec<String> = serde_json::from_slice(&output.stdout)?;
        ensure!(
            answers.len() == commands.len(),
            "{} commands gave {} answers",
            commands.len(),
            answers.len()
        );
        answers.iter().map(|text| parse(text)).collect()
    }

    /// Runs `aws <arguments>` and returns what it printed.
    pub(crate) fn text(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        self.prepare(&mut command).args(arguments).stdin(Stdio::null());
        capture(&mut command)
    }

    fn prepare<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        use_account(isolate(command).env("AWS_PAGER", ""), &self.endpoint, &self.account)
    }
}

/// The network that every new account has.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) vpc_id: String,
    pub(crate) subnet_ids: Vec<String>,
}

impl Network {
    /// Asks for the default VPC and its subnets.
    pub(crate) fn of(aws: &AwsCli) -> Result<Self> {
        let vpc =
            ["ec2", "describe-vpcs", "--filters", "Name=is-default,Values=true", "--query", "Vpcs[0].VpcId"];
        let vpc_id = aws.json(&vpc)?.as_str().context("the account has no default VPC")?.to_owned();
        let filter = format!("Name=vpc-id,Values={vpc_id}");
        let subnets = ["ec2", "describe-subnets", "--filters", &filter, "--query", "Subnets[].SubnetId"];
        let mut subnet_ids: Vec<String> = serde_json::from_value(aws.json(&subnets)?)?;
        ensure!(!subnet_ids.is_empty(), "the default VPC has no subnet");
        subnet_ids.sort();
        Ok(Self { vpc_id, subnet_ids })
    }
}

/// The AWS CLI prints nothing at all for an empty answer.
fn parse(text: &str) -> Result<Value> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(text).with_context(|| format!("the answer is no JSON: {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_answer_is_null_and_a_text_is_an_error() {
        assert_eq!(parse("\n").unwrap(), Value::Null);
        assert_eq!(parse("[\"a\"]").unwrap(), serde_json::json!(["a"]));
        assert!(parse("Unable to locate credentials").is_err());
    }
}

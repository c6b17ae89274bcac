//! A program that serves until its standard input closes: the gateway with its emulators, the upstream registry.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::cargo::describe;
use crate::environment::isolate;

/// Until the program must have said where it listens; the emulators import hundreds of Python modules first.
const START_LIMIT: Duration = Duration::from_secs(120);
/// Until a program whose standard input is closed must be gone.
const STOP_LIMIT: Duration = Duration::from_secs(15);

/// A running program; it ends when this is dropped, and when we die in any way, because the kernel closes the
/// pipe that is its standard input.
#[derive(Debug)]
pub(crate) struct Service {
    name: String,
    child: Child,
    announcement: Value,
    /// Disconnected when the program closes its standard output, that is, at its end.
    ended: Receiver<()>,
}

impl Service {
    /// Starts the program and waits for the line of JSON that says where it listens.
    pub(crate) fn start(mut command: Command) -> Result<Self> {
        let name = describe(&command);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting `{name}`"))?;
        let output = child.stdout.take().context("the program has no standard output")?;
        let (first_line, lines) = channel();
        let (end, ended) = channel::<()>();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // An error here is an end of the output like any other.
            if output.read_line(&mut line).is_ok_and(|length| length > 0) {
                let _ = first_line.send(line);
            }
            drop(first_line);
            let _ = std::io::copy(&mut output.by_ref(), &mut std::io::sink());
            drop(end);
        });
        let mut service = Self { name, child, announcement: Value::Null, ended };
        let Ok(line) = lines.recv_timeout(START_LIMIT) else {
            let status = service.stop();
            bail!("`{}` did not say where it listens ({status})", service.name);
        };
        service.announcement = serde_json::from_str(&line)
            .with_context(|| format!("`{}` announced itself with {line:?}", service.name))?;
        Ok(service)
    }

    /// A string of the line with which the program announced itself.
    pub(crate) fn announced(&self, key: &str) -> Result<&str> {
        self.announcement
            .get(key)
            .and_then(Value::as_str)
            .with_context(|| format!("`{}` announced no {key}: {}", self.name, self.announcement))
    }

    /// Blocks until the program ends by itself.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        // `Child::wait` closes standard input first, which would end the program.
        let input = self.child.stdin.take();
        let status = self.child.wait();
        drop(input);
        status.with_context(|| format!("waiting for `{}`", self.name))
    }

    fn stop(&mut self) -> String {
        drop(self.child.stdin.take());
        if self.ended.recv_timeout(STOP_LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            // Fails only when the program ended just now.
            let _ = self.child.kill();
        }
        match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the AWS gateway with its emulators; it announces `url`.
///
/// `upstreams` are pairs of a registry's public host name and the URL that answers for it.
pub(crate) fn aws_gateway(
    program: &Path,
    venv: &Path,
    logs: &Path,
    upstreams: &[(&str, &str)],
) -> Result<Service> {
    let mut command = Command::new(program);
    isolate(&mut command).arg("--venv").arg(venv).arg("--logs").arg(logs);
    for (host, url) in upstreams {
        command.arg("--upstream").arg(format!("{host}={url}"));
    }
    Service::start(command)
}

/// Starts an upstream registry with its own arguments, such as `--image library/alpine:3.20`; it announces its
/// `address`.
pub(crate) fn upstream_registry(program: &Path, arguments: &[&str]) -> Result<Service> {
    let mut command = Command::new(program);
    isolate(&mut command).args(arguments);
    Service::start(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn announcement_is_read_and_closing_standard_input_ends_the_program() {
        let mut service =
            Service::start(shell("echo '{\"url\":\"http://127.0.0.1:1\"}'; cat; exit 7")).unwrap();
        assert_eq!(service.announced("url").unwrap(), "http://127.0.0.1:1");
        assert!(service.announced("address").is_err());
        assert!(service.stop().contains('7'));
    }

    #[test]
    fn program_that_ends_without_announcement_is_an_error_with_its_status() {
        let error = Service::start(shell("exit 3")).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("did not say"), "{error}");
    }

    #[test]
    fn waiting_leaves_standard_input_open() {
        let mut service = Service::start(shell("echo '{}'; read line; test -z \"$line\" && exit 0")).unwrap();
        let input = service.child.stdin.take();
        drop(input);
        assert!(service.wait().is_ok());
    }
}

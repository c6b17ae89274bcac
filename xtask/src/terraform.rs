//! The real `terraform`, in a directory below `target/`, with the provider from the mirror.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::describe;
use crate::environment::{isolate, use_account};
use crate::mirror::Mirror;
use crate::progress::say;

/// Terraform for one working directory and one account.
#[derive(Debug)]
pub(crate) struct Terraform {
    program: PathBuf,
    directory: PathBuf,
    cli_config: PathBuf,
    endpoint: String,
    account: String,
    variables: Vec<(String, String)>,
    verbose: bool,
}

impl Terraform {
    /// Terraform in `directory` as `account` of the gateway at `endpoint`.
    pub(crate) fn new(
        program: &Path,
        directory: &Path,
        mirror: &Mirror,
        endpoint: &str,
        account: &str,
    ) -> Self {
        Self {
            program: program.to_owned(),
            directory: directory.to_owned(),
            cli_config: mirror.cli_config.clone(),
            endpoint: endpoint.to_owned(),
            account: account.to_owned(),
            variables: Vec::new(),
            verbose: false,
        }
    }

    /// Sets an input variable for all commands.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((format!("TF_VAR_{name}"), value.into()));
        self
    }

    /// Shows all output, not only what tells the progress.
    pub(crate) fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Where the configuration is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The command with its environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        isolate(&mut command)
            .args(arguments)
            .current_dir(&self.directory)
            .env("TF_CLI_CONFIG_FILE", &self.cli_config)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        use_account(&mut command, &self.endpoint, &self.account);
        command
    }

    /// Runs it, showing the lines that tell progress while it runs, and everything when it fails.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<()> {
        let (status, output) = self.stream(arguments)?;
        if status.success() {
            return Ok(());
        }
        bail!("`terraform {}` failed with {status}\n{}", arguments.join(" "), output.trim_end());
    }

    /// Plans and fails, with the plan, unless there is nothing to do.
    pub(crate) fn expect_empty_plan(&self) -> Result<()> {
        let (status, output) =
            self.stream(&["plan", "-detailed-exitcode", "-input=false", "-no-color", "-lock=false"])?;
        match status.code() {
            Some(0) => Ok(()),
            Some(2) => bail!("the second plan is not empty\n{}", output.trim_end()),
            _ => bail!("`terraform plan` failed with {status}\n{}", output.trim_end()),
        }
    }

    /// Runs with standard output and error in one pipe, so that their order survives.
    pub(crate) fn stream(&self, arguments: &[&str]) -> Result<(ExitStatus, String)> {
        let mut command = self.command(arguments);
        stream(&mut command, |line| {
            if self.verbose || tells_progress(line) {
                say!("      {line}");
            }
        })
    }
}

/// Runs a command, hands over each line of its standard output and error as it comes, and returns all of them.
pub(crate) fn stream(command: &mut Command, mut line_seen: impl FnMut(&str)) -> Result<(ExitStatus, String)> {
    let name = describe(command);
    let (reader, writer) = std::io::pipe()?;
    let mut child = command
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()
        .with_context(|| format!("starting `{name}`"))?;
    // The command holds the write ends too; the reader would never see the end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = String::new();
    let mut reader = BufReader::new(reader);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        line_seen(line.trim_end());
        output.push_str(&line);
        bytes.clear();
    }
    Ok((child.wait()?, output))
}

/// Copies a directory without what Terraform left in it.
pub(crate) fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.starts_with(".terraform") || text.contains(".tfstate") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &to.join(&name))?;
        } else {
            fs::copy(entry.path(), to.join(&name))
                .with_context(|| format!("copying {}", entry.path().display()))?;
        }
    }
    Ok(())
}

/// The lines of `terraform apply` and `destroy` that say what has been done so far.
fn tells_progress(line: &str) -> bool {
    [": Creat", ": Modif", ": Destr", ": Still ", ": Read complete"].iter().any(|mark| line.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_both_streams_come_in_order() {
        let mut seen = Vec::new();
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three; exit 4"]);
        let (status, output) = stream(&mut command, |line| seen.push(line.to_owned())).unwrap();
        assert_eq!(status.code(), Some(4));
        assert_eq!(seen, ["one", "two", "three"]);
        assert_eq!(output, "one\ntwo\nthree\n");
    }

    #[test]
    fn progress_is_what_terraform_says_about_resources() {
        assert!(tells_progress("ecrunner_mirror_repository.alpine: Creating..."));
        assert!(tells_progress("ecrunner_mirror_repository.alpine: Creation complete after 1s [id=x]"));
        assert!(!tells_progress("Terraform used the selected providers to generate the following plan."));
    }

    #[test]
    fn copy_leaves_out_what_terraform_left() {
        let directory = tempfile::tempdir().unwrap();
        let from = directory.path().join("from");
        fs::create_dir_all(from.join("a/.terraform")).unwrap();
        fs::write(from.join("a/main.tf"), "x").unwrap();
        fs::write(from.join("a/terraform.tfstate"), "x").unwrap();
        let to = directory.path().join("to");
        copy_tree(&from, &to).unwrap();
        assert!(to.join("a/main.tf").exists());
        assert!(!to.join("a/.terraform").exists() && !to.join("a/terraform.tfstate").exists());
    }
}

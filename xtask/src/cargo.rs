//! Calls of cargo from within a program that cargo started.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// Name of the provider's package and program.
pub(crate) const PROVIDER: &str = "terraform-provider-ecrunner";

/// Cargo, in the workspace, without what the outer cargo told us about ourselves: build scripts that look at
/// those variables would run again.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command.current_dir(workspace.root());
    command
}

/// What to build besides the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Nothing.
    Programs,
    /// The tests, with whatever they need.
    ProgramsAndTests,
}

/// Builds programs of the workspace for development; cargo shows its own progress.
///
/// The workspace is always selected as a whole: cargo chooses the features of shared dependencies by what is
/// selected, and a single package would compile the AWS crates a second time.
pub(crate) fn build(workspace: &Workspace, scope: Scope, programs: &[&str]) -> Result<Vec<PathBuf>> {
    let mut command = cargo(workspace);
    command.args(["build", "--workspace"]).arg(match scope {
        Scope::Programs => "--bins",
        Scope::ProgramsAndTests => "--all-targets",
    });
    run(&mut command)?;
    programs.iter().map(|name| built(&workspace.program(name))).collect()
}

fn built(program: &Path) -> Result<PathBuf> {
    if !program.exists() {
        bail!("cargo built no {}", program.display());
    }
    Ok(program.to_owned())
}

/// Runs a command with our own standard streams; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = describe(command);
    let status = command.status().with_context(|| format!("starting `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed with {status}");
    }
    Ok(())
}

/// Runs a command silently and returns its standard output; a failure carries its standard error.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let name = describe(command);
    let output = command.output().with_context(|| format!("starting `{name}`"))?;
    if !output.status.success() {
        bail!(
            "`{name}` failed with {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{name}` printed something that is not UTF-8"))
}

/// The command as a person would type it, without its directory.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_carries_what_the_command_wrote() {
        let error = capture(Command::new("sh").args(["-c", "echo out of luck >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("out of luck") && text.contains('3'), "{text}");
    }

    #[test]
    fn command_is_described_without_its_directory() {
        assert_eq!(
            describe(Command::new("/usr/bin/terraform").args(["plan", "-input=false"])),
            "terraform plan -input=false"
        );
    }
}

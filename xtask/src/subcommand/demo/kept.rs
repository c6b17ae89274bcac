//! `--keep`: the demo stays, and the reader is told how to look around in it.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use super::Stage;
use crate::progress::{Progress, say};
use crate::workspace::Workspace;

/// Prints how to use terraform and the AWS CLI, and waits until somebody ends it.
pub(super) fn wait(
    mut stage: Stage,
    workspace: &Workspace,
    directory: &Path,
    progress: &Progress,
) -> Result<ExitCode> {
    let file = directory.join("environment.sh");
    let command = stage.terraform.command(&[]);
    let tools = stage.aws.program().parent().context("the AWS CLI is in no directory")?;
    fs::write(&file, environment(&command, tools)).with_context(|| format!("writing {}", file.display()))?;
    let example = stage.terraform.directory();
    say!("\nReady after {}. In another shell:\n", progress.elapsed());
    say!("  cd {}", relative(example, workspace.root()));
    say!("  . {}", file.display());
    say!("  terraform plan");
    say!("  terraform state list");
    say!("  aws ecr describe-images --repository-name <name>");
    say!("  terraform destroy\n");
    say!("Ctrl-C ends it.");
    let status = stage.gateway.wait()?;
    say!("the gateway ended ({status})");
    Ok(ExitCode::FAILURE)
}

/// A script for `sh` that makes a shell what our terraform's environment is.
fn environment(command: &Command, tools: &Path) -> String {
    let mut unset = Vec::new();
    let mut exports = Vec::new();
    for (name, value) in command.get_envs() {
        let name = name.to_string_lossy();
        match value {
            Some(value) => exports.push(format!("export {name}={}\n", quoted(&value.to_string_lossy()))),
            None => unset.push(format!("unset {name}\n")),
        }
    }
    let path = format!("export PATH={}:\"$PATH\"\n", quoted(&tools.to_string_lossy()));
    // Here a person types: terraform may ask before it destroys.
    let interactive = "unset TF_INPUT TF_IN_AUTOMATION\n";
    [unset.concat(), exports.concat(), interactive.to_owned(), path].concat()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn relative(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn environment_can_be_read_by_a_shell() {
        let mut command = Command::new("terraform");
        command.env("TF_VAR_name", "it's").env_remove("AWS_PROFILE");
        let script = environment(&command, Path::new("/venv/bin"));
        assert!(script.contains("export TF_VAR_name='it'\\''s'\n"), "{script}");
        assert!(script.contains("unset AWS_PROFILE\n"), "{script}");
        let output =
            Command::new("sh").arg("-c").arg(format!("{script}printf %s \"$TF_VAR_name\"")).output().unwrap();
        assert_eq!(output.stdout, b"it's");
    }
}

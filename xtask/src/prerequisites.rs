//! What a machine must have before anything is built: Rust (it runs us), Terraform, Python with venv.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::environment::isolate;

/// Write-only arguments exist since this version.
const TERRAFORM: (u32, u32) = (1, 11);
/// The emulators ask for it.
const PYTHON: (u32, u32) = (3, 10);

/// What was found.
#[derive(Debug)]
pub(crate) struct Prerequisites {
    /// `terraform`, as it is found in the path.
    pub(crate) terraform: PathBuf,
    /// Version of `terraform`, such as `1.11.4`.
    pub(crate) terraform_version: String,
    /// A Python interpreter that can make a virtual environment with pip.
    pub(crate) python: PathBuf,
}

/// Looks for everything and reports all that is missing at once, one sentence each.
pub(crate) fn check() -> Result<Prerequisites> {
    let mut missing = Vec::new();
    let terraform = terraform().map_err(|sentence| missing.push(sentence)).ok();
    let python = python().map_err(|sentence| missing.push(sentence)).ok();
    match (terraform, python) {
        (Some(terraform_version), Some(python)) => {
            Ok(Prerequisites { terraform: PathBuf::from("terraform"), terraform_version, python })
        }
        _ => bail!("{}", missing.join("\n       ")),
    }
}

fn terraform() -> Result<String, String> {
    let wanted = format!("{}.{}", TERRAFORM.0, TERRAFORM.1);
    let Some(output) = output(Path::new("terraform"), &["version", "-json"]) else {
        return Err(format!(
            "`terraform` was not found; install Terraform {wanted} or later and put it on the PATH."
        ));
    };
    match terraform_version(&output) {
        Some((version, numbers)) if numbers >= TERRAFORM => Ok(version),
        Some((version, _)) => {
            Err(format!("Terraform {version} is too old; install Terraform {wanted} or later."))
        }
        None => Err(format!(
            "`terraform version -json` gave no version; install Terraform {wanted} or later and put it on the PATH."
        )),
    }
}

fn python() -> Result<PathBuf, String> {
    let wanted = format!("{}.{}", PYTHON.0, PYTHON.1);
    let mut found_old = None;
    for name in ["python3", "python"] {
        let program = PathBuf::from(name);
        let Some(output) = output(&program, &["-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"])
        else {
            continue;
        };
        let version = output.trim().to_owned();
        match numbers(&version) {
            Some(numbers) if numbers >= PYTHON => {
                return match self::output(&program, &["-c", "import venv, ensurepip"]) {
                    Some(_) => Ok(program),
                    None => Err(format!(
                        "Python {version} has no venv with pip; install it (on Debian and Ubuntu the package python3-venv)."
                    )),
                };
            }
            _ => found_old = Some(version),
        }
    }
    Err(match found_old {
        Some(version) => format!("Python {version} is too old; install Python {wanted} or later."),
        None => {
            format!(
                "`python3` was not found; install Python {wanted} or later with venv and put it on the PATH."
            )
        }
    })
}

/// Standard output of a program that ended well.
fn output(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    isolate(&mut command).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    if !output.status.success() {
        return None;
    }
    String::from_utf8(output.stdout).ok()
}

/// Version out of the answer of `terraform version -json`.
fn terraform_version(json: &str) -> Option<(String, (u32, u32))> {
    let answer: serde_json::Value = serde_json::from_str(json).ok()?;
    let version = answer.get("terraform_version")?.as_str()?;
    Some((version.to_owned(), numbers(version)?))
}

/// Major and minor of `1.11.4`, `v1.11.4` or `1.12.0-beta1`.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.trim_start_matches('v').split(['.', '-']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert_eq!(numbers("1.11.4"), Some((1, 11)));
        assert_eq!(numbers("v1.9.8"), Some((1, 9)));
        assert_eq!(numbers("1.12.0-beta1"), Some((1, 12)));
        assert_eq!(numbers("unknown"), None);
        assert!(numbers("1.9.8").unwrap() < TERRAFORM);
    }

    #[test]
    fn terraform_answer_is_read() {
        let json = r#"{"terraform_version": "1.11.4", "platform": "linux_amd64"}"#;
        assert_eq!(terraform_version(json), Some(("1.11.4".to_owned(), (1, 11))));
        assert_eq!(terraform_version("Terraform v1.11.4"), None);
    }

    #[test]
    fn program_that_is_not_there_gives_nothing() {
        assert_eq!(output(Path::new("ecrunner-no-such-program"), &[]), None);
    }
}

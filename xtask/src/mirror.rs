//! A filesystem mirror with the provider, so that a real `terraform init` installs it as users do.
//!
//! Laid out for Terraform's default registry host and for OpenTofu's. Never `dev_overrides`: they skip the
//! installation, the lock file and the version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::cargo::PROVIDER;
use crate::workspace::{VERSION, Workspace};

/// Namespace and type of the provider's source address.
const ADDRESS: &str = "ecrunner/ecrunner";
/// The hosts that Terraform and OpenTofu put before it.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// A mirror on disk.
#[derive(Debug)]
pub(crate) struct Mirror {
    /// Root of the mirror, what `filesystem_mirror { path }` names.
    pub(crate) directory: PathBuf,
    /// CLI configuration that installs the provider from the mirror and from nowhere else.
    pub(crate) cli_config: PathBuf,
}

/// Lays out the mirror under the target directory from a built provider.
pub(crate) fn lay_out(workspace: &Workspace, provider: &Path) -> Result<Mirror> {
    let base = workspace.target().join("terraform");
    fs::create_dir_all(&base).with_context(|| format!("creating {}", base.display()))?;
    let directory = workspace.target().join("mirror");
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
    let stripped = base.join(PROVIDER);
    if is_older(&stripped, provider)? {
        strip(provider, &stripped)?;
    }
    for host in HOSTS {
        install(&stripped, &directory.join(package(host, VERSION, &platform())))?;
    }
    let cli_config = base.join("cli.tfrc");
    replace(&cli_config, |path| Ok(fs::write(path, cli_config_text(&directory))?))?;
    Ok(Mirror { directory, cli_config })
}

/// Path of the provider's directory below the mirror.
fn package(host: &str, version: &str, platform: &str) -> PathBuf {
    [host, ADDRESS, version, platform].iter().collect()
}

/// This machine in Terraform's words, such as `linux_amd64`.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{architecture}")
}

fn cli_config_text(mirror: &Path) -> String {
    let include = HOSTS.map(|host| format!("\"{host}/{ADDRESS}\"")).join(", ");
    format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path    = {:?}\n    include = [{include}]\n  }}\n}}\n",
        mirror.display().to_string()
    )
}

/// Copies `provider` without debug information: Terraform hashes the file at each `init`, and a development
/// build has hundreds of megabytes. A machine without `strip` gets the file as it is.
fn strip(provider: &Path, stripped: &Path) -> Result<()> {
    replace(stripped, |path| {
        let done = Command::new("strip")
            .arg("-S")
            .arg("-o")
            .arg(path)
            .arg(provider)
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if !done.is_ok_and(|status| status.success()) {
            fs::copy(provider, path)?;
        }
        Ok(())
    })
}

/// Puts the program into the mirror as Terraform expects it.
fn install(stripped: &Path, package: &Path) -> Result<()> {
    let program = package.join(format!("{PROVIDER}_v{VERSION}"));
    if !is_older(&program, stripped)? {
        return Ok(());
    }
    fs::create_dir_all(package)?;
    replace(&program, |path| {
        // A hard link costs nothing; across file systems it is refused.
        fs::hard_link(stripped, path).or_else(|_| fs::copy(stripped, path).map(|_| ()))?;
        Ok(())
    })
}

/// True when `made` has to be made again because `from` is newer or `made` is not there.
fn is_older(made: &Path, from: &Path) -> Result<bool> {
    let source = modified(from)?.with_context(|| format!("{} does not exist", from.display()))?;
    Ok(modified(made)?.is_none_or(|time| time < source))
}

fn modified(path: &Path) -> Result<Option<SystemTime>> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.modified()?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("looking at {}", path.display())),
    }
}

/// Writes a new file beside `path` and renames it, so that a reader sees the old or the new one.
fn replace(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let new = path.with_file_name(name);
    write(&new).with_context(|| format!("writing {}", new.display()))?;
    fs::rename(&new, path).with_context(|| format!("replacing {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_has_the_layout_that_terraform_looks_for() {
        assert_eq!(
            package("registry.terraform.io", "0.1.0", "linux_amd64"),
            PathBuf::from("registry.terraform.io/ecrunner/ecrunner/0.1.0/linux_amd64")
        );
    }

    #[test]
    fn cli_configuration_names_mirror_and_both_hosts_and_no_direct_installation() {
        let text = cli_config_text(Path::new("/x/mirror"));
        assert!(text.contains("path    = \"/x/mirror\""), "{text}");
        for host in HOSTS {
            assert!(text.contains(&format!("\"{host}/ecrunner/ecrunner\"")), "{text}");
        }
        assert!(!text.contains("direct") && !text.contains("dev_overrides"), "{text}");
    }

    #[test]
    fn newer_program_replaces_the_installed_one() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        let package = directory.path().join("package");
        fs::write(&program, "one").unwrap();
        install(&program, &package).unwrap();
        let installed = package.join(format!("{PROVIDER}_v{VERSION}"));
        assert_eq!(fs::read_to_string(&installed).unwrap(), "one");

        let newer = directory.path().join("newer");
        fs::write(&newer, "two").unwrap();
        let later = SystemTime::now() + std::time::Duration::from_secs(5);
        fs::File::options().append(true).open(&newer).unwrap().set_modified(later).unwrap();
        install(&newer, &package).unwrap();
        assert_eq!(fs::read_to_string(&installed).unwrap(), "two");
    }
}

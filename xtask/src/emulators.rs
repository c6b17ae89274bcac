//! The Python virtual environment with the AWS emulators and the AWS CLI, below `target/emulators`.
//!
//! Its directory is named after a digest of the requirements, so a change of a version makes a new one and
//! never alters one that is in use. A stamp is written last: without it the directory is unfinished and made
//! again. A lock file lets two runs at the same time share the work.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::cargo::capture;
use crate::digest::hex;
use crate::prerequisites::Prerequisites;
use crate::progress::say;
use crate::workspace::Workspace;

/// Where the hash-checked requirements stand; every `.txt` file in it is installed.
const REQUIREMENTS: &str = "tests/aws-gateway/emulators";
/// Written when everything is installed.
const STAMP: &str = "complete";

/// Makes the virtual environment unless it is there, and returns its directory.
pub(crate) fn install(workspace: &Workspace, prerequisites: &Prerequisites) -> Result<PathBuf> {
    let requirements = requirement_files(&workspace.root().join(REQUIREMENTS))?;
    let directory = workspace.target().join("emulators");
    fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;

    let lock = File::create(directory.join("lock"))?;
    lock.lock().context("waiting for another run that installs the emulators")?;

    let venv = directory.join(format!("venv-{}", key(&requirements)?));
    if !venv.join(STAMP).exists() {
        say!("      installing the AWS emulators into {}", venv.display());
        make(&venv, &directory.join("pip-cache"), &requirements, &prerequisites.python)?;
    }
    point_to(&venv, &directory.join("venv"))?;
    Ok(venv)
}

fn make(venv: &Path, cache: &Path, requirements: &[PathBuf], python: &Path) -> Result<()> {
    if venv.exists() {
        fs::remove_dir_all(venv).with_context(|| format!("removing the unfinished {}", venv.display()))?;
    }
    capture(Command::new(python).args(["-m", "venv"]).arg(venv).stdin(Stdio::null()))?;
    let mut pip = Command::new(venv.join("bin/python3"));
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--no-input", "--cache-dir"])
        .arg(cache)
        .stdin(Stdio::null());
    for file in requirements {
        pip.arg("--requirement").arg(file);
    }
    capture(&mut pip).context("installing the AWS emulators")?;
    fs::write(venv.join(STAMP), "")?;
    Ok(())
}

/// Lets `target/emulators/venv` lead to the current environment, for tests started by plain `cargo test` and for
/// people. A real directory of that name was put there by somebody and is left alone.
fn point_to(venv: &Path, link: &Path) -> Result<()> {
    let Some(name) = venv.file_name() else { return Ok(()) };
    match fs::symlink_metadata(link) {
        Ok(metadata) if !metadata.is_symlink() => return Ok(()),
        Ok(_) if fs::read_link(link).is_ok_and(|target| target == name) => return Ok(()),
        Ok(_) => fs::remove_file(link)?,
        Err(_) => {}
    }
    std::os::unix::fs::symlink(name, link).with_context(|| format!("linking {}", link.display()))
}

fn requirement_files(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files.sort();
    anyhow::ensure!(!files.is_empty(), "{} holds no requirements", directory.display());
    Ok(files)
}

/// Twelve hex digits that change with every byte of the requirements.
fn key(files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(fs::read(file).with_context(|| format!("reading {}", file.display()))?);
        hash.update([0]);
    }
    Ok(hex(&hash.finalize()[..6]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_requirement_changes_the_key() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.txt");
        fs::write(&file, "moto==1").unwrap();
        let files = requirement_files(directory.path()).unwrap();
        let before = key(&files).unwrap();
        assert_eq!(before.len(), 12);
        fs::write(&file, "moto==2").unwrap();
        assert_ne!(key(&files).unwrap(), before);
    }

    #[test]
    fn link_follows_the_current_environment_and_spares_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("venv");
        for name in ["venv-1", "venv-2", "venv-2"] {
            let venv = directory.path().join(name);
            fs::create_dir_all(&venv).unwrap();
            point_to(&venv, &link).unwrap();
            assert_eq!(fs::canonicalize(&link).unwrap(), fs::canonicalize(&venv).unwrap());
        }
        fs::remove_file(&link).unwrap();
        fs::create_dir(&link).unwrap();
        point_to(&directory.path().join("venv-1"), &link).unwrap();
        assert!(!fs::symlink_metadata(&link).unwrap().is_symlink());
    }
}

//! `cargo xtask package`: the programs that instances download, as files to upload.
//!
//! What is left in `target/package/` is built for release, stripped, the same bytes from whatever directory, and runs on
//! every system that we name images of.

mod elf;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::arguments::Arguments;
use crate::digest::hex;
use crate::progress::{Progress, say};
use crate::reproducible;
use crate::workspace::{VERSION, Workspace};

/// Package and program of the pull proxy.
const PULL_PROXY: (&str, &str) = ("pull-proxy", "ecr-pull-proxy");
/// In the form of `sha256sum --check`.
const SUMS: &str = "SHA256SUMS";

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let target = arguments.value("--target")?;
    arguments.finish()?;
    if let Some(target) = &target {
        // Before the minutes that the build takes.
        architecture(target)?;
    }
    let (package, program) = PULL_PROXY;
    let mut progress = Progress::new(3);
    let (built, target) = progress
        .step(format!("building {program}"), || reproducible::build(workspace, target, package, program))?;
    let name = file_name(program, &target)?;
    progress.step("checking what it needs of a system", || elf::check(&built))?;
    let directory = workspace.target().join("package");
    let file = directory.join(&name);
    let sums = progress.step(format!("writing {}", workspace.shown(&file)), || {
        fs::create_dir_all(&directory).with_context(|| format!("creating {}", directory.display()))?;
        install(&built, &file)?;
        let sums = sums(&directory)?;
        fs::write(directory.join(SUMS), &sums)?;
        Ok(sums)
    })?;
    let sum = sums.lines().find_map(|line| line.strip_suffix(&name)?.strip_suffix("  "));
    let sum = sum.with_context(|| format!("{SUMS} lacks {name}"))?;
    say!("\n{}  {} bytes\nSHA-256 {sum}\n", workspace.shown(&file), fs::metadata(&file)?.len());
    say!("{}", terraform(&name, sum));
    Ok(ExitCode::SUCCESS)
}

/// `ecr-pull-proxy-0.1.0-linux-amd64`
fn file_name(program: &str, target: &str) -> Result<String> {
    Ok(format!("{program}-{VERSION}-linux-{}", architecture(target)?))
}

/// The architecture of a target in the words of Terraform and Go, such as `amd64`.
fn architecture(target: &str) -> Result<&'static str> {
    let parts: Vec<&str> = target.split('-').collect();
    match parts.as_slice() {
        ["x86_64", _, "linux", _] => Ok("amd64"),
        ["aarch64", _, "linux", _] => Ok("arm64"),
        _ => bail!(
            "instances do not run {target}; name one that they do, such as --target x86_64-unknown-linux-gnu or \
             --target aarch64-unknown-linux-gnu"
        ),
    }
}

/// Puts the program there under its name, executable by everybody, whole or not at all.
fn install(built: &Path, file: &Path) -> Result<()> {
    // Not beside the file: whatever lies there gets a line in the list of sums.
    let partial = built.with_extension("partial");
    fs::copy(built, &partial).with_context(|| format!("writing {}", partial.display()))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&partial, fs::Permissions::from_mode(0o755))?;
    }
    fs::rename(&partial, file).with_context(|| format!("writing {}", file.display()))
}

/// A line for each file of the directory: that of another architecture stays good.
fn sums(directory: &Path) -> Result<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    let mut sums = String::new();
    for name in names.iter().filter(|name| *name != SUMS) {
        let bytes = fs::read(directory.join(name)).with_context(|| format!("reading {name}"))?;
        sums.push_str(&hex(&Sha256::digest(&bytes)));
        sums.push_str("  ");
        sums.push_str(name);
        sums.push('\n');
    }
    Ok(sums)
}

/// What to write once the file is in a bucket.
fn terraform(name: &str, sum: &str) -> String {
    format!(
        "Upload it, and write in Terraform:\n\n    software.ecr_pull_proxy = {{\n      url    = \
         \"s3://<bucket>/{name}\"\n      sha256 = \"{sum}\"\n    }}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_named_by_version_and_architecture() {
        let name = |target| file_name("ecr-pull-proxy", target).unwrap();
        assert_eq!(name("x86_64-unknown-linux-gnu"), format!("ecr-pull-proxy-{VERSION}-linux-amd64"));
        assert_eq!(name("aarch64-unknown-linux-musl"), format!("ecr-pull-proxy-{VERSION}-linux-arm64"));
    }

    #[test]
    fn target_that_no_instance_runs_is_refused_by_name() {
        for target in
            ["aarch64-apple-darwin", "x86_64-pc-windows-msvc", "riscv64gc-unknown-linux-gnu", "linux"]
        {
            let error = architecture(target).unwrap_err().to_string();
            assert!(error.contains(target) && error.contains("--target"), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn program_is_executable_and_listed_beside_that_of_another_architecture() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let built = directory.path().join("built");
        fs::write(&built, "abc").unwrap();
        fs::set_permissions(&built, fs::Permissions::from_mode(0o640)).unwrap();
        let package = directory.path().join("package");
        fs::create_dir(&package).unwrap();
        fs::write(package.join("p-1.0.0-linux-arm64"), "").unwrap();
        fs::write(package.join(SUMS), "old").unwrap();
        let file = package.join("p-1.0.0-linux-amd64");
        install(&built, &file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(
            sums(&package).unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  p-1.0.0-linux-amd64\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  p-1.0.0-linux-arm64\n"
        );
    }

    #[test]
    fn terraform_is_told_place_and_checksum() {
        let text = terraform("p-1", "00ff");
        assert!(text.contains("software.ecr_pull_proxy = {\n"), "{text}");
        assert!(
            text.contains("url    = \"s3://<bucket>/p-1\"\n") && text.contains("sha256 = \"00ff\"\n"),
            "{text}"
        );
    }
}

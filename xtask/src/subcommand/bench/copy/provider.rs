//! The same copy by the provider: `terraform apply` of a mirror repository on emulated AWS.
//!
//! The provider is a development build, as tests use it: an optimised one would take many minutes to build, and how
//! much of an image is held at a time does not depend on it. The emulated ECR keeps the whole image in memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, ensure};

use super::{BYTES, REGISTRY, REPOSITORY, TAG, is_kept, source_address, start_registry};
use crate::aws_cli::AwsCli;
use crate::cargo::{PROVIDER, Scope, build};
use crate::progress::{Progress, say, seconds};
use crate::service::{Service, aws_gateway};
use crate::subcommand::bench::lock;
use crate::subcommand::bench::measured::measure_below;
use crate::terraform::Terraform;
use crate::workspace::Workspace;
use crate::{emulators, mirror, prerequisites, registry};

/// The bench's own account on the emulators.
const ACCOUNT: &str = "333344445555";
/// What the provider may use at most.
const PROMISED_BYTES: u64 = 100 << 20;
const CONFIGURATION: &str = include_str!("mirror.tf");
/// Name of the repository in the configuration.
const MIRROR: &str = "mirror/large";

pub(super) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let (_lock, directory) = lock(workspace)?;

    let mut progress = Progress::new(8);
    let prerequisites = progress.step("checking prerequisites", prerequisites::check)?;
    let venv = progress.step("AWS emulators", || emulators::install(workspace, &prerequisites))?;
    let programs = progress.step("building the provider", || {
        build(workspace, Scope::Programs, &[PROVIDER, "aws-gateway", REGISTRY])
    })?;
    let [provider, gateway, upstream] =
        <[PathBuf; 3]>::try_from(programs).map_err(|_| anyhow!("a program is missing"))?;
    let mirror = progress.step("provider mirror", || mirror::lay_out(workspace, &provider))?;
    let (source, gateway) = progress.step("starting AWS and the source registry", || {
        Ok((start_registry(&upstream, &[])?, aws_gateway(&gateway, &venv, &directory.join("logs"), &[])?))
    })?;
    let endpoint = gateway.announced("url")?;
    let tree = fresh_tree(&directory)?;
    let terraform = Terraform::new(&prerequisites.terraform, &tree, &mirror, endpoint, ACCOUNT)
        .variable("endpoint", endpoint)
        .variable("source_repository", format!("{}/{REPOSITORY}", source_address(&source)?))
        .variable("image_tag", TAG);
    progress.step("terraform init", || terraform.run(&["init", "-input=false", "-no-color"]))?;
    let ((), measured) = progress.step("terraform apply", || {
        measure_below(PROVIDER, || terraform.run(&["apply", "-auto-approve", "-input=false", "-no-color"]))
    })?;
    progress.step("asking ECR what is there", || expect_copy(&venv, &source, endpoint))?;
    say!("terraform apply copied {} MiB in {}", BYTES >> 20, seconds(measured.elapsed));
    Ok(if is_kept(measured.peak, PROMISED_BYTES) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A directory with nothing but the configuration.
fn fresh_tree(directory: &Path) -> Result<PathBuf> {
    let tree = directory.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("removing {}", tree.display()))?;
    }
    fs::create_dir_all(&tree)?;
    fs::write(tree.join("main.tf"), CONFIGURATION)?;
    Ok(tree)
}

/// Fails unless ECR has the source's digest under the tag: a copy that did nothing needs little memory.
fn expect_copy(venv: &Path, source: &Service, endpoint: &str) -> Result<()> {
    let base = format!("http://{}", source_address(source)?);
    let upstream = registry::manifest(venv, &base, REPOSITORY, TAG, None)?.digest;
    let aws = AwsCli::new(venv, endpoint, ACCOUNT);
    let tag = format!("imageTag={TAG}");
    let answer = aws.json(&["ecr", "describe-images", "--repository-name", MIRROR, "--image-ids", &tag])?;
    let stored = answer["imageDetails"][0]["imageDigest"].as_str();
    ensure!(stored == Some(upstream.as_str()), "upstream has {upstream}, ECR has {stored:?}");
    say!("      {MIRROR}:{TAG} {upstream}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_names_the_repository_that_is_asked_for() {
        assert!(CONFIGURATION.contains(&format!("name       = \"{MIRROR}\"")));
    }

    #[test]
    fn tree_holds_nothing_of_an_earlier_run() {
        let directory = tempfile::tempdir().unwrap();
        let tree = fresh_tree(directory.path()).unwrap();
        fs::write(tree.join("terraform.tfstate"), "x").unwrap();
        let again = fresh_tree(directory.path()).unwrap();
        let names: Vec<_> = fs::read_dir(again).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["main.tf"]);
    }
}

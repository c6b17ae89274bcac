//! `cargo xtask demo`: the quickstart example, applied by the real terraform on emulated AWS, shown and destroyed.
//!
//! What was achieved is asked of AWS by its own CLI and of the registries over HTTP, never of the state.

mod kept;
mod proof;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};

use crate::account::Listing;
use crate::arguments::Arguments;
use crate::aws_cli::{AwsCli, Network};
use crate::cargo::{PROVIDER, Scope, build};
use crate::progress::{Progress, say};
use crate::registry::Image;
use crate::service::{Service, aws_gateway, upstream_registry};
use crate::terraform::{Terraform, copy_tree};
use crate::workspace::Workspace;
use crate::{emulators, mirror, prerequisites, registry};

/// The demo's own account on the emulators.
const ACCOUNT: &str = "222233334444";
/// What is mirrored when no real image is named: the upstream registry makes it up, for two platforms.
const MADE_UP_IMAGE: &str = "library/alpine:3.20";
/// The example, below `examples/terraform`.
const EXAMPLE: &str = "quickstart";

/// What was asked for.
#[derive(Debug)]
struct Options {
    keep: bool,
    upstream: Option<String>,
    verbose: bool,
}

/// Everything that runs, and the clients that ask it. Services end when this is dropped.
#[derive(Debug)]
struct Stage {
    venv: PathBuf,
    gateway: Service,
    /// Held for its life; none with a real upstream.
    _upstream: Option<Service>,
    image: Image,
    terraform: Terraform,
    aws: AwsCli,
}

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let options = Options {
        keep: arguments.flag("--keep"),
        upstream: arguments.value("--upstream")?,
        verbose: arguments.flag("--verbose"),
    };
    arguments.finish()?;

    let directory = workspace.target().join("demo");
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join("lock"))?;
    lock.try_lock().map_err(|_| anyhow!("another demo is running in {}", directory.display()))?;

    let mut progress = Progress::new(if options.keep { 9 } else { 12 });
    let stage = set_up(workspace, &mut progress, &options, &directory)?;
    let before = progress.step("listing the account", || {
        let listing = Listing::of(&stage.aws)?;
        say!("      objects: {}, of {} kinds that are looked at", listing.len(), Listing::kind_count());
        Ok(listing)
    })?;
    progress.step("terraform init", || stage.terraform.run(&["init", "-input=false", "-no-color"]))?;
    progress.step("terraform apply", || {
        stage.terraform.run(&["apply", "-auto-approve", "-input=false", "-no-color"])
    })?;
    let after = progress.step("asking AWS and the registry what is there", || {
        let after = Listing::of(&stage.aws)?;
        proof::show(&stage, &after.since(&before))?;
        Ok(after)
    })?;
    if options.keep {
        return kept::wait(stage, workspace, &directory, &progress);
    }

    progress.step("second plan is empty", || stage.terraform.expect_empty_plan())?;
    progress.step("terraform destroy", || {
        stage.terraform.run(&["destroy", "-auto-approve", "-input=false", "-no-color"])
    })?;
    progress.step("listing the account again", || {
        let end = Listing::of(&stage.aws)?;
        proof::same_account(&before, &after, &end)
    })?;
    say!(
        "\nDone in {}. Nothing outside {} was touched.",
        progress.elapsed(),
        workspace.shown(workspace.target())
    );
    Ok(ExitCode::SUCCESS)
}

/// Builds and starts everything, and copies the example to where terraform may write.
fn set_up(
    workspace: &Workspace,
    progress: &mut Progress,
    options: &Options,
    directory: &Path,
) -> Result<Stage> {
    let prerequisites = progress.step("checking prerequisites", prerequisites::check)?;
    say!("      Terraform {}", prerequisites.terraform_version);
    let venv = progress.step("AWS emulators", || emulators::install(workspace, &prerequisites))?;
    let programs = progress.step("building the provider", || {
        build(workspace, Scope::Programs, &[PROVIDER, "aws-gateway", "upstream-registry"])
    })?;
    let [provider, gateway, registry] =
        <[_; 3]>::try_from(programs).map_err(|_| anyhow!("a program is missing"))?;
    let mirror = progress.step("provider mirror", || mirror::lay_out(workspace, &provider))?;

    progress.step("starting AWS and the upstream registry", || {
        let example = copy_example(workspace, directory)?;
        let upstream = match options.upstream {
            Some(_) => None,
            None => Some(upstream_registry(&registry, &["--image", MADE_UP_IMAGE])?),
        };
        let image = match (&options.upstream, &upstream) {
            (Some(image), _) => image.clone(),
            (None, Some(service)) => format!("{}/{MADE_UP_IMAGE}", service.announced("address")?),
            (None, None) => return Err(anyhow!("there is no upstream")),
        };
        let parsed = Image::parse(&image)?;
        // Asked before anything is created: without a network a real upstream fails here, not in the apply.
        registry::manifest(&venv, &parsed.base, &parsed.repository, &parsed.tag, None)?;
        let gateway = aws_gateway(&gateway, &venv, &directory.join("logs"), &[])?;
        let url = gateway.announced("url")?.to_owned();
        say!("      AWS at {url}, mirroring {image}");
        let aws = AwsCli::new(&venv, &url, ACCOUNT);
        let network = Network::of(&aws)?;
        let terraform = Terraform::new(&prerequisites.terraform, &example, &mirror, &url, ACCOUNT)
            .variable("endpoint", &url)
            .variable("upstream_image", &image)
            .variable("vpc_id", &network.vpc_id)
            .variable("subnet_ids", &serde_json::to_string(&network.subnet_ids)?)
            .verbose(options.verbose);
        Ok(Stage { venv: venv.clone(), gateway, _upstream: upstream, image: parsed, terraform, aws })
    })
}

/// Copies the example, and the modules it may name by relative path, to a fresh tree of the same shape.
fn copy_example(workspace: &Workspace, directory: &Path) -> Result<PathBuf> {
    let tree = directory.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree).with_context(|| format!("removing {}", tree.display()))?;
    }
    let below = Path::new("examples/terraform").join(EXAMPLE);
    let example = tree.join(&below);
    copy_tree(&workspace.root().join(&below), &example)?;
    let modules = workspace.root().join("modules");
    if modules.exists() {
        copy_tree(&modules, &tree.join("modules"))?;
    }
    Ok(example)
}

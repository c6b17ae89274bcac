//! What the pull proxy adds to a pull: to its throughput, to the latency of small answers, and what memory it takes.
//!
//! The proxy is the program that `cargo xtask package` makes, with its default settings. A registry on loopback stands
//! for ECR; it makes large blobs while it serves them. The same requests go to the registry itself, through nginx where
//! there is one, and through the proxy, in turn.

mod daemon;
mod http;
mod latency;
mod memory;
mod nginx;
mod throughput;
mod token;
mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use self::daemon::Daemon;
use self::nginx::Nginx;
use self::world::{Image, Target};
use super::{lock, mib};
use crate::arguments::Arguments;
use crate::cargo::{cargo, run as run_command};
use crate::progress::{Progress, say};
use crate::reproducible;
use crate::workspace::Workspace;

/// The registry that the proxy believes to be ECR's.
const ECR: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const REPOSITORY: &str = "bench/image";
const REGISTRY: &str = "upstream-registry";
/// Runs of each measurement; odd, so that the median is one of them.
const ROUNDS: usize = 5;

pub(super) fn run(workspace: &Workspace, arguments: Arguments) -> Result<ExitCode> {
    arguments.finish()?;
    memory::check_limit()?;
    let (_lock, directory) = lock(workspace)?;
    let mut bench = Bench { directory: directory.join("proxy"), ..Bench::default() };
    fs::create_dir_all(&bench.directory)?;

    let mut progress = Progress::new(5);
    progress.step("building proxy and registry in release mode", || {
        (bench.proxy, _) = reproducible::build(workspace, None, "pull-proxy", "ecr-pull-proxy")?;
        run_command(cargo(workspace).args(["build", "--release", "--package", REGISTRY]))
    })?;
    bench.registry = workspace.target().join("release").join(REGISTRY);
    bench.nginx = nginx::program();
    bench.tokens = token::serve()?;

    let throughput = progress.step("pulling large blobs", || {
        let image = bench.image(&["--layers", "4", "--layer-size", "134217728"])?;
        bench.in_turn(&image, |targets| throughput::measure(targets, &image))
    })?;
    let latency = progress.step("asking for small things", || {
        let image = bench.image(&[])?;
        bench.in_turn(&image, |targets| latency::measure(targets, &image))
    })?;
    let idle = progress.step("looking at a proxy that has nothing to do", || {
        let image = bench.image(&[])?;
        bench.daemon(&image)?.resident()
    })?;
    let memory = progress.step("pulling a thousand times at once", || {
        let image = bench.image(&memory::IMAGE)?;
        let mut daemon = bench.daemon(&image)?;
        memory::measure(&mut daemon, &image)
    })?;

    if bench.nginx.is_none() {
        say!("nginx is not here, so that there is no comparison with it; Debian has it as nginx-light");
    }
    let kept = throughput::report(&throughput) & latency::report(&latency) & memory::report(&memory);
    say!("memory without anything to do: {:.1} MiB", mib(idle));
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The programs of a measurement.
#[derive(Debug, Default)]
struct Bench {
    /// For their files.
    directory: PathBuf,
    proxy: PathBuf,
    registry: PathBuf,
    nginx: Option<PathBuf>,
    /// Where the proxy gets its token.
    tokens: String,
}

impl Bench {
    /// A registry with an image of these arguments.
    fn image(&self, arguments: &[&str]) -> Result<Image> {
        Image::serve(&self.registry, arguments)
    }

    fn daemon(&self, image: &Image) -> Result<Daemon> {
        Daemon::start(&self.proxy, &self.directory, &image.address, &self.tokens)
    }

    /// Starts the proxy, and nginx if it is there, and measures them beside the registry.
    fn in_turn<T>(&self, image: &Image, measure: impl FnOnce(&[Target]) -> Result<T>) -> Result<T> {
        let mut daemon = self.daemon(image)?;
        let start = |program: &Path| Nginx::start(program, &self.directory, &image.address);
        let nginx = self.nginx.as_deref().map(start).transpose()?;
        let mut targets = vec![image.target()];
        targets.extend(nginx.as_ref().map(|nginx| Target::proxy("nginx", &nginx.address)));
        targets.push(Target::proxy("ecr-pull-proxy", &daemon.address));
        let measured = measure(&targets).context("the proxy's log is in target/bench/proxy")?;
        daemon.still_runs()?;
        Ok(measured)
    }
}

/// What came out of each target, in the order of the targets: the registry first, the proxy last.
fn ends<T>(of_targets: &[T]) -> Option<(&T, Option<&T>, &T)> {
    match of_targets {
        [direct, proxy] => Some((direct, None, proxy)),
        [direct, nginx, proxy] => Some((direct, Some(nginx), proxy)),
        _ => None,
    }
}

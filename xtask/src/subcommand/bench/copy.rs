//! Peak memory of a process that copies a 1 GiB image from one registry to another.
//!
//! The copying process is the provider itself, or with `--against` the example `copy_image` of the crate `oci-copy`,
//! which does the same as other programs that copy images and nothing else.
//! Registries are processes of their own, so that its memory is the copier's alone: one makes the layers while it
//! serves them, the other keeps only their digests.
//!
//! Memory is held to the promise. Time is shown beside another program's and never judged: machines differ.

mod memory;
mod peer;
mod provider;

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Result;

use self::memory::{Measured, measure};
use self::peer::Peer;
use super::mib;
use crate::arguments::Arguments;
use crate::cargo::{cargo, run as run_command};
use crate::environment::isolate;
use crate::progress::{Progress, say, seconds};
use crate::service::{Service, upstream_registry};
use crate::workspace::Workspace;

/// Layers of each of the image's two platforms.
const LAYERS: u64 = 4;
/// Size of one layer; all of them are 1 GiB.
const LAYER_BYTES: u64 = 128 << 20;
const BYTES: u64 = 2 * LAYERS * LAYER_BYTES;
const REPOSITORY: &str = "bench/large";
const TAG: &str = "1";
/// What the copier may use at most.
const PROMISED_BYTES: u64 = 100 << 20;
/// Takes two image names, source and target.
const EXAMPLE: &str = "copy_image";
const REGISTRY: &str = "upstream-registry";
/// Runs of each program; odd, so that the median is one of them.
const ROUNDS: usize = 3;

pub(super) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let against = arguments.value("--against")?;
    arguments.finish()?;
    match against {
        Some(program) => compare(workspace, &Peer::at(Path::new(&program))?),
        None => provider::run(workspace),
    }
}

/// Copies with our program and, in turn, with the other one.
fn compare(workspace: &Workspace, peer: &Peer) -> Result<ExitCode> {
    let mut progress = Progress::new(2 + 2 * ROUNDS);
    progress.step("building copier and registry in release mode", || build_release(workspace))?;
    let release = workspace.target().join("release");
    let (copier, registry) = (release.join("examples").join(EXAMPLE), release.join(REGISTRY));
    let source = progress.step("starting the source registry", || start_source(&registry))?;
    let source = format!("{}/{REPOSITORY}:{TAG}", source_address(&source)?);

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..2 * ROUNDS {
        // An empty target each time: whoever came second would find everything there.
        let target = upstream_registry(&registry, &["--discard-blobs"])?;
        let target = (format!("{}/{REPOSITORY}:{TAG}", target.announced("address")?), target);
        if round % 2 == 1 {
            let run = || measured(peer.copy(&source, &target.0));
            theirs.push(progress.step(format!("copying with {}", peer.name()), run)?);
        } else {
            let run = || {
                let mut command = Command::new(&copier);
                command.arg(&source).arg(&target.0);
                measured(command)
            };
            ours.push(progress.step(format!("copying with {EXAMPLE}"), run)?);
        }
    }
    say!("copied {} MiB in {}", BYTES >> 20, seconds(median(&ours, |run| run.elapsed)));
    compare_with(peer, &ours, &theirs);
    Ok(verdict(ours.iter().filter_map(|run| run.peak).max()))
}

/// Both programs in release mode, by themselves: nothing of AWS is built for this.
fn build_release(workspace: &Workspace) -> Result<()> {
    let packages = ["--package", "oci-copy", "--package", REGISTRY];
    run_command(cargo(workspace).args(["build", "--release"]).args(packages).args([
        "--example",
        EXAMPLE,
        "--bin",
        REGISTRY,
    ]))
}

/// The registry with the image.
fn start_source(registry: &Path) -> Result<Service> {
    let image = format!("{REPOSITORY}:{TAG}");
    let (layers, bytes) = (LAYERS.to_string(), LAYER_BYTES.to_string());
    upstream_registry(registry, &["--image", &image, "--layers", &layers, "--layer-size", &bytes])
}

fn source_address(source: &Service) -> Result<&str> {
    source.announced("address")
}

fn measured(mut command: Command) -> Result<Measured> {
    isolate(&mut command).stdin(Stdio::null());
    let measured = measure(command)?;
    let peak = measured.peak.map_or_else(|| "unknown".to_owned(), |peak| format!("{:.1} MiB", mib(peak)));
    say!("      peak memory {peak}, {}", seconds(measured.elapsed));
    Ok(measured)
}

fn compare_with(peer: &Peer, ours: &[Measured], theirs: &[Measured]) {
    let time = |runs: &[Measured]| median(runs, |run| run.elapsed);
    let peak = |runs: &[Measured]| median(runs, |run| run.peak);
    say!("{}, medians of {ROUNDS} runs in turn:", peer.name());
    if let (Some(our_peak), Some(their_peak)) = (peak(ours), peak(theirs)) {
        let ratio = mib(our_peak) / mib(their_peak);
        say!("    memory {:.1} MiB : {:.1} MiB = {ratio:.2}", mib(our_peak), mib(their_peak));
    }
    let (our_time, their_time): (Duration, Duration) = (time(ours), time(theirs));
    let ratio = our_time.as_secs_f64() / their_time.as_secs_f64();
    say!("    time   {} : {} = {ratio:.2}", seconds(our_time), seconds(their_time));
}

/// The value in the middle; of nothing it is the type's default.
fn median<T: Ord + Default>(runs: &[Measured], value: impl Fn(&Measured) -> T) -> T {
    super::median(runs.iter().map(value).collect()).unwrap_or_default()
}

/// Says whether the promise was kept. Memory that nobody knows keeps none.
fn verdict(peak: Option<u64>) -> ExitCode {
    let Some(peak) = peak else {
        say!("this system does not tell the peak memory of a process");
        return ExitCode::FAILURE;
    };
    let kept = peak < PROMISED_BYTES;
    let mark = if kept { "" } else { ": the promise is broken" };
    say!("peak memory {:.1} MiB, promised under {} MiB{mark}", mib(peak), PROMISED_BYTES >> 20);
    if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_is_broken_at_its_limit_and_when_nothing_is_known() {
        let success = format!("{:?}", ExitCode::SUCCESS);
        let code = |peak| format!("{:?}", verdict(peak));
        assert_eq!(code(Some(PROMISED_BYTES - 1)), success);
        assert_ne!(code(Some(PROMISED_BYTES)), success);
        assert_ne!(code(None), success);
    }

    #[test]
    fn median_is_the_value_in_the_middle() {
        let runs = [30, 10, 20].map(|peak| Measured { peak: Some(peak), elapsed: Duration::ZERO });
        assert_eq!(median(&runs, |run| run.peak), Some(20));
    }
}

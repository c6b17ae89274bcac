//! Peak memory of a process that copies a 1 GiB image from one registry to another.
//!
//! The copying process is the example `copy_image` of the crate `oci-copy`. Both registries are processes of their
//! own, so that its memory is the copier's alone: one makes the layers while it serves them, the other keeps only
//! their digests.

use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::cargo::{Scope, build, cargo, run as run_command};
use crate::environment::isolate;
use crate::progress::{Progress, say, seconds};
use crate::service::upstream_registry;
use crate::workspace::Workspace;

/// Layers of each of the image's two platforms.
const LAYERS: u64 = 4;
/// Size of one layer; all of them are 1 GiB.
const LAYER_BYTES: u64 = 128 << 20;
const BYTES: u64 = 2 * LAYERS * LAYER_BYTES;
const IMAGE: &str = "bench/large:1";
/// What the copier may use at most.
const PROMISED_BYTES: u64 = 100 << 20;
/// Takes two image names, source and target.
const EXAMPLE: &str = "copy_image";

pub(super) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut progress = Progress::new(4);
    let programs = progress
        .step("building the registries", || build(workspace, Scope::Programs, &["upstream-registry"]))?;
    let [registry] = programs.as_slice() else { bail!("cargo built no registry") };
    progress.step("building the copier in release mode", || {
        run_command(cargo(workspace).args([
            "build",
            "--release",
            "--package",
            "oci-copy",
            "--example",
            EXAMPLE,
        ]))
    })?;
    let (source, target) = progress.step("starting two registries", || {
        let (layers, bytes) = (LAYERS.to_string(), LAYER_BYTES.to_string());
        let source =
            upstream_registry(registry, &["--image", IMAGE, "--layers", &layers, "--layer-size", &bytes])?;
        Ok((source, upstream_registry(registry, &["--discard-blobs"])?))
    })?;
    let (peak, elapsed) = progress.step("copying", || {
        let mut command = Command::new(workspace.target().join("release/examples").join(EXAMPLE));
        isolate(&mut command)
            .arg(format!("{}/{IMAGE}", source.announced("address")?))
            .arg(format!("{}/{IMAGE}", target.announced("address")?))
            .stdin(Stdio::null());
        measure(command)
    })?;
    say!("copied {} MiB in {}", BYTES >> 20, seconds(elapsed));
    let Some(peak) = peak else {
        say!("this system does not tell the peak memory of a process");
        return Ok(ExitCode::FAILURE);
    };
    say!("peak memory {:.1} MiB, promised under {} MiB", mib(peak), PROMISED_BYTES >> 20);
    Ok(if peak < PROMISED_BYTES { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the command to its end; the highest resident memory that the kernel recorded for it, where it says so.
fn measure(mut command: Command) -> Result<(Option<u64>, Duration)> {
    let started = Instant::now();
    let mut child = command.spawn().context("starting the copier")?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = None;
    let status = loop {
        // The kernel keeps the maximum, so only growth within the last interval can be missed.
        peak = fs::read_to_string(&status_file).ok().as_deref().and_then(high_water_mark).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    };
    if !status.success() {
        bail!("the copier failed with {status}");
    }
    Ok((peak, started.elapsed()))
}

/// `VmHWM` of a `/proc/<pid>/status`, in bytes.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// For people to read; a fraction lost in the last bit is no matter.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn high_water_mark_is_read_in_bytes() {
        assert_eq!(high_water_mark("Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(high_water_mark("Name:\tx\n"), None);
    }

    #[test]
    fn command_that_fails_is_an_error() {
        assert!(measure(Command::new("false")).is_err());
    }
}

//! What copying a 1 GiB image from one registry to another takes.
//!
//! The copying process is the provider itself, or with `--against` the example `copy_image` of the crate `oci-copy`,
//! which does the same as other programs that copy images and nothing else.
//! Registries are processes of their own, so that memory and processor time are the copier's alone: one makes the layers
//! while it serves them, the other keeps only their digests.

mod compare;
mod peer;
mod provider;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;

use self::peer::Peer;
use super::mib;
use crate::arguments::Arguments;
use crate::progress::say;
use crate::service::{Service, upstream_registry};
use crate::workspace::Workspace;

/// Layers of each of the image's two platforms.
const LAYERS: u64 = 4;
/// Size of one layer; all of them are 1 GiB.
const LAYER_BYTES: u64 = 128 << 20;
const BYTES: u64 = 2 * LAYERS * LAYER_BYTES;
const REPOSITORY: &str = "bench/large";
const TAG: &str = "1";
const REGISTRY: &str = "upstream-registry";

pub(super) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let mut peers = Vec::new();
    while let Some(program) = arguments.value("--against")? {
        peers.push(Peer::at(Path::new(&program))?);
    }
    arguments.finish()?;
    if peers.is_empty() { provider::run(workspace) } else { compare::run(workspace, &peers) }
}

/// A registry with the image, or, told so by `also`, with a part of it.
fn start_registry(program: &Path, also: &[&str]) -> Result<Service> {
    let image = format!("{REPOSITORY}:{TAG}");
    let (layers, bytes) = (LAYERS.to_string(), LAYER_BYTES.to_string());
    let mut arguments = vec!["--image", &image, "--layers", &layers, "--layer-size", &bytes];
    arguments.extend(also);
    upstream_registry(program, &arguments)
}

fn source_address(source: &Service) -> Result<&str> {
    source.announced("address")
}

/// Says whether the promise about memory was kept. Memory that nobody knows keeps none.
fn is_kept(peak: Option<u64>, promised: u64) -> bool {
    let Some(peak) = peak else {
        say!("this system does not tell the peak memory of a process");
        return false;
    };
    let kept = peak < promised;
    let mark = if kept { "" } else { ": the promise is broken" };
    say!("peak memory {:.1} MiB, promised under {} MiB{mark}", mib(peak), promised >> 20);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_is_broken_at_its_limit_and_when_nothing_is_known() {
        assert!(is_kept(Some(99), 100));
        assert!(!is_kept(Some(100), 100));
        assert!(!is_kept(None, 100));
    }
}

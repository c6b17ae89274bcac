//! `cargo xtask bench`: measures what the project promises, in release builds.

mod copy;

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::arguments::Arguments;
use crate::progress::say;
use crate::workspace::Workspace;

/// One measurement.
struct Bench {
    name: &'static str,
    /// What is measured, and what was promised.
    summary: &'static str,
    run: fn(&Workspace) -> Result<ExitCode>,
}

const BENCHES: &[Bench] =
    &[Bench { name: "copy", summary: "copies a 1 GiB image; peak memory under 100 MiB", run: copy::run }];

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let name = arguments.positional()?;
    arguments.finish()?;
    let Some(name) = name else {
        for bench in BENCHES {
            say!("{:8} {}", bench.name, bench.summary);
        }
        return Ok(ExitCode::SUCCESS);
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(workspace),
        None => bail!("there is no bench `{name}`; without a name, all are listed"),
    }
}

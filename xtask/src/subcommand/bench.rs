//! `cargo xtask bench`: measures what the project promises.

mod copy;
mod measured;
mod proxy;
mod start;

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow, bail};

use crate::arguments::Arguments;
use crate::progress::say;
use crate::workspace::Workspace;

/// One measurement.
struct Bench {
    name: &'static str,
    /// Its arguments as the list shows them.
    usage: &'static str,
    /// What is measured, what was promised, and what the arguments change; one sentence per line.
    summary: &'static [&'static str],
    run: fn(&Workspace, Arguments) -> Result<ExitCode>,
}

const BENCHES: &[Bench] = &[
    Bench {
        name: "copy",
        usage: "[--against PROGRAM]...",
        summary: &[
            "Let terraform apply mirror a 1 GiB image; fails when the provider's peak memory reaches 100 MiB.",
            "--against PROGRAM  copy from registry to registry instead, by oci-copy and this crane or skopeo in turn: with an \
             empty target, with all layers there but one, with everything there; fails at 32 MiB, at 20 ms where \
             everything is there, and at more than 0.8 of crane's processor time",
        ],
        run: copy::run,
    },
    Bench {
        name: "proxy",
        usage: "",
        summary: &[
            "Pull through ecr-pull-proxy, and in turn from the registry itself and through nginx if it is here; fails below \
             0.9 of the registry's throughput unless nginx is slower, at 1 ms that the slowest hundredth of small answers \
             takes longer, and when a thousand downloads at once take 64 MiB or one of them fails.",
        ],
        run: proxy::run,
    },
    Bench {
        name: "start",
        usage: "[--against PROVIDER]",
        summary: &[
            "Start the provider in release mode; fails at 50 ms to the handshake line, 100 ms to the schema, 40 MiB.",
            "--against PROVIDER  also start this other provider, in turn with ours, and show ratios",
        ],
        run: start::run,
    },
];

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let Some(name) = arguments.positional()? else {
        arguments.finish()?;
        for bench in BENCHES {
            say!("cargo xtask bench {} {}", bench.name, bench.usage);
            for line in bench.summary {
                say!("    {line}");
            }
        }
        return Ok(ExitCode::SUCCESS);
    };
    match BENCHES.iter().find(|bench| bench.name == name) {
        Some(bench) => (bench.run)(workspace, arguments),
        None => bail!("there is no bench `{name}`; without a name, all are listed"),
    }
}

/// The directory of the benches below the target directory; one bench runs at a time, while the file is kept.
fn lock(workspace: &Workspace) -> Result<(File, PathBuf)> {
    let directory = workspace.target().join("bench");
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join("lock"))?;
    lock.try_lock().map_err(|_| anyhow!("another bench is running in {}", directory.display()))?;
    Ok((lock, directory))
}

/// The value in the middle; none of nothing.
fn median<T: Ord>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    let middle = values.len() / 2;
    values.into_iter().nth(middle)
}

/// For people to read; a fraction lost in the last bit is no matter.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

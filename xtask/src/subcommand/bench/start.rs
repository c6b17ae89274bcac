//! Start of the provider: time to the handshake line, time to the schema, resident memory at rest.
//!
//! Terraform starts a provider three times for a plan and four times for an apply, so that this is what a user waits
//! for. The example `measure_start` of the SDK plays Terraform's part, mutual TLS included, once per run.
//!
//! The limits are those of the SDK's checklist, wide enough for any machine. What another provider needs, given with
//! `--against`, is measured in turn with ours and shown as a ratio, beside the goal.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::arguments::Arguments;
use crate::cargo::{PROVIDER, capture, cargo, run as run_command};
use crate::environment::isolate;
use crate::progress::{Progress, say};
use crate::workspace::Workspace;

/// Runs of each program; odd, so that the median is one of them.
const ROUNDS: usize = 21;
/// Plays Terraform's part.
const EXAMPLE: &str = "measure_start";

/// What one start took; the program's own words.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Start {
    line_micros: u64,
    schema_micros: u64,
    schema_bytes: u64,
    resident_bytes: Option<u64>,
}

/// One figure of a start.
struct Figure {
    name: &'static str,
    value: fn(&Start) -> Option<u64>,
    /// For people.
    show: fn(u64) -> String,
    /// Ours has to stay below it.
    limit: u64,
    /// What we want to be at most of another provider's.
    goal: Option<f64>,
}

const FIGURES: [Figure; 3] = [
    Figure {
        name: "time to the handshake line",
        value: |start| Some(start.line_micros),
        show: milliseconds,
        limit: 50_000,
        goal: Some(0.2),
    },
    Figure {
        name: "time to the schema",
        value: |start| Some(start.schema_micros),
        show: milliseconds,
        limit: 100_000,
        goal: None,
    },
    Figure {
        name: "resident memory",
        value: |start| start.resident_bytes,
        show: mebibytes,
        limit: 40 << 20,
        goal: Some(0.6),
    },
];

pub(super) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let against = arguments.value("--against")?.map(PathBuf::from);
    arguments.finish()?;
    if let Some(program) = &against {
        ensure!(program.is_file(), "{} is no program", program.display());
    }
    let mut progress = Progress::new(2);
    progress.step("building provider and host in release mode", || build_release(workspace))?;
    let release = workspace.target().join("release");
    let (host, provider) = (release.join("examples").join(EXAMPLE), release.join(PROVIDER));
    let (ours, theirs) = progress.step("starting", || {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        // Whoever is started first has its file read from disk: not measured.
        for program in std::iter::once(provider.as_path()).chain(against.as_deref()) {
            start(&host, program)?;
        }
        for _ in 0..ROUNDS {
            ours.push(start(&host, &provider)?);
            if let Some(program) = &against {
                theirs.push(start(&host, program)?);
            }
        }
        Ok((ours, theirs))
    })?;
    report(&ours, &theirs)
}

fn build_release(workspace: &Workspace) -> Result<()> {
    // One after the other: together they would choose other features for what both use, and build it once more.
    run_command(cargo(workspace).args(["build", "--release", "--package", PROVIDER]))?;
    run_command(cargo(workspace).args([
        "build",
        "--release",
        "--package",
        "tf-provider",
        "--example",
        EXAMPLE,
    ]))
}

fn start(host: &Path, provider: &Path) -> Result<Start> {
    let mut command = Command::new(host);
    isolate(&mut command).arg(provider).stdin(Stdio::null());
    let measured = capture(&mut command)?;
    serde_json::from_str(&measured).with_context(|| format!("{EXAMPLE} printed {measured:?}"))
}

/// Says what came out, and whether the limits were kept. A figure that nobody knows keeps none.
fn report(ours: &[Start], theirs: &[Start]) -> Result<ExitCode> {
    let schema = median(ours, |start| Some(start.schema_bytes)).context("nothing was measured")?;
    say!("medians of {ROUNDS} runs; the schema has {} KiB", schema >> 10);
    let mut kept = true;
    for figure in &FIGURES {
        let Some(our) = median(ours, figure.value) else {
            say!("    {}: this system does not tell", figure.name);
            kept = false;
            continue;
        };
        let within = our < figure.limit;
        kept &= within;
        let mark = if within { "" } else { ": over the limit" };
        say!("    {} {}, limit {}{mark}", figure.name, (figure.show)(our), (figure.show)(figure.limit));
        if let Some(their) = median(theirs, figure.value) {
            say!("        {}", comparison(figure, our, their));
        }
    }
    Ok(if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `theirs 25.1 ms, ratio 0.08, goal 0.20`
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn comparison(figure: &Figure, our: u64, their: u64) -> String {
    let ratio = our as f64 / their as f64;
    let goal = figure.goal.map(|goal| format!(", goal {goal:.2}")).unwrap_or_default();
    format!("theirs {}, ratio {ratio:.2}{goal}", (figure.show)(their))
}

/// The value in the middle; none when one of them is not known, or there are none.
fn median(runs: &[Start], value: fn(&Start) -> Option<u64>) -> Option<u64> {
    super::median(runs.iter().map(value).collect::<Option<_>>()?)
}

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn milliseconds(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1000.0)
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", super::mib(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(line_micros: u64, resident_bytes: Option<u64>) -> Start {
        Start { line_micros, schema_micros: 900, schema_bytes: 2048, resident_bytes }
    }

    fn code(starts: &[Start]) -> String {
        format!("{:?}", report(starts, &[]).unwrap())
    }

    #[test]
    fn limit_is_broken_at_its_value_and_when_nothing_is_known() {
        let success = format!("{:?}", ExitCode::SUCCESS);
        assert_eq!(code(&[start(49_999, Some(1))]), success);
        assert_ne!(code(&[start(50_000, Some(1))]), success);
        assert_ne!(code(&[start(1, Some(40 << 20))]), success);
        assert_ne!(code(&[start(1, None)]), success);
        assert!(report(&[], &[]).is_err());
    }

    #[test]
    fn median_is_the_value_in_the_middle() {
        let starts = [30, 10, 20].map(|line| start(line, Some(1)));
        assert_eq!(median(&starts, FIGURES[0].value), Some(20));
        assert_eq!(median(&[start(1, Some(1)), start(1, None)], FIGURES[2].value), None);
    }

    #[test]
    fn ratio_is_ours_to_theirs() {
        assert_eq!(comparison(&FIGURES[0], 2_000, 25_000), "theirs 25.0 ms, ratio 0.08, goal 0.20");
        assert_eq!(comparison(&FIGURES[1], 5_000, 10_000), "theirs 10.0 ms, ratio 0.50");
    }
}

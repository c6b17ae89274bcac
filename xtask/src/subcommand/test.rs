//! `cargo xtask test`: every test there is, and one line with the counts at the end.

mod cargo_output;
mod modules;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use self::cargo_output::{CargoOutput, Shown};
use crate::arguments::Arguments;
use crate::cargo::{PROVIDER, Scope, build, cargo};
use crate::mirror::Mirror;
use crate::prerequisites::Prerequisites;
use crate::progress::{Progress, say, seconds};
use crate::subcommand::{docs, tidy};
use crate::terraform::stream;
use crate::workspace::Workspace;
use crate::{emulators, mirror, prerequisites};

/// How many tests ended how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Counts {
    const PASSED: Self = Self { passed: 1, failed: 0, skipped: 0 };
    const FAILED: Self = Self { passed: 0, failed: 1, skipped: 0 };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Whether all is well. In CI everything is installed, so a skip there hides a fault.
    fn is_success(self, ci: bool) -> bool {
        self.failed == 0 && self.passed > 0 && !(ci && self.skipped > 0)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// What the tests stand on.
struct Ground<'a> {
    workspace: &'a Workspace,
    prerequisites: Prerequisites,
    venv: PathBuf,
    provider: PathBuf,
    gateway: PathBuf,
    registry: PathBuf,
    mirror: Mirror,
    /// What the names of the tests to run contain; `None` for all.
    filter: Option<String>,
}

pub(crate) fn run(workspace: &Workspace, mut arguments: Arguments) -> Result<ExitCode> {
    let filter = arguments.positional()?;
    arguments.finish()?;

    let mut progress = Progress::new(if filter.is_some() { 6 } else { 8 });
    let prerequisites = progress.step("checking prerequisites", prerequisites::check)?;
    say!("      Terraform {}", prerequisites.terraform_version);
    let venv = progress.step("AWS emulators", || emulators::install(workspace, &prerequisites))?;
    let programs = progress.step("building everything", || {
        build(workspace, Scope::ProgramsAndTests, &[PROVIDER, "aws-gateway", "upstream-registry"])
    })?;
    let [provider, gateway, registry] =
        <[_; 3]>::try_from(programs).map_err(|_| anyhow::anyhow!("a program is missing"))?;
    let mirror = progress.step("provider mirror", || mirror::lay_out(workspace, &provider))?;
    let ground = Ground { workspace, prerequisites, venv, provider, gateway, registry, mirror, filter };

    let mut counts = Counts::default();
    counts.add(progress.step("cargo test", || cargo_test(&ground))?);
    counts.add(progress.step("terraform test of each module", || modules::test(&ground))?);
    if ground.filter.is_none() {
        counts
            .add(progress.step("docs are up to date", || {
                check("docs", || docs::check(workspace, &ground.provider))
            })?);
        counts.add(progress.step("tidy", || check("tidy", || tidy::check(workspace, &ground.provider)))?);
    }

    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let success = counts.is_success(ci);
    say!("\n{} in all", progress.elapsed());
    if ci && counts.skipped > 0 {
        say!("with CI=true a skipped test is a failure");
    }
    say!("{counts}");
    Ok(if success { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A check that is one test; its faults are printed one a line.
fn check(name: &str, faults: impl FnOnce() -> Result<Vec<String>>) -> Result<Counts> {
    let faults = faults()?;
    if faults.is_empty() {
        return Ok(Counts::PASSED);
    }
    say!("      {name} FAILED");
    for fault in faults {
        say!("        {fault}");
    }
    Ok(Counts::FAILED)
}

/// Runs the tests of all crates, and shows each test program with its counts, and failures whole.
fn cargo_test(ground: &Ground<'_>) -> Result<Counts> {
    let mut command = cargo(ground.workspace);
    command.args(["test", "--workspace", "--no-fail-fast", "--color=never"]);
    // A skip is a line that a passing test writes; without this flag nobody sees it.
    command.args(["--", "--show-output"]);
    command.args(&ground.filter);
    command
        .env("ECRUNNER_TEST_MIRROR", &ground.mirror.directory)
        .env("ECRUNNER_TEST_VENV", &ground.venv)
        .env("ECRUNNER_TEST_PROVIDER", &ground.provider)
        .env("ECRUNNER_TEST_TERRAFORM", &ground.prerequisites.terraform);
    let mut output = CargoOutput::default();
    let mut started = Instant::now();
    let interactive = std::io::stdout().is_terminal();
    let (status, _) = stream(&mut command, |line| match output.line(line) {
        Shown::Nothing => {}
        Shown::Program(name) => {
            started = Instant::now();
            if interactive {
                say!("      {name} …");
            }
        }
        Shown::Result(summary) => say!("      {summary} ({})", seconds(started.elapsed())),
        Shown::Line(line) => say!("{line}"),
    })?;
    for skip in output.skips() {
        say!("      {skip}");
    }
    let counts = output.counts();
    if !status.success() && counts.failed == 0 {
        // Something other than a test failed: it did not compile, or a test program crashed.
        say!("{}", output.unexplained());
        return Ok(Counts { failed: 1, ..counts });
    }
    Ok(counts)
}

/// Directories directly below `directory`, sorted; none when it is not there.
fn directories(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => bail!("reading {}: {error}", directory.display()),
    };
    let mut directories = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            directories.push(path);
        }
    }
    directories.sort();
    Ok(directories)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_one_line() {
        assert_eq!(
            Counts { passed: 12, failed: 0, skipped: 3 }.to_string(),
            "12 passed, 0 failed, 3 skipped"
        );
    }

    #[test]
    fn skip_fails_only_in_ci() {
        let counts = Counts { passed: 5, failed: 0, skipped: 1 };
        assert!(counts.is_success(false));
        assert!(!counts.is_success(true));
    }

    #[test]
    fn no_test_at_all_is_no_success() {
        assert!(!Counts::default().is_success(false));
    }
}

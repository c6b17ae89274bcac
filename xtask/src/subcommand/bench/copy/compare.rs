//! The copier beside other programs, in turn: the whole image, the image when it is there already, and when all but one
//! of its layers are.
//!
//! Memory, the time of a copy that has nothing to do, and the processor time beside crane's are held to what is promised.
//! All else is shown and never judged: machines differ.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::Result;

use super::peer::Peer;
use super::{REGISTRY, REPOSITORY, TAG, is_kept, source_address, start_registry};
use crate::cargo::{cargo, run as run_command};
use crate::environment::isolate;
use crate::progress::{Progress, say, seconds};
use crate::service::{Service, upstream_registry};
use crate::subcommand::bench::measured::{Measured, measure};
use crate::subcommand::bench::{median, mib};
use crate::workspace::Workspace;

/// Takes two image names, source and target.
const EXAMPLE: &str = "copy_image";
/// What the copier may use at most.
const PROMISED_BYTES: u64 = 32 << 20;
/// What the copier may take when everything is there.
const PROMISED_NO_OP: Duration = Duration::from_millis(20);
/// Most of crane's processor time that the copier may take.
const PROMISED_CPU: f64 = 0.8;

/// What the target has before the copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Nothing,
    AllButOneLayer,
    Everything,
}

impl Case {
    const ALL: [Case; 3] = [Case::Nothing, Case::AllButOneLayer, Case::Everything];

    fn name(self) -> &'static str {
        match self {
            Case::Nothing => "an empty target",
            Case::AllButOneLayer => "all layers there but one",
            Case::Everything => "everything there",
        }
    }

    /// Runs of each program; odd, so that the median is one of them. Where a run takes milliseconds, more.
    fn rounds(self) -> usize {
        if self == Case::Everything { 21 } else { 5 }
    }

    /// A target of its own for each run: whoever came second would find what the first one left.
    fn target(self, registry: &Path) -> Result<Service> {
        match self {
            Case::Nothing => upstream_registry(registry, &["--discard-blobs"]),
            Case::AllButOneLayer => start_registry(registry, &["--discard-blobs", "--incomplete"]),
            Case::Everything => start_registry(registry, &[]),
        }
    }
}

/// The runs of one program, case by case.
type Runs = Vec<(Case, Vec<Measured>)>;

/// Copies with our program and, in turn, with the others.
pub(super) fn run(workspace: &Workspace, peers: &[Peer]) -> Result<ExitCode> {
    let mut progress = Progress::new(2 + Case::ALL.len());
    progress.step("building copier and registry in release mode", || build_release(workspace))?;
    let release = workspace.target().join("release");
    let (copier, registry) = (release.join("examples").join(EXAMPLE), release.join(REGISTRY));
    let source = progress.step("starting the source registry", || start_registry(&registry, &[]))?;
    let source = format!("{}/{REPOSITORY}:{TAG}", source_address(&source)?);

    let mut ours = Runs::new();
    let mut theirs: Vec<Runs> = peers.iter().map(|_| Runs::new()).collect();
    for case in Case::ALL {
        let step = || {
            let mut our_runs = Vec::new();
            let mut their_runs = vec![Vec::new(); peers.len()];
            for _ in 0..case.rounds() {
                let copy = |image: &str| {
                    let mut command = Command::new(&copier);
                    command.arg(&source).arg(image).stdout(Stdio::null());
                    command
                };
                our_runs.push(measured(case, &registry, copy)?);
                for (peer, runs) in peers.iter().zip(&mut their_runs) {
                    runs.push(measured(case, &registry, |image| peer.copy(&source, image))?);
                }
            }
            anyhow::Ok((our_runs, their_runs))
        };
        let (our_runs, their_runs) = progress.step(format!("copying with {}", case.name()), step)?;
        ours.push((case, our_runs));
        for (all, runs) in theirs.iter_mut().zip(their_runs) {
            all.push((case, runs));
        }
    }
    let mut kept = true;
    for (peer, runs) in peers.iter().zip(&theirs) {
        for ((case, our_runs), (_, their_runs)) in ours.iter().zip(runs) {
            let cpu = compare(peer, *case, our_runs, their_runs);
            if peer.is_crane() && *case == Case::Nothing {
                kept &= cpu.is_some_and(|ratio| ratio <= PROMISED_CPU);
                say!("    promised at most {PROMISED_CPU} of crane's processor time");
            }
        }
    }
    Ok(if kept & keeps_its_own(&ours) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What is promised without anybody to compare with.
fn keeps_its_own(ours: &Runs) -> bool {
    let peak = ours.iter().flat_map(|(_, runs)| runs).filter_map(|run| run.peak).max();
    let no_op = ours.iter().find(|(case, _)| *case == Case::Everything).map(|(_, runs)| runs);
    let no_op = no_op.and_then(|runs| median(runs.iter().map(|run| run.elapsed).collect()));
    let is_fast = no_op.is_some_and(|elapsed| elapsed < PROMISED_NO_OP);
    let mark = if is_fast { "" } else { ": the promise is broken" };
    say!(
        "everything there: {}, promised under {}{mark}",
        milliseconds(no_op.unwrap_or_default()),
        milliseconds(PROMISED_NO_OP)
    );
    is_kept(peak, PROMISED_BYTES) & is_fast
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

/// One copy to a target of its own, measured; the command is made for the target's image name.
fn measured(case: Case, registry: &Path, command: impl FnOnce(&str) -> Command) -> Result<Measured> {
    let target = case.target(registry)?;
    let mut command = command(&format!("{}/{REPOSITORY}:{TAG}", target.announced("address")?));
    isolate(&mut command).stdin(Stdio::null());
    measure(command)
}

/// Shows medians and their ratios; the one of processor time is given back.
fn compare(peer: &Peer, case: Case, ours: &[Measured], theirs: &[Measured]) -> Option<f64> {
    say!("{}, {}, medians of {} runs in turn:", peer.name(), case.name(), case.rounds());
    let both = |value: fn(&Measured) -> Option<u64>| {
        let of = |runs: &[Measured]| median(runs.iter().filter_map(value).collect());
        of(ours).zip(of(theirs))
    };
    if let Some((ours, theirs)) = both(|run| run.peak) {
        say!("    memory {:.1} MiB : {:.1} MiB = {:.2}", mib(ours), mib(theirs), ratio(ours, theirs));
    }
    let times = |name: &str, value: fn(&Measured) -> Option<u64>| {
        let (ours, theirs) = both(value)?;
        let (ratio, shown) = (ratio(ours, theirs), |micros| time(Duration::from_micros(micros)));
        say!("    {name} {} : {} = {ratio:.2}", shown(ours), shown(theirs));
        Some(ratio)
    };
    times("time  ", |run| Some(micros(run.elapsed)));
    times("cpu   ", |run| run.cpu.map(micros))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn ratio(ours: u64, theirs: u64) -> f64 {
    ours as f64 / theirs as f64
}

fn time(duration: Duration) -> String {
    if duration < Duration::from_secs(1) { milliseconds(duration) } else { seconds(duration) }
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(case: Case, peak: u64, elapsed: u64) -> (Case, Vec<Measured>) {
        let elapsed = Duration::from_millis(elapsed);
        (case, vec![Measured { peak: Some(peak), cpu: None, elapsed }])
    }

    #[test]
    fn own_promises_are_about_memory_and_the_copy_that_has_nothing_to_do() {
        let fits = PROMISED_BYTES - 1;
        assert!(keeps_its_own(&vec![runs(Case::Nothing, fits, 9000), runs(Case::Everything, fits, 19)]));
        assert!(!keeps_its_own(&vec![runs(Case::Nothing, fits + 1, 9000), runs(Case::Everything, fits, 19)]));
        assert!(!keeps_its_own(&vec![runs(Case::Nothing, fits, 9000), runs(Case::Everything, fits, 20)]));
        assert!(!keeps_its_own(&vec![runs(Case::Nothing, fits, 9000)]));
    }

    #[test]
    fn ratio_of_processor_time_is_told() {
        let run =
            |cpu| Measured { peak: None, cpu: Some(Duration::from_millis(cpu)), elapsed: Duration::ZERO };
        let peer = Peer::at(Path::new("crane")).unwrap();
        let ours = [30, 10, 20].map(run);
        let told = compare(&peer, Case::Nothing, &ours, &[run(40)]).unwrap();
        assert!((told - 0.5).abs() < 1e-9, "{told}");
    }
}

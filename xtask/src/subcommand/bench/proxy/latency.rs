//! How much later small answers come, on a connection that is kept.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::world::{Image, Target, path_of_blob, path_of_manifest, path_of_tag};
use super::{ROUNDS, ends};
use crate::progress::say;
use crate::subcommand::bench::median;

/// Requests of one run.
const REQUESTS: usize = 1000;
/// Requests before a run that are not counted: what is asked for is in memory then, the connection is there.
const WARM_UP: usize = 20;
/// What the proxy may add to the answer that ninety-nine of a hundred are faster than.
const PROMISED: Duration = Duration::from_millis(1);

/// The times of all targets for one thing.
#[derive(Debug)]
pub(super) struct Times {
    what: &'static str,
    /// For each run and target.
    runs: Vec<Vec<(&'static str, Percentiles)>>,
}

/// Of the times of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Percentiles {
    p50: Duration,
    p99: Duration,
}

/// Asks each target for each small thing, in turn.
pub(super) fn measure(targets: &[Target], image: &Image) -> Result<Vec<Times>> {
    let layer = image.layers.first().context("the image has a layer")?;
    let things = [
        ("manifest by digest", path_of_manifest(&image.digest)),
        ("manifest by tag", path_of_tag()),
        ("small blob", path_of_blob(&layer.digest)),
    ];
    let mut all = Vec::new();
    for (what, path) in things {
        let run = |_| targets.iter().map(|target| Ok((target.name, ask(target, &path)?))).collect();
        all.push(Times { what, runs: (0..ROUNDS).map(run).collect::<Result<_>>()? });
    }
    Ok(all)
}

fn ask(target: &Target, path: &str) -> Result<Percentiles> {
    let mut connection = target.connect()?;
    let mut times = Vec::with_capacity(REQUESTS);
    for number in 0..WARM_UP + REQUESTS {
        let began = Instant::now();
        let length = connection.get(path, &target.headers)?;
        connection.skip(length)?;
        if number >= WARM_UP {
            times.push(began.elapsed());
        }
    }
    percentiles(times).context("nothing was asked")
}

fn percentiles(mut times: Vec<Duration>) -> Option<Percentiles> {
    times.sort_unstable();
    // The first one that so many of a hundred are not above.
    let percentile =
        |percent: usize| times.get((times.len() * percent).div_ceil(100).checked_sub(1)?).copied();
    Some(Percentiles { p50: percentile(50)?, p99: percentile(99)? })
}

/// Says what came out, and whether the promise was kept.
pub(super) fn report(all: &[Times]) -> bool {
    let mut kept = !all.is_empty();
    for times in all {
        say!("{}, medians of {ROUNDS} runs in turn of {REQUESTS} requests:", times.what);
        for (number, (name, _)) in times.runs.first().into_iter().flatten().enumerate() {
            let of = |value: fn(&Percentiles) -> Duration| {
                let of_runs = times.runs.iter().filter_map(|run| Some(value(&run.get(number)?.1)));
                median(of_runs.collect()).unwrap_or_default()
            };
            say!("    {name} p50 {}, p99 {}", micros(of(|p| p.p50)), micros(of(|p| p.p99)));
        }
        kept &= is_kept(&times.runs);
    }
    kept
}

/// What is added is told run by run: what disturbs one run disturbs both that are compared.
fn is_kept(runs: &[Vec<(&'static str, Percentiles)>]) -> bool {
    let added = |value: fn(&Percentiles) -> Duration| {
        let of_run = |run: &Vec<(_, Percentiles)>| {
            let ((_, direct), _, (_, proxy)) = ends(run)?;
            // Answers from memory may come earlier.
            Some(value(proxy).saturating_sub(value(direct)))
        };
        median(runs.iter().map(of_run).collect::<Option<_>>()?)
    };
    let (Some(p50), Some(p99)) = (added(|p| p.p50), added(|p| p.p99)) else { return false };
    let kept = p99 < PROMISED;
    let mark = if kept { "" } else { ": the promise is broken" };
    say!(
        "    the proxy adds {} to p50, {} to p99, promised under {}{mark}",
        micros(p50),
        micros(p99),
        micros(PROMISED)
    );
    kept
}

fn micros(duration: Duration) -> String {
    format!("{} µs", duration.as_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(direct: u64, proxy: u64) -> Vec<(&'static str, Percentiles)> {
        let of = |p99| Percentiles { p50: Duration::from_micros(1), p99: Duration::from_micros(p99) };
        vec![("direct", of(direct)), ("nginx", of(9_999)), ("proxy", of(proxy))]
    }

    #[test]
    fn percentile_is_a_time_that_was_measured() {
        let times = (1..=200).rev().map(Duration::from_micros).collect();
        let found = percentiles(times).unwrap();
        assert_eq!((found.p50.as_micros(), found.p99.as_micros()), (100, 198));
        let single = percentiles(vec![Duration::from_micros(7)]).unwrap();
        assert_eq!((single.p50, single.p99), (Duration::from_micros(7), Duration::from_micros(7)));
        assert_eq!(percentiles(Vec::new()), None);
    }

    #[test]
    fn promise_is_about_what_is_added_in_the_median_run() {
        assert!(is_kept(&[run(100, 1_099)]));
        assert!(!is_kept(&[run(100, 1_100)]));
        assert!(is_kept(&[run(100, 9_000), run(100, 200), run(300, 100)]));
        assert!(!is_kept(&[run(100, 9_000), run(100, 9_000), run(300, 100)]));
        assert!(!is_kept(&[]) && !report(&[]));
    }
}

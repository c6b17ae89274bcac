//! What a thousand downloads at once take: all begin before one goes on, and all go on slowly.

use std::fs;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest as _, Sha256};

use super::daemon::Daemon;
use super::http::Connection;
use super::world::{Blob, Image, path_of_blob};
use crate::digest::hex;
use crate::progress::{say, seconds};
use crate::subcommand::bench::mib;

/// The registry for it: it sends clients to a storage address, as ECR does, and has a layer for every second download
/// and one for all others.
pub(super) const IMAGE: [&str; 5] = ["--stored-blobs", "--layers", "251", "--layer-size", "4194304"];
const DOWNLOADS: usize = 1000;
/// Every second download is of a blob of its own; the others are of one blob.
const OWN: usize = DOWNLOADS / 2;
/// Peak memory of the proxy that is promised.
const PROMISED: u64 = 64 << 20;
/// What a slow client takes at once.
const PIECE: usize = 32 * 1024;
/// How long the slowest clients wait after each piece; the fastest wait a tenth of it.
const PAUSE: Duration = Duration::from_millis(100);
/// Until all downloads must have begun.
const BEGIN_LIMIT: Duration = Duration::from_secs(60);
/// Open files of this process: a connection for each download, and some more.
const OPEN_FILES: u64 = 4096;

/// What came out.
#[derive(Debug)]
pub(super) struct Taken {
    peak: u64,
    afterwards: u64,
    elapsed: Duration,
    finished: usize,
    /// Of one download that did not finish.
    fault: Option<String>,
}

/// Fails where not so many connections can be open; the programs that are started have the same limit.
pub(super) fn check_limit() -> Result<()> {
    let limits =
        fs::read_to_string("/proc/self/limits").context("this system does not tell about processes")?;
    let limit = open_files(&limits).context("this system does not tell its limit of open files")?;
    ensure!(
        limit >= OPEN_FILES,
        "{limit} files may be open, and {DOWNLOADS} downloads at once need more: run `ulimit -n {OPEN_FILES}` first"
    );
    Ok(())
}

/// The limit that is in effect, from a `/proc/<pid>/limits`.
fn open_files(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

/// Downloads all at once.
pub(super) fn measure(daemon: &mut Daemon, image: &Image) -> Result<Taken> {
    let (own, shared) = image.layers.split_at_checked(OWN).context("the image has too few layers")?;
    let shared = shared.first().context("the image has no layer for all")?;
    let gate = Gate::default();
    let began = Instant::now();
    let address = daemon.address.as_str();
    let results: Vec<Result<()>> = std::thread::scope(|scope| {
        let download = |number: usize| {
            let blob = if number.is_multiple_of(2) { &own[number / 2] } else { shared };
            let pause = PAUSE / 10 * (u32::try_from(number / 2 % 10).unwrap_or_default() + 1);
            let gate = &gate;
            let reader = move || download(address, blob, pause, gate);
            std::thread::Builder::new().stack_size(256 * 1024).spawn_scoped(scope, reader)
        };
        let readers: Vec<_> = (0..DOWNLOADS).map(download).collect();
        let joined =
            readers.into_iter().map(|reader| reader?.join().map_err(|_| anyhow!("a client panicked"))?);
        joined.collect()
    });
    let elapsed = began.elapsed();
    daemon.still_runs()?;
    let finished = results.iter().filter(|result| result.is_ok()).count();
    let fault = results.into_iter().find_map(Result::err).map(|fault| format!("{fault:#}"));
    Ok(Taken { peak: daemon.peak()?, afterwards: daemon.resident()?, elapsed, finished, fault })
}

/// One download by a slow client, verified.
fn download(address: &str, blob: &Blob, pause: Duration, gate: &Gate) -> Result<()> {
    let mut connection = Connection::open(address, PIECE)?;
    let length = connection.get(&path_of_blob(&blob.digest), "")?;
    let mut hasher = Sha256::new();
    let mut left = length;
    while left > 0 {
        let piece = connection.piece(left)?;
        hasher.update(piece);
        left -= piece.len() as u64;
        if left + (piece.len() as u64) == length {
            gate.pass()?;
        }
        #[expect(clippy::disallowed_methods, reason = "this is what a slow client does")]
        std::thread::sleep(pause);
    }
    let digest = format!("sha256:{}", hex(&hasher.finalize()));
    ensure!(digest == blob.digest, "{} arrived as {digest}", blob.digest);
    Ok(())
}

/// Holds everybody until all are there.
#[derive(Debug, Default)]
struct Gate {
    arrived: Mutex<usize>,
    all: Condvar,
}

impl Gate {
    fn pass(&self) -> Result<()> {
        let mut arrived = self.arrived.lock().unwrap_or_else(PoisonError::into_inner);
        *arrived += 1;
        self.all.notify_all();
        let waited = self.all.wait_timeout_while(arrived, BEGIN_LIMIT, |arrived| *arrived < DOWNLOADS);
        let (arrived, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(!waited.timed_out(), "only {} of {DOWNLOADS} downloads have begun in time", *arrived);
        Ok(())
    }
}

/// Says what came out, and whether the promise was kept.
pub(super) fn report(taken: &Taken) -> bool {
    say!(
        "{DOWNLOADS} slow downloads at once, {OWN} of blobs of their own and {} of one blob, in {}:",
        DOWNLOADS - OWN,
        seconds(taken.elapsed)
    );
    let complete = taken.finished == DOWNLOADS;
    let mark = if complete { "" } else { ": the promise is broken" };
    say!("    {} arrived whole{mark}", taken.finished);
    if let Some(fault) = &taken.fault {
        say!("    one did not: {fault}");
    }
    let small = taken.peak < PROMISED;
    let mark = if small { "" } else { ": the promise is broken" };
    say!("    peak memory {:.1} MiB, promised under {} MiB{mark}", mib(taken.peak), PROMISED >> 20);
    say!("    memory afterwards {:.1} MiB", mib(taken.afterwards));
    complete && small
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_is_broken_by_memory_and_by_one_download() {
        let taken = |peak, finished| Taken {
            peak,
            afterwards: 0,
            elapsed: Duration::ZERO,
            finished,
            fault: (finished < DOWNLOADS).then(|| "closed".to_owned()),
        };
        assert!(report(&taken(PROMISED - 1, DOWNLOADS)));
        assert!(!report(&taken(PROMISED, DOWNLOADS)));
        assert!(!report(&taken(1, DOWNLOADS - 1)));
    }

    #[test]
    fn limit_of_open_files_is_that_in_effect() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 524288               files\n";
        assert_eq!(open_files(limits), Some(1024));
        assert_eq!(open_files("Max open files  unlimited  unlimited files"), Some(u64::MAX));
        assert_eq!(open_files("Max processes  1 1 processes"), None);
    }
}

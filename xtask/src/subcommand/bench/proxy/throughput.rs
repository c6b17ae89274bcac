//! How fast large blobs come.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use super::world::{Blob, Image, Target, path_of_blob};
use super::{ROUNDS, ends};
use crate::progress::{say, seconds};
use crate::subcommand::bench::{median, mib};

/// Clients at a time. Each blob is pulled by one of them: nothing is shared on the way.
const CONNECTIONS: [usize; 2] = [1, 8];
/// Part of the registry's own throughput that is promised, where nginx does not reach less.
const PROMISED: f64 = 0.9;

/// The times of all targets with so many clients.
#[derive(Debug)]
pub(super) struct Times {
    connections: usize,
    bytes: u64,
    targets: Vec<(&'static str, Vec<Duration>)>,
}

/// Pulls all layers from each target in turn.
pub(super) fn measure(targets: &[Target], image: &Image) -> Result<Vec<Times>> {
    let bytes = image.layers.iter().map(|layer| layer.size).sum();
    let measure = |connections| {
        let mut times: Vec<_> = targets.iter().map(|target| (target.name, Vec::new())).collect();
        // The first time has everybody get what memory they need: not counted.
        for round in 0..=ROUNDS {
            for (target, (_, times)) in targets.iter().zip(&mut times) {
                let time = pull(target, &image.layers, connections)?;
                if round > 0 {
                    times.push(time);
                }
            }
        }
        Ok(Times { connections, bytes, targets: times })
    };
    CONNECTIONS.into_iter().map(measure).collect()
}

/// The time until the last byte of the last layer.
fn pull(target: &Target, layers: &[Blob], connections: usize) -> Result<Duration> {
    let next = AtomicUsize::new(0);
    let client = || {
        let mut connection = target.connect()?;
        while let Some(layer) = layers.get(next.fetch_add(1, Ordering::Relaxed)) {
            let length = connection.get(&path_of_blob(&layer.digest), &target.headers)?;
            ensure!(length == layer.size, "{} has {length} bytes of {}", target.name, layer.size);
            connection.skip(length)?;
        }
        Ok(())
    };
    let began = Instant::now();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..connections).map(|_| scope.spawn(client)).collect();
        let ended =
            clients.into_iter().map(|client| client.join().map_err(|_| anyhow!("a client panicked"))?);
        ended.collect::<Result<()>>()
    })?;
    Ok(began.elapsed())
}

/// Says what came out, and whether the promise was kept.
pub(super) fn report(all: &[Times]) -> bool {
    let mut kept = !all.is_empty();
    for times in all {
        say!(
            "{:.0} MiB in blobs of their own over {} connections, medians of {ROUNDS} runs in turn:",
            mib(times.bytes),
            times.connections
        );
        let medians: Vec<Duration> =
            times.targets.iter().filter_map(|(_, times)| median(times.clone())).collect();
        for ((name, _), time) in times.targets.iter().zip(&medians) {
            say!("    {name} {}, {:.0} MiB/s", seconds(*time), mib(times.bytes) / time.as_secs_f64());
        }
        kept &= is_kept(&medians);
    }
    kept
}

/// Throughputs are to each other as times are the other way round.
fn is_kept(medians: &[Duration]) -> bool {
    let Some((direct, nginx, proxy)) = ends(medians) else { return false };
    let of = |other: &Duration| other.as_secs_f64() / proxy.as_secs_f64();
    let to_nginx = nginx.map(of);
    let kept = of(direct) >= PROMISED || to_nginx.is_some_and(|ratio| ratio >= 1.0);
    let beside = to_nginx.map(|ratio| format!(", of nginx {ratio:.2}")).unwrap_or_default();
    let mark = if kept { "" } else { ": the promise is broken" };
    say!("    throughput of the registry {:.2}{beside}; promised {PROMISED}, or nginx's{mark}", of(direct));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(millis: &[u64]) -> bool {
        is_kept(&millis.iter().copied().map(Duration::from_millis).collect::<Vec<_>>())
    }

    #[test]
    fn throughput_is_that_of_the_registry_but_a_tenth_or_that_of_nginx() {
        assert!(kept(&[900, 1000]));
        assert!(!kept(&[899, 1000]));
        assert!(kept(&[500, 1000, 1000]));
        assert!(!kept(&[500, 999, 1000]));
        assert!(!kept(&[900]), "without a proxy nothing is kept");
        assert!(!report(&[]));
    }
}

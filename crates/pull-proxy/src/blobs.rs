//! Blobs: one transfer from the registry for all who ask at the same time, in bounded memory.

mod flight;
mod held;
mod interest;
mod reader;
mod source;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_RANGE, RANGE};
use http::{HeaderMap, HeaderValue};
use oci_copy::{Answer, Digest, Pieces, ReadRequest, Resource};
use url::Url;

use self::flight::{Bounds, Flight, Seat};
use self::held::Held;
use self::interest::Interest;
pub use self::reader::BlobReader;
use self::source::{Reading, Source};
use crate::attempts::{Patience, attempt};
use crate::cache::Cache;
use crate::config::Limits;
use crate::failure::{Failure, FailureKind};
use crate::manifests::Budget;
use crate::registries::Place;

/// Least bytes of a transfer that are held for its readers, however many transfers there are: one small piece.
const SMALLEST_WINDOW: usize = Pieces::SMALL;
/// A transfer whose window is no larger is not read ahead of its readers.
const READ_AHEAD: usize = 4 * SMALLEST_WINDOW;
/// A blob of at most so many bytes is read whole before its answer begins.
const SMALL: u64 = 64 * 1024;
/// Large pieces that a window holds at least.
const LARGE_PIECES: usize = 2;
/// What a blob costs in the cache besides its bytes.
const OVERHEAD: usize = 256;

/// Registry, repository and digest.
type Key = (String, String, Digest);

/// Transfers of blobs.
#[derive(Debug)]
pub struct Blobs {
    limits: Limits,
    /// Blobs of more bytes are not verified; none means that all are.
    unverified_above: Option<u64>,
    flights: Mutex<HashMap<Key, Arc<Flight>>>,
    interest: Interest,
    /// Transfers under way.
    active: AtomicUsize,
    /// Bytes that transfers hold for their readers.
    held: Arc<AtomicUsize>,
    /// Small blobs, in pieces: who comes just after a transfer finds it here.
    cache: Cache<Key, Arc<Vec<Bytes>>>,
}

/// A blob that can be read.
#[derive(Debug)]
pub struct Blob {
    /// Its bytes, where the registry says so.
    pub total: Option<u64>,
    /// Its content.
    pub reader: BlobReader,
    /// It was in memory.
    pub cached: bool,
}

impl Blobs {
    /// No transfers yet. Blobs that are kept are verified, all others where `verify_all` says so.
    #[must_use]
    pub fn new(limits: Limits, verify_all: bool) -> Self {
        let cache = Cache::new(limits.blob_cache);
        let kept = SMALL.max(largest_kept(&limits) as u64);
        Self {
            limits,
            unverified_above: (!verify_all).then_some(kept),
            flights: Mutex::default(),
            interest: Interest::default(),
            active: AtomicUsize::new(0),
            held: Arc::default(),
            cache,
        }
    }

    /// Notes that a client was given a manifest with these blobs, which it will ask for next.
    pub fn announce(&self, blobs: &[Digest]) {
        self.interest.announce(blobs);
    }

    /// Bytes of blobs that are kept.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.cache.size()
    }

    /// Transfers under way.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Relaxed)
    }

    /// The whole blob, from memory, from a transfer that is under way, or from a new one.
    ///
    /// # Errors
    /// The registry's failure, or that it has not answered within the client's time.
    pub async fn open(
        self: &Arc<Self>,
        place: &Place,
        digest: &Digest,
        budget: Budget,
    ) -> Result<Blob, Failure> {
        let key = (place.remote.name.clone(), place.repository.clone(), digest.clone());
        let found = self.seat(&key, place, digest, budget);
        self.interest.arrived(digest);
        let seat = match found {
            Found::Cached(pieces) => {
                let total = pieces.iter().map(|piece| piece.len() as u64).sum();
                return Ok(Blob { total: Some(total), reader: BlobReader::cached(pieces), cached: true });
            }
            Found::Seat(seat) => seat,
        };
        let head = tokio::time::timeout(budget.client, seat.flight.head()).await;
        let total = head.unwrap_or_else(|_| Err(too_slow(place, digest)))?;
        let mut reader = BlobReader::new(seat, place.clone(), digest.clone(), total, self.unverified_above);
        if total.is_some_and(|total| total <= SMALL) {
            // Verified before the answer begins: then a damaged one is an error like any other.
            let whole = tokio::time::timeout(budget.client, reader.read_whole()).await;
            reader = whole.unwrap_or_else(|_| Err(too_slow(place, digest)))?;
        }
        Ok(Blob { total, reader, cached: false })
    }

    /// A part of a blob, as the registry sends it; parts cannot be verified.
    ///
    /// # Errors
    /// The registry's failure.
    pub async fn range(
        &self,
        place: &Place,
        digest: &Digest,
        range: &HeaderValue,
        budget: Budget,
    ) -> Result<Answer, Failure> {
        let headers = HeaderMap::from_iter([(RANGE, range.clone())]);
        self.ask(place, digest, headers, false, true, budget).await
    }

    /// Bytes of a blob, where the registry says so.
    ///
    /// # Errors
    /// The registry's failure.
    pub async fn head(&self, place: &Place, digest: &Digest, budget: Budget) -> Result<Option<u64>, Failure> {
        let answer = self.ask(place, digest, HeaderMap::new(), true, false, budget).await?;
        if answer.redirect.is_none() {
            return Ok(source::length(&answer.headers));
        }
        // Signed addresses are good for GET only: one byte says how many there are.
        let first = HeaderMap::from_iter([(RANGE, HeaderValue::from_static("bytes=0-0"))]);
        let answer = self.ask(place, digest, first, false, true, budget).await?;
        let range = answer.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok());
        let total = range.and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        Ok(total.or_else(|| source::length(&answer.headers)))
    }

    /// Where the registry sends clients for the blob; none when it serves the blob itself.
    ///
    /// # Errors
    /// The registry's failure.
    pub async fn locate(
        &self,
        place: &Place,
        digest: &Digest,
        budget: Budget,
    ) -> Result<Option<Url>, Failure> {
        Ok(self.ask(place, digest, HeaderMap::new(), false, false, budget).await?.redirect)
    }

    async fn ask(
        &self,
        place: &Place,
        digest: &Digest,
        headers: HeaderMap,
        head: bool,
        follow: bool,
        budget: Budget,
    ) -> Result<Answer, Failure> {
        let patience = Patience::new(budget.client, budget.waits);
        attempt(&place.remote.health, patience, || async {
            let request = ReadRequest {
                head,
                repository: &place.repository,
                resource: Resource::Blob(digest),
                headers: headers.clone(),
                follow,
                patience: budget.client,
                pieces: self.pieces(),
            };
            Ok(place.remote.registry.read(&request).await?)
        })
        .await
    }

    fn seat(self: &Arc<Self>, key: &Key, place: &Place, digest: &Digest, budget: Budget) -> Found {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(key)
            && let Some(id) = flight.join()
        {
            return Found::Seat(Seat { flight: Arc::clone(flight), id });
        }
        if let Some(pieces) = self.cache.get(key) {
            return Found::Cached(pieces);
        }
        let flight = Arc::new(Flight::new(Held::none(&self.held)));
        flights.insert(key.clone(), Arc::clone(&flight));
        let id = flight.join().unwrap_or_default();
        let (this, running, key) = (Arc::clone(self), Arc::clone(&flight), key.clone());
        let (place, digest) = (place.clone(), digest.clone());
        tokio::spawn(async move {
            this.active.fetch_add(1, Ordering::Relaxed);
            this.fly(&running, place, digest, budget).await;
            this.active.fetch_sub(1, Ordering::Relaxed);
            this.land(&key, &running);
        });
        Found::Seat(Seat { flight, id })
    }

    async fn fly(&self, flight: &Flight, place: Place, digest: Digest, budget: Budget) {
        let patience = Patience::new(budget.client, budget.waits);
        let reading = Reading { pieces: self.pieces(), unverified_above: self.unverified_above };
        // Apart, since a transfer that goes on needs far less memory.
        match Box::pin(Source::open(place, digest.clone(), reading, patience)).await {
            Ok(source) => {
                flight.announce(Ok(source.total()));
                let bounds = Bounds {
                    window: &|by_others| self.window(by_others),
                    expects_readers: &|| self.interest.expects(&digest),
                    laggard: self.limits.laggard,
                };
                flight.pump(source, bounds).await;
            }
            Err(failure) => flight.announce(Err(failure)),
        }
    }

    /// Bytes of one transfer's window: its share, as far as the others leave it.
    fn window(&self, by_others: usize) -> usize {
        self.share().min(self.limits.transfer.saturating_sub(by_others)).max(SMALLEST_WINDOW)
    }

    fn share(&self) -> usize {
        self.limits.transfer / self.active().max(1)
    }

    /// Large pieces, unless there are so many transfers that a window would hold next to none.
    fn pieces(&self) -> Pieces {
        if self.share() < LARGE_PIECES * Pieces::LARGE { Pieces::Small } else { Pieces::Large }
    }

    /// Takes a transfer that has ended out of the list; what is small and complete is kept.
    fn land(&self, key: &Key, flight: &Arc<Flight>) {
        let whole = flight.whole();
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pieces) = whole {
            let pieces: Vec<Bytes> = pieces.into_iter().map(|piece| piece.bytes).collect();
            let size = pieces.iter().map(Bytes::len).sum::<usize>() + OVERHEAD;
            if size <= largest_kept(&self.limits) {
                self.cache.insert(key.clone(), Arc::new(pieces), size);
            }
        }
        // A late reader may have begun another transfer meanwhile.
        if flights.get(key).is_some_and(|current| Arc::ptr_eq(current, flight)) {
            flights.remove(key);
        }
        flight.land();
    }
}

/// Most bytes of a blob that is kept: one large blob must not drive out all the small ones.
fn largest_kept(limits: &Limits) -> usize {
    limits.blob_cache / 4
}

enum Found {
    Cached(Arc<Vec<Bytes>>),
    Seat(Seat),
}

fn too_slow(place: &Place, digest: &Digest) -> Failure {
    let message =
        format!("{} has not answered for blob {digest} of {} in time", place.remote.name, place.repository);
    Failure::new(FailureKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limits() -> Limits {
        Limits {
            connections: 1,
            header: Duration::ZERO,
            manifest_cache: 0,
            blob_cache: 0,
            transfer: 1_000_000,
            laggard: Duration::ZERO,
        }
    }

    #[test]
    fn window_is_what_other_transfers_leave_of_the_memory() {
        let blobs = Blobs::new(limits(), false);
        assert_eq!(blobs.window(0), 1_000_000);
        assert_eq!(blobs.window(700_000), 300_000);
        assert_eq!(blobs.window(2_000_000), SMALLEST_WINDOW);
        blobs.active.store(4, Ordering::Relaxed);
        assert_eq!((blobs.window(0), blobs.window(900_000)), (250_000, 100_000));
    }

    #[test]
    fn pieces_are_small_among_many_transfers() {
        let limits = Limits { transfer: 4 << 20, ..limits() };
        let blobs = Blobs::new(limits, false);
        for (active, pieces) in
            [(0, Pieces::Large), (16, Pieces::Large), (17, Pieces::Small), (1000, Pieces::Small)]
        {
            blobs.active.store(active, Ordering::Relaxed);
            assert_eq!(blobs.pieces(), pieces, "{active}");
        }
    }
}

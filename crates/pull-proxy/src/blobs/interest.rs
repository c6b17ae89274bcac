//! Who is about to ask for a blob: a client that was given a manifest wants its blobs next.
//!
//! With this a transfer knows whether to keep the start of a blob for somebody, and never waits for nobody.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oci_copy::Digest;

/// How long a client is waited for that does not come, such as one that has the layer already.
const PATIENCE: Duration = Duration::from_secs(2);
/// Blobs that are remembered before old ones are forgotten.
const LIMIT: usize = 4096;

/// Blobs that clients are about to ask for.
#[derive(Debug, Default)]
pub(super) struct Interest(Mutex<HashMap<Digest, Wanted>>);

#[derive(Debug)]
struct Wanted {
    clients: usize,
    /// When a client was last added, or came.
    since: Instant,
}

impl Interest {
    /// A client was given a manifest with these blobs.
    pub(super) fn announce(&self, blobs: &[Digest]) {
        let now = Instant::now();
        let mut wanted = self.lock();
        if wanted.len() + blobs.len() > LIMIT {
            wanted.retain(|_, entry| now - entry.since < PATIENCE);
        }
        for blob in blobs {
            let entry = wanted.entry(blob.clone()).or_insert(Wanted { clients: 0, since: now });
            if now - entry.since >= PATIENCE {
                entry.clients = 0;
            }
            entry.clients += 1;
            entry.since = now;
        }
    }

    /// One of them has come.
    pub(super) fn arrived(&self, blob: &Digest) {
        let mut wanted = self.lock();
        if let Some(entry) = wanted.get_mut(blob) {
            entry.clients = entry.clients.saturating_sub(1);
            entry.since = Instant::now();
            if entry.clients == 0 {
                wanted.remove(blob);
            }
        }
    }

    /// Whether somebody is about to come.
    pub(super) fn expects(&self, blob: &Digest) -> bool {
        self.lock().get(blob).is_some_and(|entry| entry.clients > 0 && entry.since.elapsed() < PATIENCE)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Wanted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_expected_as_were_given_the_manifest() {
        let (interest, blob) = (Interest::default(), Digest::sha256(b"blob"));
        assert!(!interest.expects(&blob));
        interest.announce(std::slice::from_ref(&blob));
        interest.announce(std::slice::from_ref(&blob));
        interest.arrived(&blob);
        assert!(interest.expects(&blob));
        interest.arrived(&blob);
        assert!(!interest.expects(&blob));
        interest.arrived(&blob);
        assert!(!interest.expects(&blob), "who was not announced counts for nothing");
    }
}

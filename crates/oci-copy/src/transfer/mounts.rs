//! Blobs that the destination has in another repository already: mounted instead of copied.
//!
//! A registry mounts a blob only where a finished image consists of it. So a repository is a source from the end of its
//! copy on, and a copy waits for the end of those that began before it and bring the same blobs. Nobody waits for a copy
//! that began later, so that no two wait for each other.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tracing::debug;

use crate::descriptor::Descriptor;
use crate::digest::Digest;

/// Longest wait for the end of another copy; after that the blob is copied.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Most repositories that a blob is tried to be mounted from.
const TRIES: usize = 3;

/// What the copies into one registry can mount from each other. Clones share what they know; copies that are given the
/// same one must be allowed to mount from each other's repositories.
#[derive(Clone, Debug, Default)]
pub struct MountSources {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Repositories with a finished image, by what it consists of.
    finished: HashMap<Digest, BTreeSet<String>>,
    /// The end of the copy that brings a blob.
    underway: HashMap<Digest, watch::Receiver<()>>,
}

impl MountSources {
    /// Notes that an image in `repository` consists of this blob.
    pub fn note(&self, blob: &Digest, repository: impl Into<String>) {
        self.lock().finished.entry(blob.clone()).or_default().insert(repository.into());
    }

    /// Begins a copy of these blobs.
    pub(super) fn begin(&self, blobs: &[Descriptor]) -> Underway {
        let (end, ended) = watch::channel(());
        let mut state = self.lock();
        let (mut own, mut others) = (Vec::new(), HashMap::new());
        for blob in blobs {
            if let Some(other) = state.underway.get(&blob.digest) {
                others.insert(blob.digest.clone(), other.clone());
            } else {
                state.underway.insert(blob.digest.clone(), ended.clone());
                own.push(blob.digest.clone());
            }
        }
        drop(state);
        Underway { sources: self.clone(), own, others, _end: end }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A copy that is under way; it ends when this is dropped, however that comes.
#[derive(Debug)]
pub(super) struct Underway {
    sources: MountSources,
    /// Blobs that no other copy was about to bring.
    own: Vec<Digest>,
    /// The end of the copies that bring the others.
    others: HashMap<Digest, watch::Receiver<()>>,
    _end: watch::Sender<()>,
}

impl Underway {
    /// True for a blob that a copy brings which began before.
    pub(super) fn is_brought(&self, blob: &Digest) -> bool {
        self.others.contains_key(blob)
    }

    /// Repositories to mount the blob from; waits for the one that is about to become one.
    pub(super) async fn repositories(&self, blob: &Digest, but: &str) -> Vec<String> {
        let known = self.known(blob, but);
        let Some(other) = self.others.get(blob).filter(|_| known.is_empty()) else { return known };
        debug!(digest = %blob, "waiting for another copy of the blob");
        // Nothing is ever sent: it is an error when the other copy has ended.
        if tokio::time::timeout(LONGEST_WAIT, other.clone().changed()).await.is_err() {
            debug!(digest = %blob, "the other copy takes too long");
        }
        self.known(blob, but)
    }

    fn known(&self, blob: &Digest, but: &str) -> Vec<String> {
        let state = self.sources.lock();
        let repositories = state.finished.get(blob).into_iter().flatten();
        repositories.filter(|repository| *repository != but).take(TRIES).cloned().collect()
    }

    /// The image is finished: `repository` has all that it consists of.
    pub(super) fn finish(&self, repository: &str, blobs: &[Descriptor]) {
        for blob in blobs {
            self.sources.note(&blob.digest, repository);
        }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        let mut state = self.sources.lock();
        for blob in &self.own {
            state.underway.remove(blob);
        }
    }
}

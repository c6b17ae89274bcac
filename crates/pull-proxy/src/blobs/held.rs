//! How many bytes transfers hold in memory, together and each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that one transfer holds, counted with those of all others until it is dropped. A transfer that has ended holds
/// what its readers have not taken yet.
#[derive(Debug)]
pub(super) struct Held {
    bytes: usize,
    all: Arc<AtomicUsize>,
}

impl Held {
    /// Nothing, counted in `all`.
    pub(super) fn none(all: &Arc<AtomicUsize>) -> Self {
        Self { bytes: 0, all: Arc::clone(all) }
    }

    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&mut self, bytes: usize) {
        self.bytes -= bytes;
        self.all.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes that the other transfers hold.
    pub(super) fn by_others(&self) -> usize {
        self.all.load(Ordering::Relaxed).saturating_sub(self.bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_until_they_are_removed_or_their_transfer_is_dropped() {
        let all = Arc::default();
        let (mut first, mut second) = (Held::none(&all), Held::none(&all));
        first.add(5);
        second.add(7);
        assert_eq!((first.bytes(), first.by_others(), second.by_others()), (5, 7, 5));
        second.remove(3);
        assert_eq!(first.by_others(), 4);
        drop(second);
        assert_eq!((first.by_others(), all.load(Ordering::Relaxed)), (0, 5));
    }
}

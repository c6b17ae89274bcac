//! The gateway's time: the system's clock plus an offset that a test may move.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Time as the gateway sees it: token expiry, the age of a pull-through import, timestamps of rules.
///
/// Clones share one offset. The emulators keep the system's time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_milliseconds: Arc<AtomicU64>,
}

impl Clock {
    /// Moves the gateway's time forward; it never goes back.
    pub fn advance(&self, by: Duration) {
        let milliseconds = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.offset_milliseconds.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Time since the Unix epoch.
    pub fn now(&self) -> Duration {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        system + Duration::from_millis(self.offset_milliseconds.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_a_clone_moves_the_original() {
        let clock = Clock::default();
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(86_400));
        assert!(clock.now() - before >= Duration::from_secs(86_400));
    }
}

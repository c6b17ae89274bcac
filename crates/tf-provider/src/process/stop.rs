//! Cancelling what runs when Terraform asks to stop.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// Cancels the running calls of a provider, generation by generation.
///
/// `StopProvider` is advice: what runs is to be cut short, and the provider goes on serving.
/// So each stop cancels the tokens handed out until then and arms a new generation.
/// Clones share one state.
#[derive(Clone, Debug, Default)]
pub struct StopHandle {
    generation: Arc<Mutex<CancellationToken>>,
}

impl StopHandle {
    /// A handle with nothing cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The token of a call that begins now; cancelled by the next [`StopHandle::stop`].
    ///
    /// Cancelling the returned token itself touches no other call.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.generation.lock().unwrap_or_else(PoisonError::into_inner).child_token()
    }

    /// Cancels every token handed out so far; later calls get fresh ones.
    pub fn stop(&self) {
        let mut generation = self.generation.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *generation).cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_cancels_running_calls_and_spares_later_ones() {
        let stop = StopHandle::new();
        let (running, also_running) = (stop.token(), stop.clone().token());
        stop.stop();
        let later = stop.token();
        assert!(running.is_cancelled() && also_running.is_cancelled());
        assert!(!later.is_cancelled());
    }

    #[test]
    fn cancelling_one_call_spares_the_others() {
        let stop = StopHandle::new();
        let (one, other) = (stop.token(), stop.token());
        one.cancel();
        assert!(!other.is_cancelled() && !stop.token().is_cancelled());
    }
}

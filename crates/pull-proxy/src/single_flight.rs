//! One fetch for all who ask for the same thing at the same time.
//!
//! The fetch is a task of its own: it goes on when everybody who waited has left, so that who comes back finds it done
//! or under way. That is how a slow first import survives a client's patience.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

type Running<K, V> = Arc<Mutex<HashMap<K, watch::Receiver<Option<V>>>>>;

/// Fetches under way, by what they fetch.
#[derive(Debug)]
pub struct SingleFlight<K, V> {
    running: Running<K, V>,
}

impl<K, V> Default for SingleFlight<K, V> {
    fn default() -> Self {
        Self { running: Running::default() }
    }
}

/// The fetch was not done in time; it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StillRunning;

/// Takes the entry away however the task ends.
struct Landing<K: Eq + Hash, V> {
    running: Running<K, V>,
    key: K,
}

impl<K: Eq + Hash, V> Drop for Landing<K, V> {
    fn drop(&mut self) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

impl<K, V> SingleFlight<K, V>
where
    K: Clone + Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Waits for the running fetch of `key`, or begins one.
    ///
    /// # Errors
    /// [`StillRunning`] when it takes longer than `patience`.
    pub async fn run<Fut>(
        &self,
        key: K,
        patience: Duration,
        fetch: impl FnOnce() -> Fut,
    ) -> Result<V, StillRunning>
    where
        Fut: Future<Output = V> + Send + 'static,
    {
        let mut result = self.join(key, fetch);
        let done = tokio::time::timeout(patience, result.wait_for(Option::is_some)).await;
        // A task that panicked has no result.
        done.ok().and_then(Result::ok).and_then(|value| value.clone()).ok_or(StillRunning)
    }

    fn join<Fut>(&self, key: K, fetch: impl FnOnce() -> Fut) -> watch::Receiver<Option<V>>
    where
        Fut: Future<Output = V> + Send + 'static,
    {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = running.get(&key) {
            return result.clone();
        }
        let (sender, result) = watch::channel(None);
        running.insert(key.clone(), result.clone());
        let landing = Landing { running: Arc::clone(&self.running), key };
        let fetch = fetch();
        tokio::spawn(async move {
            let value = fetch.await;
            // What the fetch leaves behind, such as a cache entry, is there before the key is free.
            drop(landing);
            sender.send_replace(Some(value));
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    const BRIEF: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn fetch_is_shared_and_outlives_who_began_it() {
        let flights = SingleFlight::<&str, u32>::default();
        let (fetches, done) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let ask = |patience| {
            let (fetches, done) = (Arc::clone(&fetches), Arc::clone(&done));
            flights.run("image", patience, move || async move {
                let count = fetches.fetch_add(1, Ordering::SeqCst) + 1;
                done.notified().await;
                count
            })
        };
        assert_eq!(ask(BRIEF).await, Err(StillRunning));
        let release = async { done.notify_one() };
        assert_eq!(futures::future::join3(ask(LONG), ask(LONG), release).await, (Ok(1), Ok(1), ()));
        done.notify_one();
        assert_eq!(ask(LONG).await, Ok(2), "a fetch that has ended is not joined");
    }

    #[tokio::test]
    async fn fetch_that_panics_does_not_block_the_next() {
        let flights = SingleFlight::<&str, u32>::default();
        let panics = flights.run("image", LONG, || async { panic!("on purpose") }).await;
        assert_eq!(panics, Err(StillRunning));
        assert_eq!(flights.run("image", LONG, || async { 7 }).await, Ok(7));
    }
}

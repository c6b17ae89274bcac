//! One answer for all who ask within a while.
//!
//! The first who asks takes it, who comes meanwhile waits for it. It is good for a short time only, and nobody is told
//! what was there before a change that this process made.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::OnceCell;

/// An answer that is taken when it is asked for, and kept for a while.
#[derive(Debug)]
pub struct Snapshot<A> {
    taken: Mutex<Option<Taken<A>>>,
    lifetime: Duration,
}

#[derive(Debug)]
struct Taken<A> {
    at: Instant,
    answer: Arc<OnceCell<A>>,
}

impl<A: Clone> Snapshot<A> {
    /// Answers are good for `lifetime` from when they began to be taken.
    pub fn new(lifetime: Duration) -> Self {
        Snapshot { taken: Mutex::default(), lifetime }
    }

    /// The answer; `take` is used when there is none that is good.
    pub async fn get<F>(&self, take: impl FnOnce() -> F) -> A
    where
        F: Future<Output = A>,
    {
        self.get_at(Instant::now(), take).await
    }

    async fn get_at<F>(&self, now: Instant, take: impl FnOnce() -> F) -> A
    where
        F: Future<Output = A>,
    {
        let answer = {
            let mut taken = self.lock();
            let good = taken.take().filter(|taken| now.saturating_duration_since(taken.at) < self.lifetime);
            Arc::clone(
                &taken.insert(good.unwrap_or_else(|| Taken { at: now, answer: Arc::default() })).answer,
            )
        };
        // Where the one who takes it is cancelled, the next who waits does.
        answer.get_or_init(take).await.clone()
    }
}

impl<A> Snapshot<A> {
    /// To be held while something is changed that the answer tells of: then it is dropped, however the change ended.
    #[must_use]
    pub fn change(&self) -> Change<'_, A> {
        Change(self)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Taken<A>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A change that is under way.
#[derive(Debug)]
pub struct Change<'a, A>(&'a Snapshot<A>);

impl<A> Drop for Change<'_, A> {
    fn drop(&mut self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    const LIFETIME: Duration = Duration::from_secs(60);

    /// A service whose answer is how often it was asked.
    #[derive(Default)]
    struct Service(AtomicUsize);

    impl Service {
        async fn ask(&self) -> usize {
            self.0.fetch_add(1, Ordering::SeqCst) + 1
        }
    }

    #[tokio::test]
    async fn answer_is_good_for_its_lifetime_and_no_longer() {
        let (snapshot, service, start) = (Snapshot::new(LIFETIME), Service::default(), Instant::now());
        let ask = |later: Duration| snapshot.get_at(start + later, || service.ask());
        assert_eq!(ask(Duration::ZERO).await, 1);
        assert_eq!(ask(LIFETIME - Duration::from_nanos(1)).await, 1);
        assert_eq!(ask(LIFETIME).await, 2);
        assert_eq!(ask(LIFETIME * 2 - Duration::from_nanos(1)).await, 2, "asking does not prolong it");
        assert_eq!(ask(LIFETIME * 2).await, 3);
    }

    #[tokio::test]
    async fn answer_is_dropped_by_a_change_also_one_that_failed() {
        let (snapshot, service) = (Snapshot::new(LIFETIME), Service::default());
        let ask = || snapshot.get(|| service.ask());
        assert_eq!((ask().await, ask().await), (1, 1));
        let failing = async {
            let _change = snapshot.change();
            Err::<(), ()>(())
        };
        assert_eq!(failing.await, Err(()));
        assert_eq!((ask().await, ask().await), (2, 2));
    }

    #[tokio::test]
    async fn answer_that_was_taken_during_a_change_is_dropped_after_it() {
        let (snapshot, service) = (Snapshot::new(LIFETIME), Service::default());
        let change = snapshot.change();
        assert_eq!(snapshot.get(|| service.ask()).await, 1);
        drop(change);
        assert_eq!(snapshot.get(|| service.ask()).await, 2);
    }

    #[tokio::test]
    async fn those_who_come_while_it_is_taken_share_it() {
        let (snapshot, service, end) = (Snapshot::new(LIFETIME), Service::default(), Notify::new());
        let asking = join_all((0..10).map(|_| {
            snapshot.get(|| async {
                end.notified().await;
                service.ask().await
            })
        }));
        let (answers, ()) = tokio::join!(asking, async { end.notify_one() });
        assert_eq!(answers, [1; 10]);
    }

    #[tokio::test]
    async fn where_the_first_is_cancelled_the_next_takes_it() {
        let (snapshot, service) = (Snapshot::new(LIFETIME), Service::default());
        let mut first = Box::pin(snapshot.get(std::future::pending));
        assert!(first.as_mut().now_or_never().is_none(), "it is being taken");
        let mut second = Box::pin(snapshot.get(|| service.ask()));
        assert!(second.as_mut().now_or_never().is_none(), "and waited for");
        drop(first);
        assert_eq!(second.await, 1);
    }
}

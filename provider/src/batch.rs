//! Questions that wait at the same time, asked in one call.
//!
//! Terraform reads several resources at once, and AWS answers for many names in one call. Nothing is kept: a call answers
//! those alone who asked before it was sent, so that nobody is told what was there before his own write.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, oneshot};

/// Gathers the names of those who wait while a call is under way; the next call asks for all of them.
#[derive(Debug)]
pub struct Batch<A> {
    waiting: Mutex<Vec<(String, oneshot::Sender<A>)>>,
    /// Held by the one who calls.
    turn: AsyncMutex<()>,
    /// Most names of one call.
    size: usize,
}

impl<A: Clone> Batch<A> {
    /// Calls ask for `size` names at most.
    pub fn new(size: usize) -> Self {
        Batch { waiting: Mutex::default(), turn: AsyncMutex::default(), size }
    }

    /// The answer of a call that asks for `name`, perhaps among others. `call` is used when it is this caller's turn.
    pub async fn ask<F>(&self, name: &str, call: impl Fn(BTreeSet<String>) -> F) -> A
    where
        F: Future<Output = A>,
    {
        loop {
            let (sender, mut answer) = oneshot::channel();
            self.lock().push((name.to_owned(), sender));
            let _turn = self.turn.lock().await;
            match answer.try_recv() {
                Ok(answer) => return answer,
                // Who called for this one was cancelled: nobody waits for it any more.
                Err(oneshot::error::TryRecvError::Closed) => continue,
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            let asking = self.take(name);
            let names = asking.iter().map(|(name, _)| name.clone()).collect();
            let answered = call(names).await;
            for (_, sender) in asking {
                // An asker that was cancelled has no use for it.
                let _ = sender.send(answered.clone());
            }
            return answered;
        }
    }

    /// Takes those who wait for `name`, and as many others as fit.
    fn take(&self, name: &str) -> Vec<(String, oneshot::Sender<A>)> {
        let mut waiting = self.lock();
        let (mut taken, others): (Vec<_>, Vec<_>) =
            waiting.drain(..).partition(|(waiting, sender)| waiting == name && !sender.is_closed());
        let mut names = BTreeSet::from([name.to_owned()]);
        for (other, sender) in others {
            if sender.is_closed() {
                continue;
            }
            if names.contains(&other) || names.len() < self.size {
                names.insert(other.clone());
                taken.push((other, sender));
            } else {
                waiting.push((other, sender));
            }
        }
        taken
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, oneshot::Sender<A>)>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;

    /// A service that notes what it is asked for.
    #[derive(Default)]
    struct Service {
        calls: Mutex<Vec<BTreeSet<String>>>,
        first_may_end: Notify,
    }

    impl Service {
        async fn answer(&self, names: BTreeSet<String>) -> Arc<BTreeSet<String>> {
            let is_first = {
                let mut calls = self.calls.lock().unwrap();
                calls.push(names.clone());
                calls.len() == 1
            };
            if is_first {
                self.first_may_end.notified().await;
            }
            Arc::new(names)
        }

        fn sizes(&self) -> Vec<usize> {
            self.calls.lock().unwrap().iter().map(BTreeSet::len).collect()
        }
    }

    #[tokio::test]
    async fn those_who_come_while_a_call_is_under_way_share_the_next() {
        let (batch, service) = (Batch::new(4), Service::default());
        let names = ["a", "b", "c", "d", "e", "f", "b"];
        let ask = |name: &'static str| batch.ask(name, |names| service.answer(names));
        let asking = join_all(names.map(|name| async move { (name, ask(name).await) }));
        let end = async { service.first_may_end.notify_one() };
        let (answers, ()) = tokio::join!(asking, end);
        for (name, answer) in answers {
            assert!(answer.contains(name), "{name} was answered with {answer:?}");
        }
        assert_eq!(service.sizes(), [1, 4, 1], "the size is kept, and b is asked for once");
    }

    #[tokio::test]
    async fn nobody_is_answered_by_a_call_sent_before_he_asked() {
        let (batch, service) = (Batch::new(4), Service::default());
        let ask = || batch.ask("a", |names| service.answer(names));
        let (mut first, mut second) = (Box::pin(ask()), Box::pin(ask()));
        assert!(first.as_mut().now_or_never().is_none(), "the first call is under way");
        assert!(second.as_mut().now_or_never().is_none());
        service.first_may_end.notify_one();
        tokio::join!(first, second);
        assert_eq!(service.sizes(), [1, 1]);
    }

    #[tokio::test]
    async fn a_caller_that_is_cancelled_leaves_nobody_waiting() {
        let (batch, service) = (Batch::new(4), Service::default());
        let ask = |name: &'static str| batch.ask(name, |names| service.answer(names));
        let (mut first, mut second) = (Box::pin(ask("a")), Box::pin(ask("b")));
        assert!(first.as_mut().now_or_never().is_none(), "the first call is under way");
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.await.contains("b"));
        assert_eq!(service.sizes(), [1, 1]);
    }
}

//! What is left of a registry's pull limit, shared by everything that pulls from it with one login.
//!
//! Docker Hub counts GETs of manifests and tells with each answer, HEAD included, how many are left. A copy reserves what
//! it is about to pull, so that copies that run together do not each count on the same rest. A registry that tells
//! nothing limits nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::error::{Error, PULL_LIMIT_WAIT, PullLimit};

#[derive(Debug, Default)]
pub(crate) struct Pulls {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the registry has answered once.
    is_known: bool,
    /// What it said last.
    limit: Option<PullLimit>,
    /// Pulls that copies are about to make.
    reserved: u64,
    refusal: Option<Refusal>,
}

/// A pull was refused because the limit is used up: nobody has to try again.
#[derive(Clone, Debug)]
struct Refusal {
    limit: PullLimit,
    /// When the registry asked to come again, if that is in minutes.
    until: Option<Instant>,
}

impl Pulls {
    /// True once the registry had an opportunity to announce a limit.
    pub(crate) fn is_known(&self) -> bool {
        self.lock().is_known
    }

    /// Takes note of what an answer said.
    pub(crate) fn note(&self, said: Option<PullLimit>) {
        let mut state = self.lock();
        state.is_known = true;
        let Some(mut said) = said else { return };
        // Answers overtake each other: more than before is believed only while nobody pulls.
        if state.reserved > 0
            && let Some(before) = state.limit.as_ref().and_then(|limit| limit.remaining)
        {
            said.remaining = said.remaining.map(|remaining| remaining.min(before));
        }
        state.limit = Some(said);
    }

    /// Takes note of an error: after a used-up limit nobody else asks.
    pub(crate) fn note_error(&self, error: &Error) {
        if let Error::RateLimited { pull_limit: Some(limit), retry_after, .. } = error {
            let wait = retry_after.filter(|wait| *wait <= PULL_LIMIT_WAIT);
            let until = wait.map(|wait| Instant::now() + wait);
            self.lock().refusal = Some(Refusal { limit: limit.clone(), until });
        }
    }

    /// Lets a pull pass: at once, when the time that the registry asked for is over, or never.
    pub(crate) async fn admit(&self, host: &str) -> Result<(), Error> {
        loop {
            let Some(refusal) = self.lock().refusal.clone() else { return Ok(()) };
            match refusal.until {
                Some(until) if until > Instant::now() => tokio::time::sleep_until(until).await,
                Some(_) => self.lock().refusal = None,
                None => {
                    return Err(Error::RateLimited {
                        host: host.to_owned(),
                        pull_limit: Some(refusal.limit),
                        retry_after: None,
                    });
                }
            }
        }
    }

    /// Reserves so many pulls, if they are left.
    pub(crate) fn reserve(&self, needed: u64, host: &str) -> Result<Reservation<'_>, Error> {
        let mut state = self.lock();
        if let Some(limit) = &state.limit
            && let Some(remaining) = limit.remaining
        {
            let left = remaining.saturating_sub(state.reserved);
            if left < needed {
                let limit = PullLimit { remaining: Some(left), ..limit.clone() };
                return Err(Error::PullLimitTooLow { host: host.to_owned(), needed, limit });
            }
        }
        state.reserved += needed;
        Ok(Reservation { pulls: self, left: AtomicU64::new(needed) })
    }

    fn release(&self, pulls: u64) {
        let mut state = self.lock();
        state.reserved = state.reserved.saturating_sub(pulls);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pulls that nobody else counts on, until they are made or given up.
#[derive(Debug)]
pub(crate) struct Reservation<'a> {
    pulls: &'a Pulls,
    left: AtomicU64,
}

impl Reservation<'_> {
    /// One of them was made: the registry counts it now.
    pub(crate) fn spend(&self) {
        let spent = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if spent.is_ok() {
            self.pulls.release(1);
        }
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.pulls.release(*self.left.get_mut());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn left(remaining: u64) -> Option<PullLimit> {
        let window = Some(Duration::from_secs(21_600));
        Some(PullLimit { limit: Some(100), remaining: Some(remaining), window, source: None })
    }

    #[test]
    fn copies_do_not_count_on_the_same_rest() {
        let pulls = Pulls::default();
        assert!(pulls.reserve(1000, "r").is_ok(), "a registry that tells no limit has none");
        pulls.note(left(5));
        let first = pulls.reserve(3, "r").unwrap();
        let error = pulls.reserve(3, "r").unwrap_err();
        let Error::PullLimitTooLow { needed: 3, limit, .. } = &error else { panic!("{error}") };
        assert_eq!(limit.remaining, Some(2));
        first.spend();
        pulls.note(left(4));
        assert!(pulls.reserve(2, "r").is_ok());
        drop(first);
        assert!(pulls.reserve(4, "r").is_ok(), "what was given up is there for others");
    }

    #[test]
    fn answer_that_was_overtaken_is_not_believed() {
        let pulls = Pulls::default();
        pulls.note(left(5));
        let reserved = pulls.reserve(2, "r").unwrap();
        pulls.note(left(3));
        pulls.note(left(4));
        reserved.spend();
        reserved.spend();
        assert!(pulls.reserve(4, "r").is_err());
        drop(reserved);
        pulls.note(left(100));
        assert!(pulls.reserve(100, "r").is_ok(), "a new window is noticed");
    }
}

//! Whether a registry is to be asked now: a circuit breaker, and the pauses that it asked for itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tracing::{info, warn};

use crate::config::Breaker;
use crate::failure::{Failure, FailureKind};

/// First pause after a 429 without `Retry-After`; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest pause after a 429.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Pause when the pull limit is used up, which takes hours to pass.
const PULL_LIMIT_PAUSE: Duration = Duration::from_secs(300);

/// The state of one registry, shared by all requests.
#[derive(Debug)]
pub struct Health {
    name: String,
    breaker: Breaker,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failures: u32,
    refusals: u32,
    /// Set while the breaker is open; then one request passes in each pause, until one succeeds.
    open_until: Option<Instant>,
    quiet_until: Option<Instant>,
}

/// What the breaker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// Requests do not pass, but for a trial now and then.
    Open,
}

impl Health {
    /// A registry that nothing is known of.
    #[must_use]
    pub fn new(name: &str, breaker: Breaker) -> Self {
        Self { name: name.to_owned(), breaker, state: Mutex::default() }
    }

    /// What the breaker does.
    #[must_use]
    pub fn breaker(&self) -> BreakerState {
        if self.lock().open_until.is_some() { BreakerState::Open } else { BreakerState::Closed }
    }

    /// Lets a request pass, or says how long to wait before asking again.
    ///
    /// # Errors
    /// The time to wait.
    pub fn admit(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        if let Some(until) = state.quiet_until.filter(|until| now < *until) {
            return Err(until - now);
        }
        match state.open_until {
            Some(until) if now < until => Err(until - now),
            Some(_) => {
                state.open_until = Some(now + self.breaker.pause);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Notes that the registry answered, whatever it said. A pause that it asked for before holds on.
    pub fn answered(&self, now: Instant) {
        let mut state = self.lock();
        if state.open_until.take().is_some() {
            info!(registry = self.name, breaker = "closed", "the registry answers again");
        }
        state.failures = 0;
        if state.quiet_until.is_none_or(|until| now >= until) {
            (state.refusals, state.quiet_until) = (0, None);
        }
    }

    /// Notes a failure.
    pub fn failed(&self, failure: &Failure, now: Instant) {
        match failure.kind {
            FailureKind::Limited | FailureKind::PullLimit => {
                let mut state = self.lock();
                state.refusals += 1;
                let own = if failure.kind == FailureKind::PullLimit {
                    PULL_LIMIT_PAUSE
                } else {
                    FIRST_PAUSE.saturating_mul(1 << (state.refusals - 1).min(6)).min(LONGEST_PAUSE)
                };
                let pause =
                    failure.retry_after.map_or(own, |asked| asked.clamp(FIRST_PAUSE, PULL_LIMIT_PAUSE));
                state.quiet_until = Some(now + pause);
                warn!(registry = self.name, pause_ms = pause.as_millis(), "the registry limits requests");
            }
            FailureKind::Unavailable => {
                let mut state = self.lock();
                state.failures += 1;
                if state.failures >= self.breaker.failures {
                    if state.open_until.is_none() {
                        warn!(registry = self.name, breaker = "open", failures = state.failures, %failure, "the registry fails");
                    }
                    state.open_until = Some(now + self.breaker.pause);
                }
            }
            _ => self.answered(now),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(failures: u32) -> Health {
        Health::new("r", Breaker { failures, pause: Duration::from_secs(10) })
    }

    fn failure(kind: FailureKind) -> Failure {
        Failure::new(kind, "x")
    }

    #[test]
    fn breaker_opens_after_failures_in_a_row_lets_a_trial_pass_and_closes_with_an_answer() {
        let (health, now) = (health(2), Instant::now());
        health.failed(&failure(FailureKind::Unavailable), now);
        health.failed(&failure(FailureKind::NotFound), now);
        health.failed(&failure(FailureKind::Unavailable), now);
        assert_eq!((health.breaker(), health.admit(now)), (BreakerState::Closed, Ok(())));
        health.failed(&failure(FailureKind::Unavailable), now);
        assert_eq!(health.breaker(), BreakerState::Open);
        assert_eq!(health.admit(now), Err(Duration::from_secs(10)));
        let later = now + Duration::from_secs(10);
        assert_eq!(health.admit(later), Ok(()), "one trial");
        assert!(health.admit(later).is_err(), "not two");
        health.answered(later);
        assert_eq!((health.breaker(), health.admit(later)), (BreakerState::Closed, Ok(())));
    }

    #[test]
    fn pause_after_429_is_what_the_registry_asks_or_doubles() {
        let (health, now) = (health(5), Instant::now());
        let pause = |retry_after: Option<u64>, kind| {
            let retry_after = retry_after.map(Duration::from_secs);
            health.failed(&Failure { retry_after, ..failure(kind) }, now);
            health.admit(now).unwrap_err().as_secs()
        };
        assert_eq!(pause(None, FailureKind::Limited), 1);
        assert_eq!(pause(None, FailureKind::Limited), 2);
        assert_eq!(pause(Some(7), FailureKind::Limited), 7);
        assert_eq!(pause(Some(0), FailureKind::Limited), 1);
        assert_eq!(pause(None, FailureKind::PullLimit), 300);
        assert_eq!(health.breaker(), BreakerState::Closed);
    }

    #[test]
    fn pause_has_an_end_however_often_or_long_the_registry_wants_it() {
        let (health, now) = (health(5), Instant::now());
        for _ in 0..10 {
            health.failed(&failure(FailureKind::Limited), now);
        }
        assert_eq!(health.admit(now), Err(Duration::from_secs(60)));
        let day = Some(Duration::from_secs(86_400));
        health.failed(&Failure { retry_after: day, ..failure(FailureKind::Limited) }, now);
        assert_eq!(health.admit(now), Err(Duration::from_secs(300)));
    }

    #[test]
    fn pauses_begin_anew_once_one_has_passed_and_the_registry_answers() {
        let (health, now) = (health(5), Instant::now());
        for _ in 0..4 {
            health.failed(&failure(FailureKind::Limited), now);
        }
        let later = now + Duration::from_secs(8);
        health.answered(later);
        health.failed(&failure(FailureKind::Limited), later);
        assert_eq!(health.admit(later), Err(Duration::from_secs(1)));
    }

    #[test]
    fn answer_to_another_request_does_not_end_the_pause() {
        let (health, now) = (health(5), Instant::now());
        health.failed(&failure(FailureKind::Limited), now);
        health.answered(now);
        assert_eq!(health.admit(now), Err(Duration::from_secs(1)));
        let later = now + Duration::from_secs(1);
        health.answered(later);
        assert_eq!(health.admit(later), Ok(()));
    }
}

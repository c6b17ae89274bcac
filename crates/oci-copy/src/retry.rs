//! Retries with exponential back-off and jitter.

use std::time::Duration;

use tracing::debug;

use crate::error::{Error, Retry};

/// How often and how long failed requests are tried again.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first included.
    pub attempts: u32,
    /// Wait before the second try; it doubles with each further one.
    pub first_delay: Duration,
    /// Longest wait of our own.
    pub longest_delay: Duration,
    /// Longest `Retry-After` that is obeyed; a longer one is cut to this.
    pub longest_retry_after: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            longest_retry_after: Duration::from_secs(300),
        }
    }
}

impl RetryPolicy {
    /// The default policy with another first delay; the doubling starts there.
    #[must_use]
    pub fn with_first_delay(mut self, first_delay: Duration) -> Self {
        self.first_delay = first_delay;
        self
    }

    /// The policy with another number of tries, the first included.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Runs `operation` until it succeeds, fails for good, or the tries are used up.
    pub(crate) async fn run<T, F, Fut>(&self, what: &str, mut operation: F) -> Result<T, Error>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T, Error>>,
    {
        let mut attempt = 1;
        loop {
            let error = match operation().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(delay) = self.delay(attempt, &error) else { return Err(error) };
            debug!(what, attempt, delay_ms = delay.as_millis(), %error, "trying again");
            tokio::time::sleep(delay).await;
            attempt += 1;
        }
    }

    fn delay(&self, attempt: u32, error: &Error) -> Option<Duration> {
        let (limit, at_least) = match error.retry() {
            Retry::Never => return None,
            Retry::Briefly => (self.attempts.min(3), None),
            Retry::After(at_least) => (self.attempts, at_least),
        };
        if attempt >= limit {
            return None;
        }
        let own = self.first_delay.saturating_mul(1 << (attempt - 1).min(16)).min(self.longest_delay);
        Some(match at_least {
            // Jitter comes on top: coming earlier than asked only costs another refusal.
            Some(asked) => asked.min(self.longest_retry_after) + own.mul_f64(jitter()),
            None => own.mul_f64(0.5 + jitter() / 2.0),
        })
    }
}

/// A number between 0 and 1 that differs between calls and processes; not fit for secrets.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(std::time::Instant::now());
    f64::from(u32::try_from(bits >> 32).unwrap_or(0)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(retry_after: Option<u64>) -> Error {
        let retry_after = retry_after.map(Duration::from_secs);
        Error::RateLimited { host: "r".to_owned(), pull_limit: None, retry_after }
    }

    #[test]
    fn retry_after_is_obeyed_and_capped_at_five_minutes() {
        let policy = RetryPolicy::default();
        let seven = policy.delay(1, &limited(Some(7))).unwrap();
        assert!((7.0..7.6).contains(&seven.as_secs_f64()), "{seven:?}");
        let capped = policy.delay(1, &limited(Some(86_400))).unwrap();
        assert!((300.0..300.6).contains(&capped.as_secs_f64()), "{capped:?}");
    }

    #[test]
    fn tries_end() {
        let policy = RetryPolicy::default();
        assert!(policy.delay(5, &limited(None)).is_some());
        assert!(policy.delay(6, &limited(None)).is_none());
    }

    #[test]
    fn used_up_pull_limit_is_waited_for_only_when_the_registry_asks_for_minutes() {
        let exhausted = |retry_after: Option<u64>| Error::RateLimited {
            host: "r".to_owned(),
            pull_limit: Some(crate::error::PullLimit::default()),
            retry_after: retry_after.map(Duration::from_secs),
        };
        let policy = RetryPolicy::default();
        assert!(policy.delay(1, &exhausted(None)).is_none());
        assert!(policy.delay(1, &exhausted(Some(21_600))).is_none());
        assert!(policy.delay(1, &exhausted(Some(30))).is_some());
    }
}

//! Trying again: within a time, as the registry's health allows.

use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use crate::failure::{Failure, FailureKind};
use crate::health::Health;

/// Wait before the second try; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(200);
/// Longest wait between two tries.
const LONGEST_DELAY: Duration = Duration::from_secs(4);
/// Tries for something that arrives damaged: damaged at rest, it never comes right.
const DAMAGED_TRIES: u32 = 3;

/// Until when something is tried, and whether a registry that rests is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// No try begins after this.
    pub until: Instant,
    /// Wait for a registry that is not to be asked now; otherwise fail at once, because there is another to ask.
    pub waits: bool,
}

impl Patience {
    /// Patience that begins now.
    #[must_use]
    pub fn new(time: Duration, waits: bool) -> Self {
        Self { until: Instant::now() + time, waits }
    }
}

/// Runs `operation` until it succeeds, fails for good, or the time is up.
///
/// # Errors
/// The last failure.
pub async fn attempt<T, F, Fut>(health: &Health, patience: Patience, mut operation: F) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, Failure>>,
{
    let mut tries = 0;
    let mut last: Option<Failure> = None;
    loop {
        if let Err(wait) = health.admit(Instant::now()) {
            if !patience.waits || Instant::now() + wait >= patience.until {
                return Err(last.unwrap_or_else(|| {
                    Failure::new(
                        FailureKind::Unavailable,
                        format!(
                            "the registry is not asked for another {} s, after failures",
                            wait.as_secs() + 1
                        ),
                    )
                }));
            }
            tokio::time::sleep(wait).await;
            continue;
        }
        let failure = match operation().await {
            Ok(value) => {
                health.answered(Instant::now());
                return Ok(value);
            }
            Err(failure) => failure,
        };
        health.failed(&failure, Instant::now());
        tries += 1;
        let delay = FIRST_DELAY.saturating_mul(1 << (tries - 1).min(8)).min(LONGEST_DELAY);
        let hopeless = failure.kind == FailureKind::Damaged && tries >= DAMAGED_TRIES;
        if !failure.is_passing() || hopeless || Instant::now() + delay >= patience.until {
            return Err(failure);
        }
        debug!(tries, delay_ms = delay.as_millis(), %failure, "trying again");
        last = Some(failure);
        tokio::time::sleep(delay).await;
    }
}

//! Repeats calls that AWS refuses for a while: conflicts and eventual consistency, which the SDK does not retry.

use std::time::Duration;

use tf_provider::Context;
use tokio::time::Instant;

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// First pause between two calls; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Repeats `call` while it fails with one of `codes`, for at most `limit` and never beyond the operation's own.
///
/// # Errors
/// The first failure with another code, or the last one when the limit is over or the practitioner interrupts.
pub async fn while_failing<T, F>(
    ctx: &Context<Clients>,
    codes: &[&str],
    limit: Duration,
    mut call: impl FnMut() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let give_up = (Instant::now() + limit).min(ctx.deadline());
    let mut pause = FIRST_PAUSE;
    loop {
        let failure = match call().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if !failure.is(codes) || Instant::now() + pause > give_up {
            return Err(failure);
        }
        tracing::info!(code = failure.code(), "trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.stop().cancelled() => return Err(failure),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Why a create failed, and whether it may have had an effect all the same.
#[derive(Clone, Debug)]
pub struct CreateFailure {
    /// The last failure.
    pub failure: Failure,
    /// True when an earlier attempt got no answer: what is found now may be its effect.
    pub unanswered: bool,
}

impl AsRef<Failure> for CreateFailure {
    fn as_ref(&self) -> &Failure {
        &self.failure
    }
}

/// Repeats a create that AWS has no idempotency token for, while it is throttled or gets no answer.
///
/// `call` must not be repeated by the SDK itself (`RetryConfig::disabled`): only so is it known whether "already
/// exists" can be the effect of an attempt whose answer was lost, or must be somebody else's object.
///
/// # Errors
/// The first failure that repeating cannot mend, or the last one.
pub async fn create<T, F>(
    ctx: &Context<Clients>,
    mut call: impl FnMut() -> F + Send,
) -> Result<T, CreateFailure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let (mut unanswered, mut pause) = (false, FIRST_PAUSE);
    let mut attempt = 0;
    loop {
        attempt += 1;
        let failure = match call().await {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        let passing = failure.is_unanswered() || failure.is_throttled();
        if !passing || attempt >= ctx.client().attempts || Instant::now() + pause > ctx.deadline() {
            return Err(CreateFailure { failure, unanswered });
        }
        unanswered |= failure.is_unanswered();
        tracing::info!(code = failure.code(), attempt, "trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.stop().cancelled() => return Err(CreateFailure { failure, unanswered }),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

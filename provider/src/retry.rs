//! Repeats calls that AWS refuses for a while: conflicts and eventual consistency, which the SDK does not retry.

use std::time::Duration;

use tf_provider::Context;
use tokio::time::Instant;

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// First pause between two calls; it doubles up to [`LONGEST_PAUSE`].
pub const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Repeats `call` as long as `give_up` answers a time for its failure that is not over after the next pause.
///
/// # Errors
/// The first failure that `give_up` has no time for, or the last one when that is over or the practitioner interrupts.
pub async fn until<T, E, F>(
    ctx: &Context<Clients>,
    first_pause: Duration,
    mut give_up: impl FnMut(&Failure) -> Option<Instant> + Send,
    mut call: impl FnMut() -> F + Send,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send,
    E: AsRef<Failure> + Send,
{
    let mut pause = first_pause;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        let failure = error.as_ref();
        if give_up(failure).is_none_or(|limit| Instant::now() + pause > limit) {
            return Err(error);
        }
        tracing::info!(code = failure.code(), "trying again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = ctx.stop().cancelled() => return Err(error),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Repeats `call` while it fails with one of `codes`, for at most `limit` and never beyond the operation's own.
///
/// # Errors
/// The first failure with another code, or the last one when the limit is over or the practitioner interrupts.
pub async fn while_failing<T, F>(
    ctx: &Context<Clients>,
    codes: &[&str],
    limit: Duration,
    call: impl FnMut() -> F + Send,
) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    let limit = (Instant::now() + limit).min(ctx.deadline());
    until(ctx, FIRST_PAUSE, |failure| failure.is(codes).then_some(limit), call).await
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
pub async fn create<T, F>(ctx: &Context<Clients>, call: impl FnMut() -> F + Send) -> Result<T, CreateFailure>
where
    F: Future<Output = Result<T, Failure>> + Send,
{
    // Whether the attempts before the last one, and whether that one too, went without an answer.
    let (mut before, mut unanswered, mut attempt) = (false, false, 0);
    let give_up = |failure: &Failure| {
        attempt += 1;
        before = unanswered;
        unanswered |= failure.is_unanswered();
        let passing = failure.is_unanswered() || failure.is_throttled();
        (passing && attempt < ctx.client().attempts).then(|| ctx.deadline())
    };
    let sent = until(ctx, FIRST_PAUSE, give_up, call).await;
    sent.map_err(|failure| CreateFailure { failure, unanswered: before })
}

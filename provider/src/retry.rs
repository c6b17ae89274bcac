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

//! ECR's authorization token: fetched by the credential chain, renewed early and when it is refused, once at a time.

use std::time::{Duration, Instant, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use oci_copy::{BasicCredentials, CredentialsError, CredentialsProvider};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

use super::authorization::{Authorization, authorization};
use super::client::Aws;

/// A token is renewed when less than this is left of its twelve hours: role credentials may end sooner than it says.
const RENEW_BEFORE: Duration = Duration::from_secs(6 * 3600);
/// Refusals have the token replaced once in this time: what refuses a new token refuses the next as well.
const REPLACE_PAUSE: Duration = Duration::from_secs(10);
/// After a failure everybody who waited gets its answer, and AWS is not asked again for this long.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// When a token was issued and ends; none before the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// When it was fetched.
    pub issued: SystemTime,
    /// When ECR says that it ends.
    pub expires: SystemTime,
}

/// The token of one region.
#[derive(Debug)]
pub struct TokenSource {
    ecr: aws_sdk_ecr::Client,
    region: String,
    /// Held over the call, so that all who wait share the one new token.
    state: Mutex<State>,
    current: watch::Sender<Option<Token>>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// When a refusal last had the token replaced.
    replaced: Option<Instant>,
    failed: Option<(Instant, CredentialsError)>,
}

#[derive(Clone, Debug)]
struct Held {
    credentials: BasicCredentials,
    renew_at: SystemTime,
    expires: SystemTime,
}

impl TokenSource {
    /// A source that fetches its first token when it is asked.
    pub async fn new(aws: &Aws, region: String) -> Self {
        let ecr = aws_sdk_ecr::Client::new(&aws.config(&region).await);
        Self { ecr, region, state: Mutex::default(), current: watch::Sender::new(None) }
    }

    /// What is known of the token that is in use.
    #[must_use]
    pub fn current(&self) -> Option<Token> {
        *self.current.borrow()
    }

    async fn fetch(&self) -> Result<Held, CredentialsError> {
        let Authorization { credentials, expires } = authorization(&self.ecr).await?;
        let now = SystemTime::now();
        let lifetime = expires.duration_since(now).unwrap_or_default();
        // Short-lived tokens are renewed at half their life.
        let keep = if lifetime > RENEW_BEFORE * 2 { lifetime - RENEW_BEFORE } else { lifetime / 2 };
        Ok(Held { credentials, renew_at: now + keep, expires })
    }
}

impl CredentialsProvider for TokenSource {
    fn credentials(
        &self,
        rejected: Option<BasicCredentials>,
    ) -> BoxFuture<'_, Result<BasicCredentials, CredentialsError>> {
        async move {
            let mut state = self.state.lock().await;
            let now = SystemTime::now();
            let mut usable = None;
            let mut refused = false;
            if let Some(held) = &state.held {
                refused = rejected.as_ref() == Some(&held.credentials);
                let replaced = state.replaced.is_some_and(|at| at.elapsed() < REPLACE_PAUSE);
                if (refused && replaced) || (!refused && now < held.renew_at) {
                    return Ok(held.credentials.clone());
                }
                usable = (!refused && now < held.expires).then(|| held.credentials.clone());
            }
            if let Some((at, error)) = &state.failed
                && at.elapsed() < FAILURE_PAUSE
            {
                return usable.ok_or_else(|| error.clone());
            }
            match self.fetch().await {
                Ok(held) => {
                    let expires = seconds_until(held.expires);
                    info!(region = self.region, expires_in_seconds = expires, "ECR token renewed");
                    self.current.send_replace(Some(Token { issued: now, expires: held.expires }));
                    let credentials = held.credentials.clone();
                    let replaced = refused.then(Instant::now).or(state.replaced);
                    *state = State { held: Some(held), replaced, failed: None };
                    Ok(credentials)
                }
                Err(error) => {
                    warn!(region = self.region, %error, "ECR token not renewed");
                    state.failed = Some((Instant::now(), error.clone()));
                    // The old one may still be good: then nobody notices.
                    usable.ok_or(error)
                }
            }
        }
        .boxed()
    }
}

fn seconds_until(at: SystemTime) -> u64 {
    at.duration_since(SystemTime::now()).unwrap_or_default().as_secs()
}

//! ECR's authorization token: fetched by the credential chain, renewed early and when it is refused, once at a time.
//!
//! AWS: GetAuthorizationToken (ECR API reference). One token is good for every registry of its region.

use std::time::{Duration, Instant, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt;
use futures::future::BoxFuture;
use oci_copy::{BasicCredentials, CredentialsError, CredentialsProvider};
use tokio::sync::{Mutex, watch};
use tracing::{info, warn};

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
    #[must_use]
    pub fn new(ecr: aws_sdk_ecr::Client, region: String) -> Self {
        Self { ecr, region, state: Mutex::default(), current: watch::Sender::new(None) }
    }

    /// What is known of the token that is in use.
    #[must_use]
    pub fn current(&self) -> Option<Token> {
        *self.current.borrow()
    }

    async fn fetch(&self) -> Result<Held, CredentialsError> {
        let answer = self.ecr.get_authorization_token().send().await;
        let answer = answer.map_err(|error| CredentialsError(explain(&error)))?;
        // A parse error could quote the token.
        let unusable = || CredentialsError("ECR answered no usable authorization token".to_owned());
        let data = answer.authorization_data().first().ok_or_else(unusable)?;
        let token = data.authorization_token().ok_or_else(unusable)?;
        let pair = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (username, password) =
            pair.as_deref().and_then(|pair| pair.split_once(':')).ok_or_else(unusable)?;
        let now = SystemTime::now();
        let expires = data.expires_at().and_then(|at| SystemTime::try_from(*at).ok()).unwrap_or(now);
        let lifetime = expires.duration_since(now).unwrap_or_default();
        // Short-lived tokens are renewed at half their life.
        let keep = if lifetime > RENEW_BEFORE * 2 { lifetime - RENEW_BEFORE } else { lifetime / 2 };
        Ok(Held {
            credentials: BasicCredentials { username: username.to_owned(), password: password.into() },
            renew_at: now + keep,
            expires,
        })
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

/// Code, message and request id, or the chain of causes; never the raw answer, which holds the token.
fn explain(
    error: &aws_sdk_ecr::error::SdkError<
        aws_sdk_ecr::operation::get_authorization_token::GetAuthorizationTokenError,
    >,
) -> String {
    use aws_sdk_ecr::error::ProvideErrorMetadata as _;
    use aws_sdk_ecr::operation::RequestId as _;
    if let Some(code) = error.code() {
        let message = error.message().unwrap_or_default();
        let request = error.request_id().unwrap_or("none");
        return format!(
            "ECR answered {code} to GetAuthorizationToken: {message} (request {request}); \
             the action ecr:GetAuthorizationToken on \"*\" is needed"
        );
    }
    let mut text = format!("GetAuthorizationToken: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

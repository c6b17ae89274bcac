//! Credentials for a registry, and a text that does not show itself.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;

/// A text that appears in no `Debug` output, log or error.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// User name and password, as HTTP Basic authentication has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasicCredentials {
    /// The user name; `AWS` for ECR.
    pub username: String,
    /// The password or token.
    pub password: Secret,
}

/// How a registry client identifies itself.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum Credentials {
    /// Not at all; a registry that wants a token gets an anonymous one.
    #[default]
    Anonymous,
    /// With a fixed name and password, as Basic or for a token, as the registry asks.
    Basic(BasicCredentials),
    /// With a name and password that run out and can be renewed.
    Renewable(Arc<dyn CredentialsProvider>),
}

impl Credentials {
    /// Fixed credentials.
    #[must_use]
    pub fn basic(username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self::Basic(BasicCredentials { username: username.into(), password: password.into() })
    }

    /// Renewable credentials.
    #[must_use]
    pub fn renewable(provider: impl CredentialsProvider + 'static) -> Self {
        Self::Renewable(Arc::new(provider))
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Supplies credentials that run out, such as ECR's authorization token.
///
/// The provider caches and renews in time by itself; it is asked before every request.
pub trait CredentialsProvider: fmt::Debug + Send + Sync {
    /// The credentials to use now.
    ///
    /// `rejected` are those that the registry has just refused: answering the same again ends in
    /// [`crate::Error::Unauthorized`].
    fn credentials(
        &self,
        rejected: Option<BasicCredentials>,
    ) -> BoxFuture<'_, Result<BasicCredentials, CredentialsError>>;
}

/// Why a provider has no credentials; the text is shown, so it must hold no secret.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct CredentialsError(pub String);

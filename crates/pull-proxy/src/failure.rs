//! Why a request is not served: the one form between the registries' errors and the answer to a client.
//!
//! A client takes any error for a reason to go to the upstream registry by itself. So what may pass is waited for, and
//! only what is left in the end becomes an answer. A registry's 401 and 429 never do: clients would look for
//! credentials, or ask five times within milliseconds.

use std::time::Duration;

use http::StatusCode;
use oci_copy::{Cause, Error};

/// Why a request is not served; shared by all who wait for the same thing.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// What sort of failure it is.
    pub kind: FailureKind,
    /// What happened and what to do, without secrets.
    pub message: String,
    /// How long the registry asked to wait.
    pub retry_after: Option<Duration>,
}

/// Sorts of failures, as far as they are treated differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No rule covers the name.
    NameUnknown,
    /// The registry has no such repository, manifest or blob.
    NotFound,
    /// The registry refuses these credentials, or there are none.
    Denied,
    /// The registry asks for fewer requests.
    Limited,
    /// The pull limit of the registry is used up: waiting takes hours.
    PullLimit,
    /// The registry cannot be reached, or fails.
    Unavailable,
    /// What arrived is not what was asked for.
    Damaged,
    /// The client's range lies outside the blob.
    Range,
    /// The registry refuses the request as such.
    Refused,
}

impl Failure {
    /// A failure without a wish of the registry to wait.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), retry_after: None }
    }

    /// Whether another try may succeed, without asking anything else first.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self.kind, FailureKind::Limited | FailureKind::Unavailable | FailureKind::Damaged)
    }

    /// Status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.kind {
            FailureKind::NameUnknown | FailureKind::NotFound => StatusCode::NOT_FOUND,
            FailureKind::Denied => StatusCode::FORBIDDEN,
            FailureKind::Limited | FailureKind::PullLimit | FailureKind::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            FailureKind::Damaged => StatusCode::BAD_GATEWAY,
            FailureKind::Range => StatusCode::RANGE_NOT_SATISFIABLE,
            FailureKind::Refused => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let mut wait = None;
        let kind = match error {
            Error::NotFound { .. } | Error::RepositoryNotFound { .. } => FailureKind::NotFound,
            Error::Denied { .. } | Error::Unauthorized { .. } => FailureKind::Denied,
            Error::RateLimited { pull_limit, retry_after, .. } => {
                wait = retry_after;
                if pull_limit.is_some() { FailureKind::PullLimit } else { FailureKind::Limited }
            }
            Error::DigestMismatch { .. } | Error::SizeMismatch { .. } => FailureKind::Damaged,
            Error::Unreachable { cause: Cause::Tls, .. } => FailureKind::Refused,
            Error::Unreachable { .. } | Error::Credentials { .. } => FailureKind::Unavailable,
            Error::Registry { status: 416, .. } => FailureKind::Range,
            Error::Registry { status: 408 | 500..=599, .. } => FailureKind::Unavailable,
            _ => FailureKind::Refused,
        };
        Self { kind, message, retry_after: wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_registry_says_about_credentials_and_rates_never_reaches_a_client() {
        let limited = Error::RateLimited { host: "r".to_owned(), pull_limit: None, retry_after: None };
        assert_eq!(Failure::from(limited).status(), StatusCode::SERVICE_UNAVAILABLE);
        let unauthorized =
            Error::Unauthorized { host: "r".to_owned(), repository: "a".to_owned(), detail: String::new() };
        assert_eq!(Failure::from(unauthorized).status(), StatusCode::FORBIDDEN);
    }
}

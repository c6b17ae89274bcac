//! What can go wrong between two registries, in terms that a caller can explain to a person.

use std::time::Duration;

use crate::credentials::CredentialsError;
use crate::digest::Digest;
use crate::manifest::ManifestError;
use crate::reference::ReferenceError;

/// Why a registry request or a copy failed. No variant holds credentials or a signed URL.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A repository, tag or reference breaks the grammar.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The registry's address cannot be used.
    #[error("registry address {address:?}: {reason}")]
    Address {
        /// The address as given.
        address: String,
        /// What is wrong with it and what to write.
        reason: String,
    },
    /// The repository has no such manifest or blob.
    #[error("{host}/{repository} has no {reference}")]
    NotFound {
        /// Name of the registry.
        host: String,
        /// Repository that was asked.
        repository: String,
        /// Tag or digest that was asked.
        reference: String,
    },
    /// The registry has no such repository.
    #[error("{host} has no repository {repository}")]
    RepositoryNotFound {
        /// Name of the registry.
        host: String,
        /// Repository that was asked.
        repository: String,
    },
    /// The registry or its token server refused the credentials, or wants some.
    #[error("{host} wants other credentials for {repository}: {detail}")]
    Unauthorized {
        /// Name of the registry.
        host: String,
        /// Repository that was asked.
        repository: String,
        /// Who refused and what was sent.
        detail: String,
    },
    /// The credentials are good and do not suffice.
    #[error("{host} denies access to {repository}: {message}")]
    Denied {
        /// Name of the registry.
        host: String,
        /// Repository that was asked.
        repository: String,
        /// The registry's own words, bounded.
        message: String,
    },
    /// Too many requests; with `pull_limit`, waiting takes hours and nothing was retried.
    #[error("{host} limits requests{}", pull_limit.as_ref().map(|limit| format!(": the pull limit is used up ({limit})")).unwrap_or_default())]
    RateLimited {
        /// Name of the registry.
        host: String,
        /// The pull limit, if it is that which is used up.
        pull_limit: Option<PullLimit>,
        /// What the registry asked to wait, uncapped.
        retry_after: Option<Duration>,
    },
    /// Less is left of the pull limit than a copy needs; nothing was pulled that would not have been enough.
    #[error(
        "{host} allows {} more pulls, and the copy needs {needed} ({limit})",
        limit.remaining.unwrap_or_default()
    )]
    PullLimitTooLow {
        /// Name of the registry.
        host: String,
        /// GETs of manifests that the copy needs.
        needed: u64,
        /// The limit; what remains is what other copies have not reserved.
        limit: PullLimit,
    },
    /// Bytes arrived that do not have the digest they were asked by.
    #[error("{subject} arrived with digest {actual} instead of {expected}")]
    DigestMismatch {
        /// Registry and content.
        subject: String,
        /// The digest that was asked for.
        expected: Digest,
        /// The digest of what arrived.
        actual: String,
    },
    /// Content is longer or shorter than its descriptor says.
    #[error("{subject} has {actual} bytes instead of {expected}")]
    SizeMismatch {
        /// Registry and content.
        subject: String,
        /// Bytes according to the descriptor.
        expected: u64,
        /// Bytes that arrived, or that the registry announces.
        actual: u64,
    },
    /// The registry cannot be reached, or the connection broke.
    #[error("{host} cannot be reached: {cause}: {detail}")]
    Unreachable {
        /// Host and port that were tried.
        host: String,
        /// Which stage failed.
        cause: Cause,
        /// The operating system's or TLS library's words.
        detail: String,
    },
    /// A redirect, token realm or name leads where no registry client may go.
    #[error("refused to contact {target}: {reason}")]
    Forbidden {
        /// Scheme, host and port, without path and query.
        target: String,
        /// The rule that forbids it.
        reason: String,
    },
    /// An index has no entry for a platform that was chosen.
    #[error("{digest} has no image for {platform}, but for {available}")]
    PlatformMissing {
        /// Digest of the index.
        digest: Digest,
        /// The platform that was chosen.
        platform: String,
        /// Those that there are, joined by commas.
        available: String,
    },
    /// A manifest cannot be used.
    #[error("manifest {digest} of {host}/{repository}: {source}")]
    UnsupportedManifest {
        /// Name of the registry.
        host: String,
        /// Repository.
        repository: String,
        /// Digest of the manifest.
        digest: Digest,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// A document is larger than this client takes.
    #[error("{subject} is larger than {limit} bytes")]
    TooLarge {
        /// Registry and content.
        subject: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// An index is nested too deeply or has too many children.
    #[error("the image is too large to copy: {0}")]
    TooComplex(String),
    /// The destination's repository does not let the tag move.
    #[error("{host}/{repository} does not let tag {tag} be overwritten")]
    TagImmutable {
        /// Name of the registry.
        host: String,
        /// Repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// The destination refuses a blob of no bytes, as ECR does.
    #[error("{host} refuses the blob {digest}, which has no bytes: {answer}")]
    EmptyBlob {
        /// Name of the registry.
        host: String,
        /// Digest of nothing.
        digest: Digest,
        /// Code and words of the registry.
        answer: String,
    },
    /// Any other error answer.
    #[error("{host} answered {status} {code}: {message}")]
    Registry {
        /// Name of the registry.
        host: String,
        /// HTTP status.
        status: u16,
        /// Code of the first error in the answer, such as `MANIFEST_INVALID`; may be empty.
        code: String,
        /// The registry's own words, bounded and without control characters.
        message: String,
    },
    /// An answer that breaks the distribution specification.
    #[error("{host} gave an answer that the distribution specification does not allow: {detail}")]
    Protocol {
        /// Name of the registry.
        host: String,
        /// What was wrong with it.
        detail: String,
    },
    /// The provider of credentials had none.
    #[error("no credentials for {host}: {source}")]
    Credentials {
        /// Name of the registry.
        host: String,
        /// The provider's words.
        source: CredentialsError,
    },
    /// The HTTP client could not be set up, for example for want of root certificates.
    #[error("setting up the HTTP client: {0}")]
    Setup(String),
    /// The caller cancelled the copy.
    #[error("the copy was cancelled")]
    Cancelled,
}

/// The stage at which a connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The name does not resolve.
    Dns,
    /// Nothing accepts the connection.
    Connect,
    /// The TLS handshake failed, or the certificate is not trusted.
    Tls,
    /// No answer, or no more bytes, in time.
    Timeout,
    /// The connection broke in the middle.
    Closed,
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dns => "its name does not resolve",
            Self::Connect => "no connection",
            Self::Tls => "no trusted TLS connection",
            Self::Timeout => "no answer in time",
            Self::Closed => "the connection broke",
        })
    }
}

/// A limit on pulls as Docker Hub announces it in its `ratelimit-*` headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullLimit {
    /// Pulls per window.
    pub limit: Option<u64>,
    /// Pulls left in the window.
    pub remaining: Option<u64>,
    /// Length of the window.
    pub window: Option<Duration>,
    /// Whom the limit counts: an address, or an account.
    pub source: Option<String>,
}

impl std::fmt::Display for PullLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.limit, self.window) {
            (Some(limit), Some(window)) => write!(f, "{limit} pulls in {} s", window.as_secs())?,
            (Some(limit), None) => write!(f, "{limit} pulls")?,
            _ => f.write_str("the registry does not say how many")?,
        }
        if let Some(source) = &self.source {
            write!(f, ", counted for {source}")?;
        }
        Ok(())
    }
}

/// Longest wait that a used-up pull limit may ask for; Docker Hub's windows last hours.
pub(crate) const PULL_LIMIT_WAIT: Duration = Duration::from_secs(300);

/// Whether an error is worth another try.
pub(crate) enum Retry {
    Never,
    /// Back-off, at least as long as the registry asked.
    After(Option<Duration>),
    /// Only a few tries: a wrong name or address should be reported within seconds.
    Briefly,
}

impl Error {
    pub(crate) fn retry(&self) -> Retry {
        match self {
            // A pull limit is waited for only if the registry itself says that minutes are enough.
            Self::RateLimited { pull_limit: Some(_), retry_after, .. }
                if retry_after.is_none_or(|asked| asked > PULL_LIMIT_WAIT) =>
            {
                Retry::Never
            }
            Self::RateLimited { retry_after, .. } => Retry::After(*retry_after),
            Self::Unreachable { cause: Cause::Closed | Cause::Timeout, .. } => Retry::After(None),
            Self::Unreachable { cause: Cause::Connect | Cause::Dns, .. } => Retry::Briefly,
            // Bytes damaged on the way come right the second time; damaged at rest they do not.
            Self::DigestMismatch { .. } => Retry::Briefly,
            Self::Registry { status: 408 | 500 | 502 | 503 | 504, .. } => Retry::After(None),
            // A lost or outdated upload session is replaced by a new one.
            Self::Registry { code, .. } if code == "BLOB_UPLOAD_UNKNOWN" || code == "BLOB_UPLOAD_INVALID" => {
                Retry::Briefly
            }
            _ => Retry::Never,
        }
    }
}

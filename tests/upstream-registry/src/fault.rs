//! Faults: what the registry does wrong, where, and how often.

use std::time::Duration;

use http::Method;

use crate::route::Route;

/// The requests that a fault can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Every request below `/v2/` and every token request.
    Any,
    /// HEAD of a manifest.
    HeadManifest,
    /// GET of a manifest.
    GetManifest,
    /// PUT of a manifest.
    PutManifest,
    /// HEAD of a blob.
    HeadBlob,
    /// GET of a blob, at the registry or at its storage address.
    GetBlob,
    /// POST that opens an upload.
    OpenUpload,
    /// PUT that ends an upload.
    PutUpload,
    /// GET of a token.
    Token,
    /// GET of the list of tags.
    Tags,
    /// GET of the list of referrers.
    Referrers,
}

/// What happens to a request that a fault strikes.
#[derive(Clone, Debug)]
pub enum Effect {
    /// An error answer in the distribution-spec's form.
    Answer {
        /// HTTP status.
        status: u16,
        /// Error code, such as `TOOMANYREQUESTS`.
        code: String,
        /// Error message.
        message: String,
        /// Value of `Retry-After`.
        retry_after: Option<String>,
    },
    /// All tokens become invalid; the request is answered 401 with a challenge.
    ExpireTokens,
    /// The Basic password becomes another one; the request is answered 403, as ECR does when a token has run out.
    ExpirePassword {
        /// The password from then on.
        next: String,
    },
    /// The connection is cut after this many bytes of the body.
    Cut {
        /// Bytes that still arrive.
        after: u64,
    },
    /// One byte of the body is changed.
    Corrupt,
    /// The answer comes as it should, this much later.
    Delay {
        /// How much.
        by: Duration,
    },
    /// `Docker-Content-Digest` names other content.
    WrongDigestHeader,
    /// `Docker-Content-Digest` is left out.
    NoDigestHeader,
    /// A redirect (307). A URL that ends in `/` gets the path appended: `_blob/<digest>` for blobs,
    /// the request's own path otherwise.
    Redirect {
        /// Absolute URL.
        to: String,
    },
    /// An upload is opened, but its `Location` is on another host.
    UploadsAt {
        /// Scheme, host and port, without a slash at the end.
        base: String,
    },
    /// The request is answered 401, and the challenge names this realm.
    Realm {
        /// Absolute URL of a token server.
        url: String,
    },
}

/// A fault that waits for its requests.
#[derive(Clone, Debug)]
#[must_use]
pub struct Fault {
    pub(crate) operation: Operation,
    pub(crate) effect: Effect,
    pub(crate) skip: u32,
    pub(crate) times: Option<u32>,
}

impl Fault {
    /// A fault that strikes every such request.
    pub fn new(operation: Operation, effect: Effect) -> Self {
        Self { operation, effect, skip: 0, times: None }
    }

    /// 429 `TOOMANYREQUESTS`, with `Retry-After` in seconds or without.
    pub fn too_many_requests(operation: Operation, retry_after: Option<u64>) -> Self {
        let retry_after = retry_after.map(|seconds| seconds.to_string());
        let (code, message) = ("TOOMANYREQUESTS".to_owned(), "Rate exceeded".to_owned());
        Self::new(operation, Effect::Answer { status: 429, code, message, retry_after })
    }

    /// An error of the server: 500, 502, 503 or 504.
    pub fn server_error(operation: Operation, status: u16) -> Self {
        let (code, message) = ("UNKNOWN".to_owned(), "unknown error".to_owned());
        Self::new(operation, Effect::Answer { status, code, message, retry_after: None })
    }

    /// Strikes only so many requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets so many requests pass first.
    pub fn skip(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }
}

/// The operation of a request, if faults can strike it.
pub(crate) fn operation(method: &Method, route: &Route) -> Option<Operation> {
    Some(match (method.as_str(), route) {
        ("HEAD", Route::Manifest { .. }) => Operation::HeadManifest,
        ("GET", Route::Manifest { .. }) => Operation::GetManifest,
        ("PUT", Route::Manifest { .. }) => Operation::PutManifest,
        ("HEAD", Route::Blob { .. }) => Operation::HeadBlob,
        ("GET", Route::Blob { .. } | Route::StoredBlob { .. }) => Operation::GetBlob,
        ("POST", Route::Uploads { .. }) => Operation::OpenUpload,
        ("PUT", Route::Upload { .. }) => Operation::PutUpload,
        ("GET", Route::Token) => Operation::Token,
        ("GET", Route::Tags { .. }) => Operation::Tags,
        ("GET", Route::Referrers { .. }) => Operation::Referrers,
        (_, Route::Control { .. } | Route::Unknown) => return None,
        _ => Operation::Any,
    })
}

/// Takes the first fault that strikes the operation.
pub(crate) fn strike(faults: &mut Vec<Fault>, operation: Option<Operation>) -> Option<Effect> {
    let operation = operation?;
    let position = faults.iter_mut().position(|fault| {
        let meant = fault.operation == operation || fault.operation == Operation::Any;
        if meant && fault.skip > 0 {
            fault.skip -= 1;
            return false;
        }
        meant
    })?;
    let fault = &mut faults[position];
    let effect = fault.effect.clone();
    if let Some(times) = &mut fault.times {
        *times -= 1;
        if *times == 0 {
            let _spent = faults.remove(position);
        }
    }
    Some(effect)
}

//! Answers in the forms of the distribution specification.

use axum::body::Body;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::failure::{Failure, FailureKind};
use crate::route::Part;

/// An answer to a client.
pub type Answer = Response<Body>;

/// Media type of an image index.
const INDEX: &str = oci_copy::media_type::OCI_INDEX;

/// An answer without headers.
pub fn plain(status: StatusCode, body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer
}

/// The answer with one more header. A value that no header can hold is left out.
pub fn with(mut answer: Answer, name: HeaderName, value: impl AsRef<[u8]>) -> Answer {
    if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

/// An answer in JSON.
pub fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    with(plain(status, value.to_string()), CONTENT_TYPE, "application/json")
}

/// An error in the form `{"errors":[{"code","message","detail"}]}`.
pub fn error(status: StatusCode, code: &str, message: &str) -> Answer {
    json(status, &json!({"errors": [{"code": code, "message": message, "detail": {}}]}))
}

/// The answer to a request that is not served.
pub fn failure(failure: &Failure, part: &Part) -> Answer {
    let code = match (failure.kind, part) {
        (FailureKind::NameUnknown, _) => "NAME_UNKNOWN",
        (FailureKind::NotFound, Part::Manifest(_)) => "MANIFEST_UNKNOWN",
        (FailureKind::NotFound, Part::Blob(_)) => "BLOB_UNKNOWN",
        (FailureKind::NotFound, _) => "NAME_UNKNOWN",
        (FailureKind::Denied, _) => "DENIED",
        (FailureKind::Limited | FailureKind::PullLimit | FailureKind::Unavailable, _) => "UNAVAILABLE",
        (FailureKind::Damaged, _) => "UNKNOWN",
        (FailureKind::Range | FailureKind::Refused, _) => "UNSUPPORTED",
    };
    let answer = error(failure.status(), code, &failure.message);
    if failure.status() == StatusCode::SERVICE_UNAVAILABLE { with(answer, RETRY_AFTER, "5") } else { answer }
}

/// The answer to a method that is not for reading.
pub fn method_not_allowed() -> Answer {
    let message = "this proxy only reads: push to the registry itself";
    with(error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message), ALLOW, "GET, HEAD")
}

/// An index without entries: a 404 would send a client to the upstream registry.
pub fn no_referrers() -> Answer {
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []});
    with(json(StatusCode::OK, &index), CONTENT_TYPE, INDEX)
}

/// The same answer as to a HEAD: its headers with the length, and no body.
pub fn head_of(answer: Answer) -> Answer {
    use axum::body::HttpBody as _;
    let length = answer.body().size_hint().exact();
    let mut answer = answer.map(|_| Body::empty());
    if let Some(length) = length.filter(|_| !answer.headers().contains_key(CONTENT_LENGTH)) {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    answer
}

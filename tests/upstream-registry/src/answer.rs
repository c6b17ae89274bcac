//! Answers in the forms of the distribution-spec.

use axum::body::Body;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

/// An empty answer.
pub(crate) fn empty(status: StatusCode) -> Response {
    with_body(status, Body::empty())
}

pub(crate) fn with_body(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

/// An answer in JSON.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Response {
    header(with_body(status, Body::from(value.to_string())), CONTENT_TYPE, "application/json")
}

/// An error in the form `{"errors":[{"code","message","detail"}]}`.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    json(status, &json!({"errors": [{"code": code, "message": message, "detail": {}}]}))
}

/// The answer with one more header; a value that no header can hold is a fault of the test.
pub(crate) fn header(mut response: Response, name: HeaderName, value: impl AsRef<str>) -> Response {
    match HeaderValue::from_str(value.as_ref()) {
        Ok(value) => {
            response.headers_mut().append(name, value);
            response
        }
        Err(_) => {
            error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", "the double was given an impossible header")
        }
    }
}

pub(crate) fn named(response: Response, name: &'static str, value: impl AsRef<str>) -> Response {
    header(response, HeaderName::from_static(name), value)
}

pub(crate) fn name_unknown(repository: &str) -> Response {
    error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &format!("repository {repository} not known to registry"))
}

pub(crate) fn too_many(message: &str) -> Response {
    error(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", message)
}

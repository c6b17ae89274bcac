//! Blobs and their uploads.
//!
//! As ECR: GET is a redirect to a signed address on another host; PATCH answers 201 and its `Range` stays at the end
//! of the first part; an empty blob is refused; parts but the last have at least 5 MiB.

use axum::body::{Body, HttpBody};
use futures::{StreamExt, TryStreamExt};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{manifests, mounts, unsupported, upstream_blobs};
use crate::ecr::state::Upload;
use crate::forward;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{self, Reply, ServiceError};

/// ECR: smallest part of an upload but the last, in bytes.
const PART_MINIMUM: u64 = 5 * 1024 * 1024;
/// SHA-256 of nothing.
const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// How long a signed address of a blob is good, in seconds.
const ADDRESS_VALIDITY: f64 = 3600.0;
/// Path of signed addresses.
pub(crate) const SIGNED_PATH: &str = "/_layers/";

/// Size of a stored blob; `None` when it is not there.
pub(crate) async fn size(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
) -> Result<Option<u64>, ServiceError> {
    let path = format!("/v2/{name}/blobs/{digest}");
    let answer = shared.registry_call(scope, Method::HEAD, &path, HeaderMap::new(), None).await?;
    Ok(answer.status().is_success().then(|| length(answer.headers()).unwrap_or_default()))
}

/// Answers HEAD, and GET with a redirect to the blob's signed address.
pub(crate) async fn read(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
    parts: &Parts,
) -> Result<Reply, ServiceError> {
    let path = format!("/v2/{name}/blobs/{digest}");
    let answer = shared.registry_call(scope, Method::HEAD, &path, HeaderMap::new(), None).await?;
    if parts.method == Method::HEAD {
        return Ok(forward::reply(answer));
    }
    if !answer.status().is_success() {
        // HEAD has no body to explain itself.
        let answer = shared.registry_call(scope, Method::GET, &path, HeaderMap::new(), None).await?;
        return Ok(forward::reply(answer));
    }
    let key = (name.to_owned(), digest.to_owned());
    let first = shared.ecr.with(scope, |state| state.first_blobs.remove(&key));
    let address = match first {
        Some(upstream_name) => upstream_blobs::address(shared, scope, name, digest, &upstream_name)?,
        None => address(shared, scope, name, digest)?,
    };
    let mut reply = Reply::new(Body::empty());
    *reply.status_mut() = StatusCode::TEMPORARY_REDIRECT;
    let address = address.parse().map_err(|_| ServiceError::server("the address of a blob is no header"))?;
    reply.headers_mut().insert(header::LOCATION, address);
    Ok(reply)
}

/// The signed address of a blob.
///
/// Another host name than the one clients use: they must not send their Authorization there.
pub(crate) fn address(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
) -> Result<String, ServiceError> {
    let claims = json!({
        "account": scope.account,
        "region": scope.region,
        "path": format!("/v2/{name}/blobs/{digest}"),
        "expires": shared.clock.now().as_secs_f64() + ADDRESS_VALIDITY,
    });
    let token = shared.token_key.seal(&claims)?;
    Ok(format!("http://localhost:{}{SIGNED_PATH}{token}", shared.address.port()))
}

/// Serves a signed address as S3 does: GET alone, no second authentication, ranges.
pub(crate) async fn signed(shared: &Shared, parts: &Parts) -> Result<Reply, ServiceError> {
    let denied = || ServiceError::with_status(403, "AccessDenied", "Access Denied");
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(ServiceError::new("InvalidArgument", "Only one auth mechanism allowed"));
    }
    if parts.method != Method::GET {
        return Err(ServiceError::with_status(403, "SignatureDoesNotMatch", "The address is signed for GET"));
    }
    let token = parts.uri.path().strip_prefix(SIGNED_PATH).ok_or_else(denied)?;
    let claims = shared.token_key.open(token).ok_or_else(denied)?;
    if claims["expires"].as_f64().is_none_or(|expires| expires <= shared.clock.now().as_secs_f64()) {
        return Err(ServiceError::with_status(403, "AccessDenied", "Request has expired"));
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let scope = Scope { account: text("account"), region: text("region") };
    let answer = shared.registry_call(&scope, Method::GET, &text("path"), HeaderMap::new(), None).await?;
    if !answer.status().is_success() {
        return Err(ServiceError::with_status(404, "NoSuchKey", "The specified key does not exist."));
    }
    let total = length(answer.headers()).unwrap_or_default();
    let wanted = parts.headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let mut reply = forward::reply(answer);
    reply.headers_mut().remove("docker-content-digest");
    reply.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let Some(wanted) = wanted else { return Ok(reply) };
    let Some((first, last)) = range(wanted, total) else {
        return Err(ServiceError::with_status(416, "InvalidRange", "The range is not satisfiable"));
    };
    Ok(cut(reply, first, last, total))
}

/// First and last byte of a `Range` header with one range.
fn range(header: &str, total: u64) -> Option<(u64, u64)> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = match (first, last) {
        ("", suffix) => (total.saturating_sub(suffix.parse().ok()?), total.checked_sub(1)?),
        (first, "") => (first.parse().ok()?, total.checked_sub(1)?),
        (first, last) => (first.parse().ok()?, last.parse::<u64>().ok()?.min(total.checked_sub(1)?)),
    };
    (first <= last).then_some((first, last))
}

/// The bytes from `first` to `last` of a body, as 206.
fn cut(reply: Reply, first: u64, last: u64, total: u64) -> Reply {
    let (mut parts, body) = reply.into_parts();
    parts.status = StatusCode::PARTIAL_CONTENT;
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(last - first + 1));
    if let Ok(value) = format!("bytes {first}-{last}/{total}").parse() {
        parts.headers.insert(header::CONTENT_RANGE, value);
    }
    let mut position = 0_u64;
    let pieces = body.into_data_stream().map_ok(move |piece| {
        let start = position;
        position += piece.len() as u64;
        // Both bounds lie within the piece, whose length is a usize.
        let inside = |byte: u64| usize::try_from(byte.clamp(start, position) - start).unwrap_or(piece.len());
        piece.slice(inside(first)..inside(last + 1))
    });
    let pieces = pieces.filter(|piece| {
        let keep = piece.as_ref().map_or(true, |piece| !piece.is_empty());
        std::future::ready(keep)
    });
    Reply::from_parts(parts, Body::from_stream(pieces))
}

/// Answers POST: an upload, or 201 for a mount that ECR would make.
pub(crate) async fn start(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    parts: &Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    manifests::create_on_push(shared, scope, name).await?;
    let query = |wanted: &str| {
        url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
            .find(|(key, _)| key == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let mut path = format!("/v2/{name}/blobs/uploads/");
    let mut finished = None;
    if let (Some(digest), Some(from)) = (query("mount"), query("from")) {
        if mounts::allowed(shared, scope, name, &from, &digest).await? {
            path = format!("{path}?mount={digest}&from={from}");
            finished = Some(digest);
        }
    } else if let Some(digest) = query("digest") {
        refuse_empty(&digest)?;
        path = format!("{path}?digest={digest}");
        finished = Some(digest);
    }
    let answer = send(shared, scope, Method::POST, &path, parts, body).await?;
    if let (StatusCode::CREATED, Some(digest)) = (answer.status(), finished) {
        remember(shared, scope, name, &digest);
    } else if let Some(id) = upload_id(answer.headers()) {
        shared.ecr.with(scope, |state| state.uploads.insert(id, Upload::default()));
    }
    Ok(forward::reply(answer))
}

/// Answers PATCH, one part of an upload.
pub(crate) async fn patch(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    let upload = upload(shared, scope, id)?;
    let begin = parts
        .headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.trim_start_matches("bytes ").split('-').next()?.parse::<u64>().ok());
    if let Some(begin) = begin.filter(|begin| *begin != upload.received) {
        let message = format!("First byte of the layer part is {begin} instead of {}", upload.received);
        return Err(ServiceError::with_status(416, "BLOB_UPLOAD_INVALID", message));
    }
    refuse_small_part(&upload)?;
    let path = format!("/v2/{name}/blobs/uploads/{id}");
    let answer = send(shared, scope, Method::PATCH, &path, parts, body).await?;
    if !answer.status().is_success() {
        return Ok(forward::reply(answer));
    }
    let end = answer
        .headers()
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok()?.split('-').nth(1)?.parse::<u64>().ok())
        .unwrap_or_default();
    let first_end = shared.ecr.with(scope, |state| {
        let upload = state.uploads.entry(id.to_owned()).or_default();
        upload.last_part = (end + 1).saturating_sub(upload.received);
        upload.received = end + 1;
        *upload.first_end.get_or_insert(end)
    });
    let mut reply = forward::reply(answer);
    *reply.status_mut() = StatusCode::CREATED;
    if let Ok(value) = format!("0-{first_end}").parse() {
        reply.headers_mut().insert(header::RANGE, value);
    }
    Ok(reply)
}

/// Answers PUT, the end of an upload, with the last part or the whole blob as its body.
pub(crate) async fn complete(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    id: &str,
    parts: &Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    let digest = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes())
        .find(|(key, _)| key == "digest")
        .map(|(_, value)| value.into_owned())
        .ok_or_else(|| unsupported("the digest is missing"))?;
    refuse_empty(&digest)?;
    let upload = upload(shared, scope, id)?;
    if !body.is_end_stream() {
        refuse_small_part(&upload)?;
    }
    let path = format!("/v2/{name}/blobs/uploads/{id}?digest={digest}");
    let answer = send(shared, scope, Method::PUT, &path, parts, body).await?;
    if answer.status() == StatusCode::CREATED {
        shared.ecr.with(scope, |state| state.uploads.remove(id));
        remember(shared, scope, name, &digest);
    }
    Ok(forward::reply(answer))
}

/// Notes that the repository holds the blob.
pub(crate) fn remember(shared: &Shared, scope: &Scope, name: &str, digest: &str) {
    shared.ecr.with(scope, |state| {
        state.stored.entry(name.to_owned()).or_default().blobs.insert(digest.to_owned());
    });
}

async fn send(
    shared: &Shared,
    scope: &Scope,
    method: Method,
    path: &str,
    parts: &Parts,
    body: Body,
) -> Result<reqwest::Response, ServiceError> {
    let mut headers = HeaderMap::new();
    if let Some(length) = parts.headers.get(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, length.clone());
    }
    let stream = (!body.is_end_stream()).then(|| reqwest::Body::wrap_stream(body.into_data_stream()));
    shared.registry_call(scope, method, path, headers, stream).await
}

fn upload(shared: &Shared, scope: &Scope, id: &str) -> Result<Upload, ServiceError> {
    let upload = shared.ecr.with(scope, |state| state.uploads.get(id).copied());
    upload.ok_or_else(|| ServiceError::with_status(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload"))
}

/// Only the last part may be small, and whether one was the last shows when the next comes.
fn refuse_small_part(upload: &Upload) -> Result<(), ServiceError> {
    if upload.received > 0 && upload.last_part < PART_MINIMUM {
        let message = format!("A layer part of {} bytes is too small", upload.last_part);
        return Err(ServiceError::with_status(400, "BLOB_UPLOAD_INVALID", message));
    }
    Ok(())
}

fn refuse_empty(digest: &str) -> Result<(), ServiceError> {
    if digest == EMPTY { Err(unsupported("a layer must have at least one byte")) } else { Ok(()) }
}

fn upload_id(headers: &HeaderMap) -> Option<String> {
    Some(headers.get("docker-upload-uuid")?.to_str().ok()?.to_owned())
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Errors of a signed address are S3's.
pub(crate) fn signed_error(error: &ServiceError) -> Reply {
    reply::error("s3", error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn range_forms_are_read_and_clipped() {
        assert_eq!(range("bytes=0-3", 10), Some((0, 3)));
        assert_eq!(range("bytes=4-", 10), Some((4, 9)));
        assert_eq!(range("bytes=-2", 10), Some((8, 9)));
        assert_eq!(range("bytes=0-99", 10), Some((0, 9)));
        assert_eq!(range("bytes=10-", 10), None);
        assert_eq!(range("bytes=0-", 0), None);
    }
}

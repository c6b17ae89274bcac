//! Reading: manifests, blobs, tags (distribution-spec, sections "Pull" and "Content Discovery").

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Query;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, LINK, LOCATION, RANGE};
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;

use crate::answer::{self, header, named};
use crate::builder::Behaviour;
use crate::fault::Effect;
use crate::rate;
use crate::route::{is_digest, is_tag};
use crate::server::Shared;
use crate::store::{Blob, sha256};

/// Most entries that a client may ask for in one page.
const PAGE_LIMIT: usize = 1000;

pub(crate) fn manifest(
    shared: &Shared,
    parts: &Parts,
    client: IpAddr,
    repository: &str,
    reference: &str,
    effect: Option<&Effect>,
) -> Response {
    if !is_digest(reference) && !is_tag(reference) {
        return answer::error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", "neither tag nor digest");
    }
    let is_get = parts.method == Method::GET;
    let mut state = shared.state();
    let limit = shared.config.rate_limit.as_ref();
    if let Some(limit) = limit
        && is_get
        && !state.usage.pull(limit, client)
    {
        return state.usage.announce(limit, client, rate::exceeded());
    }
    let Some(found) = state.repositories.get(repository) else { return answer::name_unknown(repository) };
    let accepted = |media_type: &str| accepts(parts, media_type);
    let Some((digest, stored)) = found.manifest(reference).filter(|(_, stored)| accepted(&stored.media_type))
    else {
        return answer::error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown to registry");
    };
    let mut bytes = stored.bytes.clone();
    let mut said = Some(digest.to_owned());
    match effect {
        Some(Effect::Corrupt) => bytes = corrupted(&bytes),
        Some(Effect::WrongDigestHeader) => said = Some(sha256(b"something else")),
        Some(Effect::NoDigestHeader) => said = None,
        _ if is_get && shared.config.behaviour == Behaviour::Ecr => said = None,
        _ => {}
    }
    let length = bytes.len().to_string();
    let cut = effect.filter(|effect| matches!(effect, Effect::Cut { .. }));
    let body = if is_get { body_of(Blob::Bytes(bytes), 0, None, cut) } else { Body::empty() };
    let response = header(answer::with_body(StatusCode::OK, body), CONTENT_TYPE, &stored.media_type);
    let response = header(response, CONTENT_LENGTH, length);
    let response = match said {
        Some(said) => named(response, "docker-content-digest", said),
        None => response,
    };
    match limit {
        Some(limit) => state.usage.announce(limit, client, response),
        None => response,
    }
}

/// True when `Accept` names the media type, or everything, or is absent.
fn accepts(parts: &Parts, media_type: &str) -> bool {
    let mut named = parts.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    if named.peek().is_none() {
        return true;
    }
    named.flat_map(|value| value.split(',')).any(|entry| {
        let entry = entry.split(';').next().unwrap_or_default().trim();
        entry == media_type || entry == "*/*" || entry == "application/*"
    })
}

pub(crate) fn blob(
    shared: &Shared,
    parts: &Parts,
    repository: &str,
    digest: &str,
    effect: Option<&Effect>,
) -> Response {
    if !is_digest(digest) {
        return answer::error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "the digest is not sha256:hex");
    }
    let state = shared.state();
    let Some(found) = state.repositories.get(repository) else { return answer::name_unknown(repository) };
    let Some(blob) = found.blobs.get(digest) else {
        return answer::error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    if let (Some(store), &Method::GET) = (shared.store_address, &parts.method) {
        let location = format!("http://{store}/_blob/{digest}?X-Amz-Signature=1");
        return header(answer::empty(StatusCode::TEMPORARY_REDIRECT), LOCATION, location);
    }
    let blob = blob.clone();
    drop(state);
    send_blob(shared, parts, blob, digest, effect)
}

/// A blob at its storage address, whichever repository holds it.
pub(crate) fn stored_blob(
    shared: &Arc<Shared>,
    parts: &Parts,
    digest: &str,
    effect: Option<&Effect>,
) -> Response {
    let found =
        shared.state().repositories.values().find_map(|repository| repository.blobs.get(digest).cloned());
    match found {
        Some(blob) => send_blob(shared, parts, blob, digest, effect),
        None => answer::error(StatusCode::NOT_FOUND, "NoSuchKey", "no such blob"),
    }
}

fn send_blob(shared: &Shared, parts: &Parts, blob: Blob, digest: &str, effect: Option<&Effect>) -> Response {
    let size = blob.size();
    let range = parts
        .headers
        .get(RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| range_of(value, size));
    let (status, start, end) = match range {
        Some((start, end)) => (StatusCode::PARTIAL_CONTENT, start, end),
        None => (StatusCode::OK, 0, size),
    };
    if parts.method == Method::GET {
        shared.state().blob_bytes_sent += end - start;
    }
    let body =
        if parts.method == Method::GET { body_of(blob, start, Some(end), effect) } else { Body::empty() };
    let response = header(answer::with_body(status, body), CONTENT_TYPE, "application/octet-stream");
    let response = header(response, CONTENT_LENGTH, (end - start).to_string());
    let response = named(response, "accept-ranges", "bytes");
    let response = named(response, "docker-content-digest", digest);
    if status == StatusCode::PARTIAL_CONTENT {
        header(response, CONTENT_RANGE, format!("bytes {start}-{}/{size}", end - 1))
    } else {
        response
    }
}

/// `bytes=first-last` as half-open range within the blob.
fn range_of(value: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let first: u64 = first.parse().ok()?;
    let last = if last.is_empty() {
        size.checked_sub(1)?
    } else {
        last.parse::<u64>().ok()?.min(size.checked_sub(1)?)
    };
    (first <= last).then_some((first, last + 1))
}

fn corrupted(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    // The last byte: whoever passes on all but it has passed on a wrong blob unnoticed.
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    Bytes::from(bytes)
}

/// The body from `start` to `end`, piece by piece, cut or corrupted as the fault says.
fn body_of(blob: Blob, start: u64, end: Option<u64>, effect: Option<&Effect>) -> Body {
    let end = end.unwrap_or_else(|| blob.size());
    let cut = match effect {
        Some(Effect::Cut { after }) => Some(start + after),
        _ => None,
    };
    let corrupt = matches!(effect, Some(Effect::Corrupt));
    let limit = cut.unwrap_or(end).min(end);
    Body::from_stream(stream::try_unfold(start, move |offset| {
        let blob = blob.clone();
        async move {
            if offset >= limit {
                if cut.is_none() {
                    return Ok(None);
                }
                // What was handed over before must leave the buffers first.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                return Err(std::io::Error::other("cut by a fault"));
            }
            let mut piece = blob.piece(offset);
            piece.truncate(usize::try_from(limit - offset).unwrap_or(usize::MAX));
            let next = offset + piece.len() as u64;
            if piece.is_empty() {
                return Ok(None);
            }
            if corrupt && next >= end {
                piece = corrupted(&piece);
            }
            Ok(Some((piece, next)))
        }
    }))
}

pub(crate) fn tags(shared: &Shared, parts: &Parts, repository: &str) -> Response {
    let state = shared.state();
    let Some(found) = state.repositories.get(repository) else { return answer::name_unknown(repository) };
    let (tags, next) = match page(shared, parts, found.tags.keys().collect()) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let response = answer::json(StatusCode::OK, &json!({"name": repository, "tags": tags}));
    linked(response, parts, next)
}

/// What follows a page: how many entries were asked for, and the cursor.
pub(crate) type Next = Option<(usize, usize)>;

/// The page of `entries` that the request asks for by `n` and `last`.
pub(crate) fn page<T>(shared: &Shared, parts: &Parts, entries: Vec<T>) -> Result<(Vec<T>, Next), Response> {
    let Ok(Query(query)) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri) else {
        return Err(answer::error(StatusCode::BAD_REQUEST, "UNSUPPORTED", "the query cannot be read"));
    };
    let value = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let unsupported = |message| answer::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message);
    let asked = match value("n").map(str::parse::<usize>) {
        None => shared.config.page_size,
        Some(Ok(asked)) if asked <= PAGE_LIMIT => asked.min(shared.config.page_size),
        Some(_) => return Err(unsupported("n is at most 1000")),
    };
    // The cursor is opaque, as ECR's is: a client that makes one from the last entry gets nothing.
    let start = match value("last") {
        None => 0,
        Some(cursor) => match cursor.strip_prefix("cursor-").and_then(|at| at.parse().ok()) {
            Some(at) => at,
            None => return Err(unsupported("last is no cursor")),
        },
    };
    let all = entries.len();
    let page: Vec<T> = entries.into_iter().skip(start).take(asked).collect();
    let end = start + page.len();
    Ok((page, (end < all).then_some((asked, end))))
}

/// The answer with a `Link` to what follows.
pub(crate) fn linked(response: Response, parts: &Parts, next: Next) -> Response {
    let Some((asked, end)) = next else { return response };
    header(response, LINK, format!("<{}?n={asked}&last=cursor-{end}>; rel=\"next\"", parts.uri.path()))
}

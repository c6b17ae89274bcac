//! Writing: uploads, mounts, manifests (distribution-spec, section "Push").

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::Query;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::StatusCode;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, LOCATION, RANGE, TRANSFER_ENCODING};
use http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::answer::{self, header, named};
use crate::auth::Grant;
use crate::builder::Behaviour;
use crate::manifest as read;
use crate::route::{is_digest, is_tag};
use crate::server::Shared;
use crate::store::{Blob, StoredManifest, digest_text, sha256};

/// Largest manifest.
const MANIFEST_LIMIT: usize = 4 * 1024 * 1024;
/// Uploads larger than this are not kept when the registry discards blobs.
const KEEP_LIMIT: usize = 1024 * 1024;

/// An upload that has begun.
#[derive(Debug, Default)]
pub(crate) struct Uploading {
    repository: String,
    hasher: Sha256,
    size: u64,
    /// The bytes, until they are too many to keep.
    kept: Option<Vec<u8>>,
    /// Position after the first part, which ECR repeats for ever.
    first_part: Option<u64>,
}

impl Uploading {
    fn take(&mut self, piece: &[u8], discard: bool) {
        self.hasher.update(piece);
        self.size += piece.len() as u64;
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
            if discard && kept.len() > KEEP_LIMIT {
                self.kept = None;
            }
        }
    }
}

fn query(parts: &Parts, name: &str) -> Option<String> {
    let Query(query) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).ok()?;
    query.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn upload_unknown() -> Response {
    answer::error(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
}

fn location(response: Response, repository: &str, id: &str) -> Response {
    header(response, LOCATION, format!("/v2/{repository}/blobs/uploads/{id}"))
}

fn created_blob(repository: &str, digest: &str) -> Response {
    let response =
        header(answer::empty(StatusCode::CREATED), LOCATION, format!("/v2/{repository}/blobs/{digest}"));
    named(response, "docker-content-digest", digest)
}

/// `POST /v2/<name>/blobs/uploads/[?mount=…&from=…]`.
pub(crate) fn open(shared: &Shared, parts: &Parts, repository: &str, grant: &Grant) -> Response {
    let mut state = shared.state();
    if !state.repositories.contains_key(repository) {
        if shared.config.behaviour == Behaviour::Ecr {
            return answer::name_unknown(repository);
        }
        state.repositories.entry(repository.to_owned()).or_default();
    }
    if let (Some(digest), Some(from)) = (query(parts, "mount"), query(parts, "from")) {
        let found = state
            .repositories
            .get(&from)
            .filter(|source| shared.config.mount && grant.allows(&from, "pull") && source.references(&digest))
            .and_then(|source| source.blobs.get(&digest).cloned());
        if let Some(blob) = found {
            state.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.clone(), blob);
            return created_blob(repository, &digest);
        }
    }
    let id = format!("upload-{}", state.next());
    let upload =
        Uploading { repository: repository.to_owned(), kept: Some(Vec::new()), ..Uploading::default() };
    state.uploads.insert(id.clone(), upload);
    let response = header(answer::empty(StatusCode::ACCEPTED), RANGE, "0-0");
    location(named(response, "docker-upload-uuid", &id), repository, &id)
}

/// `GET` of an upload: how far it came.
pub(crate) fn status(shared: &Shared, repository: &str, id: &str) -> Response {
    let state = shared.state();
    match state.uploads.get(id).filter(|upload| upload.repository == repository) {
        Some(upload) if shared.config.behaviour == Behaviour::Plain => {
            let range = format!("0-{}", upload.size.saturating_sub(1));
            location(header(answer::empty(StatusCode::NO_CONTENT), RANGE, range), repository, id)
        }
        _ => upload_unknown(),
    }
}

/// `PATCH` of an upload: one more part.
pub(crate) async fn patch(
    shared: &Arc<Shared>,
    parts: &Parts,
    repository: &str,
    id: &str,
    body: Body,
) -> Response {
    let Some(mut upload) = take_upload(shared, repository, id) else { return upload_unknown() };
    let first = parts.headers.get(CONTENT_RANGE).and_then(|value| value.to_str().ok()).and_then(|value| {
        value.trim_start_matches("bytes ").split('-').next().and_then(|first| first.parse::<u64>().ok())
    });
    if first.is_some_and(|first| first != upload.size) {
        let message = format!("first byte of the part is not {}", upload.size);
        shared.state().uploads.insert(id.to_owned(), upload);
        return answer::error(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", &message);
    }
    if !receive(shared, &mut upload, body).await {
        return answer::error(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", "the body broke off");
    }
    let end = *upload.first_part.get_or_insert(upload.size);
    let (status, end) = match shared.config.behaviour {
        Behaviour::Plain => (StatusCode::ACCEPTED, upload.size),
        Behaviour::Ecr => (StatusCode::CREATED, end),
    };
    shared.state().uploads.insert(id.to_owned(), upload);
    location(header(answer::empty(status), RANGE, format!("0-{}", end.saturating_sub(1))), repository, id)
}

/// `PUT` of an upload: the rest of it, or all, and its digest.
pub(crate) async fn finish(
    shared: &Arc<Shared>,
    parts: &Parts,
    repository: &str,
    id: &str,
    body: Body,
) -> Response {
    let Some(mut upload) = take_upload(shared, repository, id) else { return upload_unknown() };
    let Some(digest) = query(parts, "digest").filter(|digest| is_digest(digest)) else {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "DIGEST_INVALID",
            "the digest is missing or malformed",
        );
    };
    if parts.headers.contains_key(TRANSFER_ENCODING) {
        return answer::error(StatusCode::LENGTH_REQUIRED, "SIZE_INVALID", "Content-Length is missing");
    }
    if !receive(shared, &mut upload, body).await {
        return answer::error(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", "the body broke off");
    }
    let actual = digest_text(&upload.hasher.finalize());
    if actual != digest && !shared.config.careless {
        return answer::error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "provided digest did not match");
    }
    if upload.size == 0 && shared.config.behaviour == Behaviour::Ecr {
        return answer::error(
            StatusCode::BAD_REQUEST,
            "BLOB_UPLOAD_INVALID",
            "an empty layer is not accepted",
        );
    }
    let blob = match upload.kept {
        Some(kept) => Blob::Bytes(Bytes::from(kept)),
        None => Blob::Discarded { size: upload.size },
    };
    let mut state = shared.state();
    state.repositories.entry(repository.to_owned()).or_default().blobs.insert(digest.clone(), blob);
    created_blob(repository, &digest)
}

/// `DELETE` of an upload.
pub(crate) fn cancel(shared: &Shared, id: &str) -> Response {
    match shared.state().uploads.remove(id) {
        Some(_) => answer::empty(StatusCode::NO_CONTENT),
        None => upload_unknown(),
    }
}

/// An upload is taken out while it is written to: what breaks off is gone, and two cannot write at once.
fn take_upload(shared: &Shared, repository: &str, id: &str) -> Option<Uploading> {
    let mut state = shared.state();
    if state.uploads.get(id)?.repository != repository {
        return None;
    }
    state.uploads.remove(id)
}

async fn receive(shared: &Shared, upload: &mut Uploading, body: Body) -> bool {
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else { return false };
        shared.state().blob_bytes_received += piece.len() as u64;
        upload.take(&piece, shared.config.discard_blobs);
    }
    true
}

/// `PUT /v2/<name>/manifests/<reference>`.
pub(crate) async fn manifest(
    shared: &Arc<Shared>,
    parts: &Parts,
    repository: &str,
    reference: &str,
    body: Body,
) -> Response {
    let Ok(bytes) = to_bytes(body, MANIFEST_LIMIT).await else {
        return answer::error(StatusCode::PAYLOAD_TOO_LARGE, "SIZE_INVALID", "the manifest is too large");
    };
    let media_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let digest = sha256(&bytes);
    let mut state = shared.state();
    if let Some(limit) = shared.config.manifest_puts_per_second {
        let now = Instant::now();
        while state.manifest_puts.front().is_some_and(|put| now - *put >= Duration::from_secs(1)) {
            state.manifest_puts.pop_front();
        }
        if state.manifest_puts.len() >= limit {
            return answer::too_many("Rate exceeded");
        }
        state.manifest_puts.push_back(now);
    }
    if shared.config.behaviour == Behaviour::Plain {
        state.repositories.entry(repository.to_owned()).or_default();
    }
    let Some(found) = state.repositories.get_mut(repository) else { return answer::name_unknown(repository) };
    let invalid = |message: &str| answer::error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", message);
    if !read::is_json(&bytes) {
        return invalid("the manifest is not JSON");
    }
    if media_type.is_empty() || read::media_type(&bytes).is_some_and(|own| own != media_type) {
        return invalid("Content-Type is not the manifest's own mediaType");
    }
    if is_digest(reference) {
        if reference != digest {
            return answer::error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "provided digest did not match");
        }
    } else if !is_tag(reference) {
        return answer::error(StatusCode::BAD_REQUEST, "TAG_INVALID", "the tag breaks the grammar");
    } else if found.immutable_tags && found.tags.contains_key(reference) {
        let message = format!("tag {reference} exists in {repository} and cannot be overwritten");
        return answer::error(StatusCode::BAD_REQUEST, "TAG_INVALID", &message);
    }
    if let Some(blob) = read::blobs(&bytes).iter().find(|blob| !found.blobs.contains_key(*blob)) {
        let message = format!("{blob} is unknown to the repository");
        return answer::error(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", &message);
    }
    if let Some(child) = read::children(&bytes).iter().find(|child| !found.manifests.contains_key(*child)) {
        let message = format!("{child}, which the index needs, is unknown to the repository");
        return answer::error(StatusCode::NOT_FOUND, "MANIFEST_BLOB_UNKNOWN", &message);
    }
    if shared.config.behaviour == Behaviour::Ecr
        && read::artifact_type(&bytes).is_some_and(|own| own.contains(';'))
    {
        let message = "Invalid parameter at 'artifactType'";
        return answer::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message);
    }
    let subject = read::subject(&bytes).filter(|_| shared.config.referrers_api);
    let stored = StoredManifest { media_type: media_type.to_owned(), bytes };
    found.manifests.insert(digest.clone(), stored);
    if !is_digest(reference) {
        found.tags.insert(reference.to_owned(), digest.clone());
    }
    let response = named(answer::empty(StatusCode::CREATED), "docker-content-digest", &digest);
    let response = match subject {
        Some(subject) => named(response, "oci-subject", subject),
        None => response,
    };
    match shared.config.behaviour {
        Behaviour::Plain => header(response, LOCATION, format!("/v2/{repository}/manifests/{digest}")),
        Behaviour::Ecr => response,
    }
}

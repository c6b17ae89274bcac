//! What refers to a manifest: the list of it, and artifacts made for tests (distribution-spec, sections "Listing
//! Referrers" and "Referrers Tag Schema").

use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::answer;
use crate::manifest;
use crate::pull;
use crate::route::is_digest;
use crate::server::{Shared, State};
use crate::store::{Blob, StoredManifest, sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// `GET /v2/<name>/referrers/<digest>`, page by page; without the filter, which is optional.
pub(crate) fn list(shared: &Shared, parts: &Parts, repository: &str, digest: &str) -> Response {
    if !shared.config.referrers_api {
        return answer::error(StatusCode::NOT_FOUND, "NOT_FOUND", "no such resource");
    }
    if !is_digest(digest) {
        return answer::error(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "not a digest");
    }
    let state = shared.state();
    let Some(found) = state.repositories.get(repository) else { return answer::name_unknown(repository) };
    let about = |stored: &StoredManifest| manifest::subject(&stored.bytes).as_deref() == Some(digest);
    let referrers = found.manifests.values().filter(|stored| about(stored)).map(described).collect();
    let (page, next) = match pull::page(shared, parts, referrers) {
        Ok(page) => page,
        Err(refusal) => return refusal,
    };
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": page});
    let mut response = answer::json(StatusCode::OK, &index);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(INDEX));
    pull::linked(response, parts, next)
}

/// The entry of a manifest in such a list.
fn described(stored: &StoredManifest) -> Value {
    let mut entry = json!({
        "mediaType": stored.media_type, "digest": sha256(&stored.bytes), "size": stored.bytes.len(),
    });
    if let Some(artifact_type) = manifest::artifact_type(&stored.bytes) {
        entry["artifactType"] = json!(artifact_type);
    }
    if let Some(annotations) = manifest::annotations(&stored.bytes) {
        entry["annotations"] = annotations;
    }
    entry
}

/// Stores an artifact about `subject`.
pub(crate) fn add(
    state: &mut State,
    name: &str,
    subject: &str,
    artifact_type: &str,
    keep_list: bool,
) -> String {
    let config = blob(state, name, EMPTY, "{}");
    let number = state.next();
    let layer = blob(state, name, "application/vnd.example.layer", &format!("{artifact_type} {number}"));
    let about = state.repositories.get(name).and_then(|found| found.manifest(subject));
    let about = about.map_or_else(
        || json!({"mediaType": MANIFEST, "digest": subject, "size": 2}),
        |(digest, stored)| {
            json!({"mediaType": stored.media_type, "digest": digest, "size": stored.bytes.len()})
        },
    );
    let artifact = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "config": config,
        "layers": [layer], "subject": about, "annotations": {"example.number": number.to_string()},
    });
    let digest = state.add_manifest(name, None, MANIFEST, Bytes::from(artifact.to_string()));
    if keep_list {
        let tag = subject.replacen(':', "-", 1);
        let found = state.repositories.get(name);
        let listed = found.and_then(|found| found.manifest(&tag)).map(|(_, stored)| stored.bytes.clone());
        let listed = listed.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let mut index =
            listed.unwrap_or_else(|| json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}));
        let stored = found.and_then(|found| found.manifests.get(&digest));
        if let (Some(entries), Some(stored)) = (index["manifests"].as_array_mut(), stored) {
            entries.push(described(stored));
        }
        state.add_manifest(name, Some(&tag), INDEX, Bytes::from(index.to_string()));
    }
    digest
}

/// Stores an artifact under cosign's tag; it names no subject.
pub(crate) fn add_cosign(state: &mut State, name: &str, subject: &str, suffix: &str) -> String {
    let config = blob(state, name, "application/vnd.oci.image.config.v1+json", "{}");
    let text = format!("{suffix} of {subject}, number {}", state.next());
    let layer = blob(state, name, "application/vnd.dev.cosign.simplesigning.v1+json", &text);
    let artifact = json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
    let tag = format!("{}.{suffix}", subject.replacen(':', "-", 1));
    state.add_manifest(name, Some(&tag), MANIFEST, Bytes::from(artifact.to_string()))
}

fn blob(state: &mut State, name: &str, media_type: &str, text: &str) -> Value {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let (digest, size) = (sha256(&bytes), bytes.len());
    let repository = state.repositories.entry(name.to_owned()).or_default();
    repository.blobs.insert(digest.clone(), Blob::Bytes(bytes));
    json!({"mediaType": media_type, "digest": digest, "size": size})
}

//! Manifests of `/v2/`: as ECR, stricter than ministack.
//!
//! Differences from the distribution specification: no `Location` on PUT, `Docker-Content-Digest` on HEAD but not on
//! GET, a tag of an immutable repository is refused even with the digest it has, and at most ten PUTs in a second.

use std::collections::BTreeSet;

use axum::body::{Body, Bytes};
use http::request::Parts;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{blobs, conversion, pull_through, referrers, unsupported};
use crate::dispatch::collect;
use crate::ecr::{images, put_image_rate, repositories, repository_creation_templates, storage_class};
use crate::forward;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{Reply, ServiceError};

/// ECR's limit of a manifest, in bytes.
const MANIFEST_LIMIT: usize = 4_194_304;
const DOCKER_CONTENT_DIGEST: &str = "docker-content-digest";

/// Why a manifest is not stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the repository does not exist")]
    NameUnknown,
    #[error("the manifest is invalid: {0}")]
    Manifest(String),
    #[error("the tag {0} is invalid")]
    Tag(String),
    #[error("the digest is not that of the manifest")]
    Digest,
    #[error("the manifest refers to unknown blobs: {}", .0.join(", "))]
    Blobs(Vec<String>),
    #[error("the index refers to unknown manifests: {}", .0.join(", "))]
    Children(Vec<String>),
    /// A media type or artifact type with parameters: sigstore-js issue 1058.
    #[error("Invalid parameter at 'ImageManifest': {0}")]
    Parameters(String),
    #[error("the tag {0} exists and is immutable")]
    ImmutableTag(String),
    #[error(transparent)]
    Emulator(#[from] ServiceError),
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match &refusal {
            Refusal::NameUnknown => (404, "NAME_UNKNOWN"),
            Refusal::Manifest(_) => (400, "MANIFEST_INVALID"),
            Refusal::Tag(_) | Refusal::ImmutableTag(_) => (400, "TAG_INVALID"),
            Refusal::Digest => (400, "DIGEST_INVALID"),
            Refusal::Blobs(_) | Refusal::Children(_) => (404, "MANIFEST_BLOB_UNKNOWN"),
            Refusal::Parameters(_) => return unsupported(&refusal.to_string()),
            Refusal::Emulator(error) => return error.clone(),
        };
        Self::with_status(status, code, refusal.to_string())
    }
}

/// Answers GET and HEAD; by tag through the cache, by digest from the store alone.
pub(crate) async fn read(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
    parts: &Parts,
) -> Result<Reply, ServiceError> {
    if !is_digest(reference) {
        pull_through::refresh(shared, scope, name, reference).await?;
    }
    refuse_archived(shared, scope, name, reference).await?;
    let path = format!("/v2/{name}/manifests/{reference}");
    let mut headers = HeaderMap::new();
    for accept in parts.headers.get_all(header::ACCEPT) {
        headers.append(header::ACCEPT, accept.clone());
    }
    let answer = shared.registry_call(scope, parts.method.clone(), &path, headers, None).await?;
    let stored = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let converted = stored.filter(|_| !is_digest(reference) && answer.status().is_success());
    let mut reply = match converted.and_then(|stored| conversion::wanted(stored, &parts.headers)) {
        Some(into) => {
            let (manifest, _) = fetch(shared, scope, name, reference).await?;
            conversion::reply(&parts.method, &manifest, into)?
        }
        None => forward::reply(answer),
    };
    if parts.method == Method::GET {
        reply.headers_mut().remove(DOCKER_CONTENT_DIGEST);
    }
    Ok(reply)
}

/// Nobody pulls from the archive.
async fn refuse_archived(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
) -> Result<(), ServiceError> {
    if !shared.ecr.with(scope, |state| state.archived.keys().any(|(repository, _)| repository == name)) {
        return Ok(());
    }
    let kind = if is_digest(reference) { "imageDigest" } else { "imageTag" };
    let id = serde_json::json!({kind: reference});
    let images = images::all(shared, scope, name).await.map_err(name_unknown)?;
    match images.iter().find(|image| image.matches(&id)) {
        Some(image) if storage_class::status(shared, scope, name, &image.digest) != "ACTIVE" => {
            Err(ServiceError::with_status(404, "MANIFEST_UNKNOWN", "the image is in the archive"))
        }
        _ => Ok(()),
    }
}

/// Answers PUT.
pub(crate) async fn put(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
    parts: &Parts,
    body: Body,
) -> Result<Reply, ServiceError> {
    if !put_image_rate::take(shared, scope) {
        return Err(ServiceError::with_status(429, "TOOMANYREQUESTS", "Rate exceeded"));
    }
    let manifest = collect(body).await?;
    let media_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or("application/vnd.docker.distribution.manifest.v2+json").to_owned();
    create_on_push(shared, scope, name).await?;
    let subject = referrers::subject(&manifest).filter(|_| shared.serves_referrers(&scope.account));
    let digest = store(shared, scope, name, reference, &media_type, manifest).await?;
    let mut reply = Reply::new(Body::empty());
    if let Some(Ok(value)) = subject.map(|subject| subject.parse()) {
        reply.headers_mut().insert("oci-subject", value);
    }
    *reply.status_mut() = StatusCode::CREATED;
    if let Ok(value) = digest.parse() {
        reply.headers_mut().insert(DOCKER_CONTENT_DIGEST, value);
    }
    Ok(reply)
}

/// Answers DELETE.
pub(crate) async fn delete(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
) -> Result<Reply, ServiceError> {
    let id = if is_digest(reference) {
        serde_json::json!({"imageDigest": reference})
    } else {
        serde_json::json!({"imageTag": reference})
    };
    let input = serde_json::json!({"repositoryName": name, "imageIds": [id]});
    let output = images::batch_delete(shared, scope, &input).await.map_err(name_unknown)?;
    match output["failures"][0]["failureReason"].as_str() {
        Some(reason) => Err(ServiceError::with_status(404, "MANIFEST_UNKNOWN", reason)),
        None => {
            let mut reply = Reply::new(Body::empty());
            *reply.status_mut() = StatusCode::ACCEPTED;
            Ok(reply)
        }
    }
}

/// Stores a manifest after all checks, and answers its digest.
pub(crate) async fn store(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
    media_type: &str,
    manifest: Bytes,
) -> Result<String, Refusal> {
    let repository = repositories::find(shared, scope, name).await.map_err(|error| {
        if error.code == "RepositoryNotFoundException" { Refusal::NameUnknown } else { error.into() }
    })?;
    if manifest.len() > MANIFEST_LIMIT {
        return Err(Refusal::Manifest(format!("it is larger than {MANIFEST_LIMIT} bytes")));
    }
    let parsed: Value =
        serde_json::from_slice(&manifest).map_err(|error| Refusal::Manifest(error.to_string()))?;
    if !parsed.is_object() {
        return Err(Refusal::Manifest("it is not a JSON object".to_owned()));
    }
    if let Some(odd) = referrers::artifact_type(&parsed).filter(|own| own.contains(';')) {
        return Err(Refusal::Parameters(odd.to_owned()));
    }
    let digest = digest_of(&manifest);
    if is_digest(reference) {
        if reference != digest {
            return Err(Refusal::Digest);
        }
    } else if !is_tag(reference) {
        return Err(Refusal::Tag(reference.to_owned()));
    }
    let missing = missing_blobs(shared, scope, name, &parsed).await?;
    if !missing.is_empty() {
        return Err(Refusal::Blobs(missing));
    }
    let present = images::all(shared, scope, name).await?;
    let absent = children(&manifest)
        .into_iter()
        .filter(|child| !present.iter().any(|image| image.digest == *child))
        .collect::<Vec<_>>();
    if !absent.is_empty() {
        return Err(Refusal::Children(absent));
    }
    let taken = present.iter().any(|image| image.tags.iter().any(|tag| tag == reference));
    if taken && repositories::is_immutable(&repository, reference) {
        return Err(Refusal::ImmutableTag(reference.to_owned()));
    }
    let mut headers = HeaderMap::new();
    let media_type =
        media_type.parse().map_err(|_| Refusal::Manifest("its media type is no text".to_owned()))?;
    headers.insert(header::CONTENT_TYPE, media_type);
    let path = format!("/v2/{name}/manifests/{reference}");
    let answer = shared.registry_call(scope, Method::PUT, &path, headers, Some(manifest.into())).await?;
    if !answer.status().is_success() {
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        return Err(ServiceError::server(format!("storing {path}: {status} {text}")).into());
    }
    shared.ecr.with(scope, |state| {
        state.stored.entry(name.to_owned()).or_default().manifests.insert(digest.clone());
    });
    storage_class::forget(shared, scope, name, &digest);
    Ok(digest)
}

/// Bytes and media type of a stored manifest.
///
/// # Errors
/// 404 `MANIFEST_UNKNOWN`.
pub(crate) async fn fetch(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    reference: &str,
) -> Result<(Bytes, String), ServiceError> {
    let path = format!("/v2/{name}/manifests/{reference}");
    let answer = shared.registry_call(scope, Method::GET, &path, HeaderMap::new(), None).await?;
    if !answer.status().is_success() {
        return Err(ServiceError::with_status(404, "MANIFEST_UNKNOWN", format!("{path} is not stored")));
    }
    let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or_default().to_owned();
    let bytes = answer.bytes().await.map_err(|error| ServiceError::server(format!("{path}: {error}")))?;
    Ok((bytes, media_type))
}

/// Digests of the manifests that an index refers to; empty for anything else.
pub(crate) fn children(manifest: &[u8]) -> Vec<String> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    let children = manifest["manifests"].as_array().into_iter().flatten();
    children.filter_map(|child| child["digest"].as_str()).map(str::to_owned).collect()
}

/// Digests of config and layers that a registry must hold; foreign layers stay where they are.
pub(crate) fn referenced_blobs(manifest: &Value) -> BTreeSet<String> {
    let layers = manifest["layers"].as_array().into_iter().flatten();
    layers
        .chain([&manifest["config"]])
        .filter(|blob| {
            let media_type = blob["mediaType"].as_str().unwrap_or_default();
            !media_type.contains("foreign") && !media_type.contains("nondistributable")
        })
        .filter_map(|blob| blob["digest"].as_str())
        .map(str::to_owned)
        .collect()
}

async fn missing_blobs(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    manifest: &Value,
) -> Result<Vec<String>, ServiceError> {
    let mut missing = Vec::new();
    for digest in referenced_blobs(manifest) {
        if blobs::size(shared, scope, name, &digest).await?.is_none() {
            missing.push(digest);
        }
    }
    Ok(missing)
}

/// A push to a repository that is not there creates it when a template is applied on push.
pub(crate) async fn create_on_push(shared: &Shared, scope: &Scope, name: &str) -> Result<(), ServiceError> {
    let template = repository_creation_templates::for_repository(shared, scope, name, "CREATE_ON_PUSH");
    match template {
        Some(template) if template.has_needed_role() => {
            pull_through::ensure_repository(shared, scope, name, Some(&template)).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

pub(crate) fn digest_of(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

pub(crate) fn is_digest(reference: &str) -> bool {
    reference.contains(':')
}

/// OCI distribution-spec: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
fn is_tag(reference: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    reference.len() <= 128
        && reference.bytes().next().is_some_and(word)
        && reference.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

/// The registry's form of an API error about a repository.
pub(crate) fn name_unknown(error: ServiceError) -> ServiceError {
    if error.code == "RepositoryNotFoundException" {
        ServiceError::with_status(404, "NAME_UNKNOWN", error.message)
    } else {
        error
    }
}

//! The pull-through itself: an image that is asked for by tag under a rule's prefix is fetched from upstream.
//!
//! As ECR: only a manifest by tag imports; upstream is asked at most once in 24 hours for each tag; when it cannot be
//! reached, the image that is there is served; the repository is made by the template applied for
//! PULL_THROUGH_CACHE; a template with tags or KMS but without a role makes the pull fail with 404.

use std::time::Duration;

use axum::body::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use serde_json::{Value, json};

use super::blobs;
use super::manifests::{self, Refusal, children, digest_of, referenced_blobs};
use super::upstream::{Upstream, UpstreamError};
use crate::ecr::repository_creation_templates::{self, RepositoryCreationTemplate};
use crate::ecr::{images, pull_through_cache_rules, repositories};
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// How long ECR does not ask upstream again for a tag.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(24 * 3600);

/// Sees to it that the tag is there and not older than a day, if a rule covers the repository.
pub(crate) async fn refresh(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    tag: &str,
) -> Result<(), ServiceError> {
    let Some((rule, upstream_name)) = pull_through_cache_rules::for_repository(shared, scope, name) else {
        return Ok(());
    };
    let cached = cached(shared, scope, name, tag).await?;
    let key = (name.to_owned(), tag.to_owned());
    let asked = shared.ecr.with(scope, |state| state.asked.get(&key).copied());
    let now = shared.clock.now();
    let fresh = asked.is_none_or(|asked| now.saturating_sub(asked) < ASK_AGAIN_AFTER);
    // An image that was pushed, not pulled through, has no age and is never asked for.
    if cached.is_some() && fresh {
        return Ok(());
    }
    let imported = match Upstream::of(shared, scope, &rule).await {
        Ok(upstream) => import(shared, scope, name, &upstream, &upstream_name, tag, cached.as_deref()).await,
        Err(error) => Err(error.into()),
    };
    match imported {
        Ok(()) => {
            shared.ecr.with(scope, |state| state.asked.insert(key, now));
            Ok(())
        }
        Err(error) if cached.is_some() => {
            tracing::info!(name, tag, %error, "upstream not asked with success, serving what is cached");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Why an import did not happen.
#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("the repository creation template needs a customRoleArn for its tags or its KMS key")]
    RoleMissing,
    #[error(transparent)]
    Store(#[from] Refusal),
    #[error(transparent)]
    Emulator(#[from] ServiceError),
}

impl From<ImportError> for ServiceError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Upstream(error) => error.into(),
            ImportError::RoleMissing => Self::with_status(404, "NAME_UNKNOWN", error.to_string()),
            ImportError::Store(refusal) => refusal.into(),
            ImportError::Emulator(error) => error,
        }
    }
}

async fn cached(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    tag: &str,
) -> Result<Option<String>, ServiceError> {
    match images::all(shared, scope, name).await {
        Ok(images) => {
            let tagged = images.into_iter().find(|image| image.tags.iter().any(|own| own == tag));
            Ok(tagged.map(|image| image.digest))
        }
        Err(error) if error.code == "RepositoryNotFoundException" => Ok(None),
        Err(error) => Err(error),
    }
}

async fn import(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    upstream: &Upstream<'_>,
    upstream_name: &str,
    tag: &str,
    cached: Option<&str>,
) -> Result<(), ImportError> {
    let (manifest, media_type) = upstream.manifest(upstream_name, tag).await?;
    if cached == Some(digest_of(&manifest).as_str()) {
        return Ok(());
    }
    let template = repository_creation_templates::for_repository(shared, scope, name, "PULL_THROUGH_CACHE");
    if template.as_ref().is_some_and(|template| !template.has_needed_role())
        && repositories::find(shared, scope, name).await.is_err()
    {
        return Err(ImportError::RoleMissing);
    }
    if ensure_repository(shared, scope, name, template.as_ref()).await? {
        shared.ecr.with(scope, |state| state.pulled_through.insert(name.to_owned()));
    }
    for child in children(&manifest) {
        let (bytes, media_type) = upstream.manifest(upstream_name, &child).await?;
        copy(shared, scope, name, upstream, upstream_name, &child, &media_type, bytes).await?;
    }
    copy(shared, scope, name, upstream, upstream_name, tag, &media_type, manifest).await
}

/// Stores one manifest after the blobs it refers to.
#[expect(clippy::too_many_arguments, reason = "both ends of a copy, each with registry, name and reference")]
async fn copy(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    upstream: &Upstream<'_>,
    upstream_name: &str,
    reference: &str,
    media_type: &str,
    manifest: Bytes,
) -> Result<(), ImportError> {
    let parsed: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    for digest in referenced_blobs(&parsed) {
        if blobs::size(shared, scope, name, &digest).await?.is_none() {
            let blob = upstream.blob(upstream_name, &digest).await?;
            store_blob(shared, scope, name, &digest, blob).await?;
            if shared.first_pull_redirects {
                let key = (name.to_owned(), digest);
                shared.ecr.with(scope, |state| state.first_blobs.insert(key, upstream_name.to_owned()));
            }
        }
    }
    manifests::store(shared, scope, name, reference, media_type, manifest).await?;
    Ok(())
}

async fn store_blob(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
    blob: reqwest::Response,
) -> Result<(), ServiceError> {
    let path = format!("/v2/{name}/blobs/uploads/");
    let started = shared.registry_call(scope, Method::POST, &path, HeaderMap::new(), None).await?;
    let location = started.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| ServiceError::server("an upload without location"))?.to_owned();
    let body = reqwest::Body::wrap_stream(blob.bytes_stream());
    let path = format!("{location}?digest={digest}");
    let answer = shared.registry_call(scope, Method::PUT, &path, HeaderMap::new(), Some(body)).await?;
    if answer.status() != StatusCode::CREATED {
        return Err(ServiceError::with_status(
            502,
            "UNKNOWN",
            format!("upstream's blob {digest} is damaged"),
        ));
    }
    blobs::remember(shared, scope, name, digest);
    Ok(())
}

/// Creates the repository by the template if it is not there; answers whether it was created.
pub(crate) async fn ensure_repository(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    template: Option<&RepositoryCreationTemplate>,
) -> Result<bool, ServiceError> {
    if repositories::find(shared, scope, name).await.is_ok() {
        return Ok(false);
    }
    let plain = || json!({"repositoryName": name});
    let input = template.map_or_else(plain, |template| template.create_repository(name));
    // ECR knows no such name, so it does not exist.
    crate::ecr::model::check("CreateRepository", &input)
        .map_err(|error| ServiceError::with_status(404, "NAME_UNKNOWN", error.message))?;
    match repositories::create(shared, scope, &input).await {
        Ok(_) => {}
        // Another first pull of the same image was faster.
        Err(error) if error.code == "RepositoryAlreadyExistsException" => return Ok(false),
        Err(error) => return Err(error),
    }
    if let Some((repository_policy, lifecycle_policy)) = template.map(RepositoryCreationTemplate::policies) {
        if let Some(text) = repository_policy {
            let input = json!({"repositoryName": name, "policyText": text});
            shared.ecr_action(scope, "SetRepositoryPolicy", &input).await?;
        }
        if let Some(text) = lifecycle_policy {
            let input = json!({"repositoryName": name, "lifecyclePolicyText": text});
            shared.ecr_action(scope, "PutLifecyclePolicy", &input).await?;
        }
    }
    Ok(true)
}

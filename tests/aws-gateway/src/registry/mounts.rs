//! Cross-repository mounts, as ECR allows them.
//!
//! Source: ECR user guide, "Blob mounting": an account setting, off by default; same encryption; not from
//! repositories of a pull-through; only blobs that a manifest of the source refers to.

use serde_json::Value;

use super::manifests;
use crate::ecr::account_settings::BLOB_MOUNTING;
use crate::ecr::{images, repositories};
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// Whether the blob may be mounted; if not, the client is given an upload.
pub(crate) async fn allowed(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    from: &str,
    digest: &str,
) -> Result<bool, ServiceError> {
    let usable = shared.ecr.with(scope, |state| {
        state.account_settings.get(BLOB_MOUNTING).is_some_and(|value| value == "ENABLED")
            && !state.pulled_through.contains(from)
    });
    if !usable {
        return Ok(false);
    }
    let source = repositories::find(shared, scope, from).await;
    let destination = repositories::find(shared, scope, name).await;
    let (Ok(source), Ok(destination)) = (source, destination) else { return Ok(false) };
    Ok(source["encryptionConfiguration"] == destination["encryptionConfiguration"]
        && is_referenced(shared, scope, from, digest).await?)
}

/// Whether a manifest of the repository refers to the blob.
pub(crate) async fn is_referenced(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
) -> Result<bool, ServiceError> {
    for image in images::all(shared, scope, name).await? {
        let (manifest, _) = manifests::fetch(shared, scope, name, &image.digest).await?;
        let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
        if manifests::referenced_blobs(&manifest).contains(digest) {
            return Ok(true);
        }
    }
    Ok(false)
}

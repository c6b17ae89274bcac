//! `/v2/<name>/referrers/<digest>`, where a test gives the registry this API.
//!
//! Whether ECR has it is not documented; without it clients fall back to the tag scheme.

use serde_json::{Value, json};

use super::manifests;
use crate::ecr::images;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{self, Reply, ServiceError};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Answers GET; all in one page.
pub(crate) async fn list(
    shared: &Shared,
    scope: &Scope,
    name: &str,
    digest: &str,
) -> Result<Reply, ServiceError> {
    if !shared.serves_referrers(&scope.account) {
        return Err(ServiceError::with_status(404, "UNSUPPORTED", "the referrers API is not supported"));
    }
    let mut entries = Vec::new();
    for image in images::all(shared, scope, name).await.map_err(manifests::name_unknown)? {
        let (bytes, media_type) = manifests::fetch(shared, scope, name, &image.digest).await?;
        if subject(&bytes).as_deref() != Some(digest) {
            continue;
        }
        let manifest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut entry = json!({"mediaType": media_type, "digest": image.digest, "size": bytes.len()});
        if let Some(artifact_type) = artifact_type(&manifest) {
            entry["artifactType"] = json!(artifact_type);
        }
        if manifest["annotations"].is_object() {
            entry["annotations"] = manifest["annotations"].clone();
        }
        entries.push(entry);
    }
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    Ok(reply::raw(200, INDEX, index.to_string()))
}

/// The digest of the manifest that this one refers to.
pub(crate) fn subject(manifest: &[u8]) -> Option<String> {
    let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
    manifest["subject"]["digest"].as_str().map(str::to_owned)
}

/// What kind of artifact it is: `artifactType`, or else the media type of the config.
pub(crate) fn artifact_type(manifest: &Value) -> Option<&str> {
    let own = manifest["artifactType"].as_str().filter(|own| !own.is_empty());
    own.or_else(|| manifest["config"]["mediaType"].as_str())
}

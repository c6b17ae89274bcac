//! The archive of ECR. AWS: UpdateImageStorageClass.
//!
//! Source: ECR user guide, "Archiving an image" and "Restoring an image": an archived image is described and listed to who
//! asks for its status, and is 404 to who pulls it; restoring takes a while, in which it is `ACTIVATING`; pushing the image
//! again restores it at once. Not documented, and assumed here: a wish for what is so already changes nothing, and what
//! is on its way back cannot be archived.

use std::time::Duration;

use serde_json::{Value, json};

use super::images;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// How long a restore takes, by the gateway's clock; ECR takes up to 20 minutes.
const RESTORE: Duration = Duration::from_secs(2);

/// Where an image that is not active is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Archived {
    /// In the archive.
    Resting,
    /// On its way back, until this time.
    Returning(Duration),
}

/// `imageStatus` of an image.
pub(crate) fn status(shared: &Shared, scope: &Scope, repository: &str, digest: &str) -> &'static str {
    let now = shared.clock.now();
    let key = (repository.to_owned(), digest.to_owned());
    shared.ecr.with(scope, |state| match state.archived.get(&key) {
        Some(Archived::Resting) => "ARCHIVED",
        Some(Archived::Returning(until)) if now < *until => "ACTIVATING",
        _ => "ACTIVE",
    })
}

/// Whether an image belongs to what a list was asked for; without a wish these are the active ones.
pub(crate) fn is_listed(status: &str, input: &Value) -> bool {
    let wanted = input["filter"]["imageStatus"].as_str().unwrap_or("ACTIVE");
    wanted == "ANY" || wanted == status
}

/// Notes that an image was pushed, or is gone.
pub(crate) fn forget(shared: &Shared, scope: &Scope, repository: &str, digest: &str) {
    shared.ecr.with(scope, |state| state.archived.remove(&(repository.to_owned(), digest.to_owned())));
}

pub(crate) async fn update(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let id = &input["imageId"];
    let all = images::all(shared, scope, repository).await?;
    let image = all.iter().find(|image| image.matches(id));
    let image = image.ok_or_else(|| images::not_found(scope, repository, id))?;
    let new = match (status(shared, scope, repository, &image.digest), input["targetStorageClass"].as_str()) {
        ("ACTIVE", Some("ARCHIVE")) => Some(Archived::Resting),
        ("ARCHIVED", Some("STANDARD")) => Some(Archived::Returning(shared.clock.now() + RESTORE)),
        ("ACTIVATING", Some("ARCHIVE")) => {
            let message = "The image is being restored";
            return Err(ServiceError::new("ImageStorageClassUpdateNotSupportedException", message));
        }
        _ => None,
    };
    if let Some(new) = new {
        let key = (repository.to_owned(), image.digest.clone());
        shared.ecr.with(scope, |state| state.archived.insert(key, new));
    }
    Ok(json!({
        "registryId": scope.account,
        "repositoryName": repository,
        "imageId": {"imageDigest": image.digest},
        "imageStatus": status(shared, scope, repository, &image.digest),
    }))
}

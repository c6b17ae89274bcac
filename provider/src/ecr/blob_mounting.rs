//! Mounting of blobs between repositories of the account's registry, where the account has switched it on.
//! AWS: GetAccountSetting (Amazon ECR API reference; user guide, "Blob mounting").

use std::sync::{Mutex, PoisonError};

use oci_copy::MountSources;
use tokio::sync::OnceCell;

use super::repository_settings::EncryptionConfiguration;
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// What one provider process knows about mounting.
#[derive(Debug, Default)]
pub struct BlobMounting {
    /// The account's setting; asked for when first something is to be copied.
    is_enabled: OnceCell<bool>,
    /// ECR mounts between repositories of equal encryption only.
    sources: Mutex<Vec<(EncryptionConfiguration, MountSources)>>,
}

/// From where blobs of a repository with this encryption can be mounted; `None` where the account has not enabled it.
pub async fn sources(
    clients: &Clients,
    encryption: Option<&EncryptionConfiguration>,
) -> Option<MountSources> {
    let mounting = &clients.blob_mounting;
    if !*mounting.is_enabled.get_or_init(|| is_enabled(clients)).await {
        return None;
    }
    let encryption = encryption.cloned().unwrap_or_default();
    let mut sources = mounting.sources.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, sources)) = sources.iter().find(|(known, _)| *known == encryption) {
        return Some(sources.clone());
    }
    let new = MountSources::default();
    sources.push((encryption, new.clone()));
    Some(new)
}

/// Mounting is a short cut: who may not see the setting, or has none in his region, uploads.
async fn is_enabled(clients: &Clients) -> bool {
    match clients.ecr.get_account_setting().name("BLOB_MOUNTING").send().await {
        Ok(answer) => answer.value() == Some("ENABLED"),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["AccessDeniedException", "InvalidParameterException", "ValidationException"]) {
                tracing::debug!(code = failure.code(), "the account setting BLOB_MOUNTING cannot be read");
            } else {
                tracing::warn!(
                    code = failure.code(),
                    reason = failure.message(),
                    "the account setting BLOB_MOUNTING cannot be read: blobs are uploaded"
                );
            }
            false
        }
    }
}

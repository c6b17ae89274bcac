//! One ECR repository: its settings and tags.
//! AWS: CreateRepository, ListTagsForResource, PutImageTagMutability, PutImageScanningConfiguration, TagResource,
//! UntagResource, DeleteRepository (Amazon ECR API reference).

mod describe;
mod images;
mod listing;

use std::collections::BTreeSet;

use aws_sdk_ecr::types;
use tf_provider::{Diagnostic, Diagnostics};

pub use self::describe::Descriptions;
use self::describe::describe;
pub use self::images::{Images, images, is_digest, remove, restore};
pub use self::listing::Listing;
use self::listing::listed;
use super::repository_settings::{EncryptionConfiguration, ImageTagMutability, read_filters, to_filters};
use crate::clients::Clients;
use crate::creating::Creating;
use crate::diagnostics::Failure;
use crate::tags::{OWN_PREFIX, Tags};

/// What AWS knows about a repository.
#[derive(Clone, Debug)]
pub struct Repository {
    /// ARN.
    pub arn: String,
    /// Where to pull from, without scheme.
    pub url: String,
    /// Id of the account.
    pub registry_id: String,
    /// What else it is told at its creation.
    pub settings: Settings,
    /// All tags.
    pub tags: Tags,
}

/// What a repository is told at its creation besides name and tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Whether tags may move.
    pub mutability: ImageTagMutability,
    /// Tags excluded from that.
    pub exclusion_filters: Option<BTreeSet<String>>,
    /// Whether images are scanned when they are pushed.
    pub scan_on_push: bool,
    /// How images are encrypted; `None` is AES256.
    pub encryption: Option<EncryptionConfiguration>,
}

impl Repository {
    /// What it is a mirror of, as the mirror's tag says.
    pub fn source(&self) -> Option<&str> {
        self.tags.get(&source_tag()).map(String::as_str)
    }
}

/// Key of the tag that says what a repository is a mirror of: import and listing go by it.
pub fn source_tag() -> String {
    format!("{OWN_PREFIX}source")
}

/// The repository called `name`, if there is one.
///
/// # Errors
/// Any failure but "not found".
pub async fn find(clients: &Clients, name: &str) -> Result<Option<Repository>, Diagnostics> {
    let Some(found) = described(clients, name).await? else { return Ok(None) };
    let tags = tags(clients, name, &found).await?;
    Ok(tags.map(|tags| repository(&found, tags)))
}

/// As [`find`], for a refresh: from the lists that all mirrors share, where these say nothing new. `is_known` tells
/// whether tags are those that are known already. One that went since the lists were made may be among what is found.
///
/// # Errors
/// Any failure but "not found".
pub async fn refresh(
    clients: &Clients,
    name: &str,
    is_known: impl Fn(&Tags) -> bool,
) -> Result<Option<Repository>, Diagnostics> {
    let listed = listed(clients).await;
    let found = match listed.repositories.get(name) {
        Some(found) => Some(found.clone()),
        None => described(clients, name).await?,
    };
    let Some(found) = found else { return Ok(None) };
    let tags = match found.repository_arn().and_then(|arn| listed.tags.get(arn)) {
        Some(tags) if is_known(tags) => Some(tags.clone()),
        _ => tags(clients, name, &found).await?,
    };
    Ok(tags.map(|tags| repository(&found, tags)))
}

/// `asked` about the repository called `name`; `None` where it is gone.
///
/// # Errors
/// That of `asked`.
pub async fn unless_gone<T>(
    clients: &Clients,
    name: &str,
    asked: Result<T, Diagnostics>,
) -> Result<Option<T>, Diagnostics> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(faults) => match described(clients, name).await {
            Ok(None) => Ok(None),
            _ => Err(faults),
        },
    }
}

async fn described(clients: &Clients, name: &str) -> Result<Option<types::Repository>, Diagnostics> {
    describe(clients, name).await.map_err(|failure| failure.report(reading(name), "", ""))
}

async fn tags(clients: &Clients, name: &str, found: &types::Repository) -> Result<Option<Tags>, Diagnostics> {
    let arn = found.repository_arn().unwrap_or_default();
    match clients.ecr.list_tags_for_resource().resource_arn(arn).send().await {
        Ok(answer) => {
            Ok(Some(answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()))
        }
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["RepositoryNotFoundException"]) {
                return Ok(None);
            }
            Err(failure.report(reading(name), "", ""))
        }
    }
}

fn reading(name: &str) -> String {
    format!("Reading ECR repository ({name})")
}

fn repository(found: &types::Repository, tags: Tags) -> Repository {
    Repository {
        arn: found.repository_arn().unwrap_or_default().to_owned(),
        url: found.repository_uri().unwrap_or_default().to_owned(),
        registry_id: found.registry_id().unwrap_or_default().to_owned(),
        settings: settings(found),
        tags,
    }
}

fn settings(found: &types::Repository) -> Settings {
    let mutability = found.image_tag_mutability().and_then(|value| value.as_str().parse().ok());
    let encryption = found.encryption_configuration();
    Settings {
        mutability: mutability.unwrap_or(ImageTagMutability::Mutable),
        exclusion_filters: read_filters(found.image_tag_mutability_exclusion_filters()),
        scan_on_push: found.image_scanning_configuration().is_some_and(|scanning| scanning.scan_on_push()),
        encryption: encryption.and_then(|encryption| {
            EncryptionConfiguration::read(encryption.encryption_type().as_str(), encryption.kms_key(), None)
        }),
    }
}

/// Creates a repository, marked as not finished.
///
/// # Errors
/// Any failure.
pub async fn create(
    clients: &Clients,
    name: &str,
    settings: &Settings,
    tags: &Tags,
    creating: &Creating,
) -> Result<Repository, Diagnostics> {
    let _change = clients.listing.change();
    let all = creating.mark(tags);
    let scanning = types::ImageScanningConfiguration::builder().scan_on_push(settings.scan_on_push).build();
    let encryption = settings.encryption.as_ref().map(|encryption| {
        types::EncryptionConfiguration::builder()
            .encryption_type(types::EncryptionType::from(encryption.encryption_type.as_str()))
            .set_kms_key(encryption.kms_key.get().cloned())
            .build()
            .map_err(|error| Diagnostic::provider_bug(format!("The encryption could not be built: {error}.")))
    });
    let sent = clients
        .ecr
        .create_repository()
        .repository_name(name)
        .image_tag_mutability(settings.mutability.into())
        .set_image_tag_mutability_exclusion_filters(
            settings.exclusion_filters.as_ref().map(to_filters).transpose()?,
        )
        .image_scanning_configuration(scanning)
        .set_encryption_configuration(encryption.transpose()?)
        .set_tags(Some(aws_tags(&all)?))
        .send()
        .await;
    let created = match sent {
        Ok(answer) => answer.repository().cloned(),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            // It was not there a moment ago: an answer of ours may have been lost.
            if failure.is(&["RepositoryAlreadyExistsException"])
                && let Some(found) = find(clients, name).await?
                && creating.has_made(&found.tags)
            {
                return Ok(found);
            }
            return Err(failure.report(
                format!("Creating ECR repository ({name})"),
                "Nothing was created.",
                "",
            ));
        }
    };
    created.map(|created| repository(&created, all)).ok_or_else(|| {
        Diagnostic::error(format!("Creating ECR repository ({name})"), "ECR answered without the repository.")
            .into()
    })
}

/// Changes what can be changed of the settings, as far as it differs.
///
/// # Errors
/// Any failure.
pub async fn change_settings(
    clients: &Clients,
    name: &str,
    actual: &Settings,
    wanted: &Settings,
) -> Result<(), Diagnostics> {
    let _change = clients.listing.change();
    let mutability = |settings: &Settings| (settings.mutability, settings.exclusion_filters.clone());
    if mutability(actual) != mutability(wanted) {
        // Filters are taken together with the mutability only.
        let filters = wanted.exclusion_filters.as_ref().map(to_filters).transpose()?;
        let call = clients.ecr.put_image_tag_mutability().repository_name(name);
        let call = call.image_tag_mutability(wanted.mutability.into());
        let sent = call.set_image_tag_mutability_exclusion_filters(filters).send().await;
        sent.map_err(|error| {
            let summary = format!("Changing tag mutability of ECR repository ({name})");
            Failure::of("ECR", &error).report(summary, "", "")
        })?;
    }
    if actual.scan_on_push != wanted.scan_on_push {
        let scanning = types::ImageScanningConfiguration::builder().scan_on_push(wanted.scan_on_push).build();
        let call = clients.ecr.put_image_scanning_configuration().repository_name(name);
        call.image_scanning_configuration(scanning).send().await.map_err(|error| {
            let summary = format!("Changing the scanning of ECR repository ({name})");
            Failure::of("ECR", &error).report(summary, "", "")
        })?;
    }
    Ok(())
}

/// Makes the repository's tags those wanted; tags of AWS and ignored ones are left alone.
///
/// # Errors
/// Any failure.
pub async fn change_tags(
    clients: &Clients,
    arn: &str,
    actual: &Tags,
    wanted: &Tags,
) -> Result<(), Diagnostics> {
    let _change = clients.listing.change();
    let summary = || format!("Tagging ECR repository ({arn})");
    let (set, removed) = clients.tags.changes(actual, wanted);
    if !removed.is_empty() {
        let sent = clients.ecr.untag_resource().resource_arn(arn).set_tag_keys(Some(removed)).send().await;
        sent.map_err(|error| Failure::of("ECR", &error).report(summary(), "", ""))?;
    }
    if !set.is_empty() {
        let sent = clients.ecr.tag_resource().resource_arn(arn).set_tags(Some(aws_tags(&set)?)).send().await;
        sent.map_err(|error| Failure::of("ECR", &error).report(summary(), "", ""))?;
    }
    Ok(())
}

/// Deletes the repository with everything in it; one that is gone counts as deleted.
///
/// # Errors
/// Any other failure.
pub async fn delete(clients: &Clients, name: &str) -> Result<(), Diagnostics> {
    let _change = clients.listing.change();
    match clients.ecr.delete_repository().repository_name(name).force(true).send().await {
        Ok(_) => Ok(()),
        Err(error) => {
            let failure = Failure::of("ECR", &error);
            if failure.is(&["RepositoryNotFoundException"]) {
                return Ok(());
            }
            Err(failure.report(
                format!("Deleting ECR repository ({name})"),
                "The repository is still there.",
                "",
            ))
        }
    }
}

/// Tags as AWS takes them.
///
/// # Errors
/// A bug: nothing that configuration can hold.
pub fn aws_tags(tags: &Tags) -> Result<Vec<types::Tag>, Diagnostics> {
    let tag = |(key, value): (&String, &String)| types::Tag::builder().key(key).value(value).build();
    tags.iter()
        .map(tag)
        .collect::<Result<_, _>>()
        .map_err(|error| Diagnostic::provider_bug(format!("A tag could not be built: {error}.")).into())
}

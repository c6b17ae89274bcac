//! The images of an ECR repository.
//! AWS: DescribeImages, BatchDeleteImage, UpdateImageStorageClass (Amazon ECR API reference; user guide, "Archiving an
//! image" and "Restoring an image").

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ecr::types;
use tf_provider::{Context, Diagnostic, Diagnostics};

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// Image ids that one BatchDeleteImage call takes.
const IDS_PER_CALL: usize = 100;
/// Images on one page of DescribeImages: the most that it gives.
const IMAGES_PER_PAGE: i32 = 1000;

/// True for a digest; a tag holds no colon.
pub fn is_digest(image: &str) -> bool {
    image.contains(':')
}

/// The images of a repository, those in the archive included.
#[derive(Clone, Debug, Default)]
pub struct Images {
    /// Every tag with the digest that it names.
    pub tags: BTreeMap<String, String>,
    /// Every digest, with tags or without.
    pub digests: BTreeSet<String>,
    /// Digests that nobody can pull: of images in the archive, or on their way back.
    pub archived: BTreeSet<String>,
    /// Those of them that are on their way back already.
    returning: BTreeSet<String>,
}

impl Images {
    /// The digest that `name` stands for: a tag, or a digest itself.
    pub fn named(&self, name: &str) -> Option<&String> {
        self.tags.get(name).or_else(|| self.digests.get(name))
    }

    /// As [`named`](Self::named), if it can be pulled.
    pub fn digest(&self, name: &str) -> Option<&String> {
        self.named(name).filter(|digest| !self.archived.contains(*digest))
    }
}

/// What is in a repository.
///
/// # Errors
/// Any failure.
pub async fn images(clients: &Clients, name: &str) -> Result<Images, Diagnostics> {
    // ListImages does not tell an archived image from another one.
    let filter = types::DescribeImagesFilter::builder().image_status(types::ImageStatusFilter::Any).build();
    let call = clients.ecr.describe_images().repository_name(name).filter(filter);
    let mut pages = call.max_results(IMAGES_PER_PAGE).into_paginator().items().send();
    let mut found = Images::default();
    while let Some(image) = pages.next().await {
        let image = image.map_err(|error| {
            Failure::of("ECR", &error).report(format!("Listing images of ECR repository ({name})"), "", "")
        })?;
        let Some(digest) = image.image_digest() else { continue };
        found.digests.insert(digest.to_owned());
        found.tags.extend(image.image_tags().iter().map(|tag| (tag.clone(), digest.to_owned())));
        let status = image.image_status().unwrap_or(&types::ImageStatus::Active);
        if *status != types::ImageStatus::Active {
            found.archived.insert(digest.to_owned());
        }
        if *status == types::ImageStatus::Activating {
            found.returning.insert(digest.to_owned());
        }
    }
    Ok(found)
}

/// Brings images back from the archive, and waits until they can be pulled: ECR takes up to 20 minutes.
///
/// # Errors
/// Any failure, and the end of the resource's time.
pub async fn restore(
    ctx: &Context<Clients>,
    name: &str,
    stored: &Images,
    digests: &BTreeSet<String>,
) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    let summary = || format!("Restoring archived images of ECR repository ({name})");
    for digest in digests.difference(&stored.returning) {
        tracing::info!(repository = name, digest, "restoring an archived image");
        let image = types::ImageIdentifier::builder().image_digest(digest).build();
        let call = clients.ecr.update_image_storage_class().repository_name(name).image_id(image);
        let sent = call.target_storage_class(types::TargetStorageClass::Standard).send().await;
        sent.map_err(|error| {
            Failure::of("ECR", &error).report(summary(), "The image is still in the archive.", "")
        })?;
    }
    ctx.wait_for("the archived images are restored", Duration::from_secs(1), || async {
        let stored = images(clients, name).await?;
        if let Some(gone) = digests.iter().find(|digest| !stored.digests.contains(*digest)) {
            let detail = format!("{gone} was deleted meanwhile. Apply again to copy it anew.");
            return Err(Diagnostic::error(summary(), detail).into());
        }
        Ok(digests.is_disjoint(&stored.archived).then_some(()))
    })
    .await
}

/// Removes images by tag or digest; one that loses its last tag is deleted by ECR. What an index needs stays.
///
/// # Errors
/// Any other failure, of single images too.
pub async fn remove(
    clients: &Clients,
    name: &str,
    images: impl Iterator<Item = String>,
) -> Result<(), Diagnostics> {
    let id = |image: String| match is_digest(&image) {
        true => types::ImageIdentifier::builder().image_digest(image).build(),
        false => types::ImageIdentifier::builder().image_tag(image).build(),
    };
    let ids: Vec<_> = images.map(id).collect();
    for ids in ids.chunks(IDS_PER_CALL) {
        let summary = || format!("Removing images of ECR repository ({name})");
        let sent = clients.ecr.batch_delete_image().repository_name(name).set_image_ids(Some(ids.to_vec()));
        let answer =
            sent.send().await.map_err(|error| Failure::of("ECR", &error).report(summary(), "", ""))?;
        let is_no_fault = |code: Option<&types::ImageFailureCode>| {
            use types::ImageFailureCode::{ImageNotFound, ImageReferencedByManifestList};
            matches!(code, Some(ImageNotFound | ImageReferencedByManifestList))
        };
        let failed = answer.failures().iter().find(|failure| !is_no_fault(failure.failure_code()));
        if let Some(failure) = failed {
            let id = failure.image_id();
            let image = id.and_then(|id| id.image_tag().or_else(|| id.image_digest())).unwrap_or_default();
            let code = failure.failure_code().map_or("", |code| code.as_str());
            let reason = failure.failure_reason().unwrap_or_default();
            return Err(Diagnostic::error(summary(), format!("ECR kept {image}: {code}: {reason}.")).into());
        }
    }
    Ok(())
}

//! Copying what refers to an image that was copied: signatures, attestations, bills of materials.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::plan::{COUNT_LIMIT, DEPTH_LIMIT};
use super::{Copy, CopyOptions, CopyReport, Progress, Warning};
use crate::auth::Scope;
use crate::client::{HeadFallback, Registry, Stored};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::{Content, Manifest};
use crate::media_type::{self, OCI_INDEX};
use crate::reference::{ManifestReference, Tag};
use crate::referrers_tag::list_tag;

/// How far it goes from the image: a signature, what refers to the signature, and what refers to that.
const REFERRER_DEPTH: usize = 3;

/// What a copy of referrers did, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReferrersReport {
    /// What refers to the image at the destination, whether it was copied now or was there: artifacts by digest, those
    /// of cosign by tag, and the tags of lists of the referrers tag schema.
    pub stored: Vec<ManifestReference>,
    /// Manifests that were stored, those lists not counted.
    pub manifests_copied: u64,
    /// Bytes of the blobs that were copied.
    pub bytes_copied: u64,
    /// What was left out.
    pub warnings: Vec<Warning>,
}

/// Copies what refers to an image that the destination has: to the manifest `digest`, to each child of it where it is an
/// index, and to what is copied then, up to three steps from the image.
///
/// That is what the source's referrers API lists, or else the tag of the referrers tag schema, and what cosign stored
/// under the tags `sha256-<hex>.sig`, `.att` and `.sbom`; these are overwritten when they moved. Everything is verified as
/// an image is. Where the destination lists no referrers by itself, the index of the referrers tag schema is written,
/// with what others put into it. Of `options`, platforms do not count.
///
/// What one registry cannot give or the other does not take is a warning. What was done until an error stands in `report`.
///
/// # Errors
/// As [`copy_image`](super::copy_image), of either registry.
#[expect(clippy::too_many_arguments, reason = "two registries with a repository each, and what to do")]
pub async fn copy_referrers(
    source: &Registry,
    source_repository: &str,
    digest: &Digest,
    destination: &Registry,
    destination_repository: &str,
    options: &CopyOptions,
    progress: &dyn Progress,
    cancel: &CancellationToken,
    report: &mut ReferrersReport,
) -> Result<(), Error> {
    let options = CopyOptions { platforms: Vec::new(), source_annotation: None, ..options.clone() };
    let copy = Copy {
        source,
        source_repository,
        destination,
        destination_repository,
        options: &options,
        progress,
        bytes: Arc::new(AtomicU64::new(0)),
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::Cancelled),
        never = copy.tick() => match never {},
        done = copy.referrers(digest, report) => done,
    }
}

/// What the source has about one manifest.
struct Found {
    subject: Digest,
    listed: Vec<Descriptor>,
    tagged: Vec<(Tag, Descriptor)>,
}

impl Copy<'_> {
    async fn referrers(&self, root: &Digest, report: &mut ReferrersReport) -> Result<(), Error> {
        let mut subjects = self.subjects(root).await?;
        let mut seen: HashSet<Digest> = subjects.iter().cloned().collect();
        for _ in 0..REFERRER_DEPTH {
            let asked: Vec<_> = subjects.drain(..).map(|subject| self.found(subject)).collect();
            let found: Vec<Found> =
                stream::iter(asked).buffered(self.options.parallel.max(1)).try_collect().await?;
            for found in found {
                let artifacts = self.copy_found(found, report).await?;
                subjects.extend(artifacts.into_iter().filter(|artifact| seen.insert(artifact.clone())));
                if seen.len() > COUNT_LIMIT {
                    return Err(Error::TooComplex(format!("more than {COUNT_LIMIT} artifacts refer to it")));
                }
            }
            if subjects.is_empty() {
                break;
            }
        }
        info!(digest = %root, manifests = report.manifests_copied, bytes = report.bytes_copied, "referrers copied");
        Ok(())
    }

    /// The manifests of the image, of which the destination has the indexes.
    async fn subjects(&self, root: &Digest) -> Result<Vec<Digest>, Error> {
        let scope = Scope::push(self.destination_repository);
        let (mut subjects, mut seen) = (vec![root.clone()], HashSet::from([root.clone()]));
        let mut level = vec![root.clone()];
        for _ in 0..DEPTH_LIMIT {
            let mut next = Vec::new();
            for digest in level {
                let reference = ManifestReference::Digest(digest);
                let manifest =
                    self.destination.get_in(self.destination_repository, &reference, None, &scope).await?;
                for child in manifest.manifests().iter().filter(|child| seen.insert(child.digest.clone())) {
                    subjects.push(child.digest.clone());
                    if media_type::is_index(&child.media_type) {
                        next.push(child.digest.clone());
                    }
                }
            }
            if next.is_empty() {
                return Ok(subjects);
            }
            level = next;
        }
        Err(Error::TooComplex(format!("indexes are nested deeper than {DEPTH_LIMIT}")))
    }

    async fn found(&self, subject: Digest) -> Result<Found, Error> {
        let scope = Scope::pull(self.source_repository);
        let (listed, tagged) = futures::try_join!(
            self.source.referrers_in(self.source_repository, &subject, &scope),
            self.source.cosign_in(self.source_repository, &subject, &scope),
        )?;
        Ok(Found { subject, listed, tagged })
    }

    /// Copies what was found, and tells the digests of the artifacts that are at the destination now.
    async fn copy_found(&self, found: Found, report: &mut ReferrersReport) -> Result<Vec<Digest>, Error> {
        let mut artifacts = self.copy_listed(&found, report).await?;
        let scope = Scope::push(self.destination_repository);
        for (tag, descriptor) in found.tagged {
            let reference = ManifestReference::Tag(tag.clone());
            let there = self
                .destination
                .head_in(self.destination_repository, &reference, HeadFallback::Get, &scope)
                .await?;
            let is_there = there.is_some_and(|there| there.digest == descriptor.digest);
            let tags = std::slice::from_ref(&tag);
            if is_there || self.artifact(&found.subject, &descriptor.digest, tags, report).await?.is_some() {
                report.stored.push(reference);
                artifacts.push(descriptor.digest);
            }
        }
        Ok(artifacts)
    }

    /// Copies what names the manifest as its subject.
    async fn copy_listed(&self, found: &Found, report: &mut ReferrersReport) -> Result<Vec<Digest>, Error> {
        if found.listed.is_empty() {
            return Ok(Vec::new());
        }
        let scope = Scope::push(self.destination_repository);
        let there =
            self.destination.referrers_in(self.destination_repository, &found.subject, &scope).await?;
        let (mut artifacts, mut unlisted) = (Vec::new(), Vec::new());
        for entry in &found.listed {
            if !there.iter().any(|there| there.digest == entry.digest) {
                let artifact = self.artifact(&found.subject, &entry.digest, &[], report).await?;
                let Some((descriptor, stored)) = artifact else { continue };
                if !stored.lists_subject {
                    let (artifact_type, annotations) =
                        (entry.artifact_type.clone(), entry.annotations.clone());
                    unlisted.push(Descriptor { artifact_type, annotations, ..descriptor });
                }
            }
            report.stored.push(entry.digest.clone().into());
            artifacts.push(entry.digest.clone());
        }
        if !unlisted.is_empty() {
            self.list(&found.subject, unlisted, report).await?;
        }
        Ok(artifacts)
    }

    /// Copies one artifact; `None`, with a warning, where that cannot be.
    async fn artifact(
        &self,
        subject: &Digest,
        digest: &Digest,
        tags: &[Tag],
        report: &mut ReferrersReport,
    ) -> Result<Option<(Descriptor, Stored)>, Error> {
        let mut copied = CopyReport::default();
        let outcome = self.image(digest, tags, &mut copied).await;
        report.manifests_copied += copied.manifests_copied;
        report.bytes_copied += copied.bytes_copied;
        report.warnings.append(&mut copied.warnings);
        match outcome {
            Ok(stored) => Ok(Some(stored)),
            Err(error) => {
                let artifact = tags.first().map_or_else(|| digest.to_string(), ToString::to_string);
                report.warnings.push(self.refusal(subject, artifact, error)?);
                Ok(None)
            }
        }
    }

    /// Adds artifacts to the index by which clients find them where the registry keeps no list.
    async fn list(
        &self,
        subject: &Digest,
        artifacts: Vec<Descriptor>,
        report: &mut ReferrersReport,
    ) -> Result<(), Error> {
        let tag = ManifestReference::Tag(list_tag(subject)?);
        let scope = Scope::push(self.destination_repository);
        let index = match self.destination.get_in(self.destination_repository, &tag, None, &scope).await {
            Ok(there) => with_entries(Some(&there), &artifacts),
            Err(Error::NotFound { .. }) => with_entries(None, &artifacts),
            Err(error) => Err(error),
        };
        let stored = match index {
            Ok(index) => self.destination.put_manifest(self.destination_repository, &tag, &index).await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => report.stored.push(tag),
            Err(error) => report.warnings.push(self.refusal(subject, tag.to_string(), error)?),
        }
        Ok(())
    }

    /// The warning that an error is where it concerns one artifact alone; any other error comes back.
    fn refusal(&self, subject: &Digest, artifact: String, error: Error) -> Result<Warning, Error> {
        let is_about_the_artifact = match &error {
            Error::TagImmutable { tag, .. } => {
                return Ok(Warning::ReferrerTagImmutable { tag: tag.clone() });
            }
            Error::NotFound { .. }
            | Error::UnsupportedManifest { .. }
            | Error::TooLarge { .. }
            | Error::TooComplex(_) => true,
            // The destination understood what it was sent, and does not want it.
            Error::Registry { host, status, .. } => {
                host == self.destination.host() && matches!(status, 400..=407 | 409..=499)
            }
            _ => false,
        };
        if !is_about_the_artifact {
            return Err(error);
        }
        Ok(Warning::ReferrerRefused { subject: subject.clone(), artifact, reason: error.to_string() })
    }
}

/// The index `there`, with all that it has, and entries for `artifacts`.
fn with_entries(there: Option<&Manifest>, artifacts: &[Descriptor]) -> Result<Manifest, Error> {
    let unusable = |reason: String| Error::TooComplex(format!("the index of referrers {reason}"));
    let mut index = match there {
        None => json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [] }),
        Some(there) if matches!(there.content(), Content::Index { .. }) => {
            serde_json::from_slice(there.raw()).map_err(|error| unusable(error.to_string()))?
        }
        Some(there) => return Err(unusable(format!("is a {}", there.media_type()))),
    };
    let entries = index["manifests"].as_array_mut().ok_or_else(|| unusable("has no entries".to_owned()))?;
    for artifact in artifacts {
        let is_same = |entry: &Value| entry["digest"] == artifact.digest.to_string();
        if !entries.iter().any(is_same) {
            let entry = serde_json::to_value(artifact).map_err(|error| unusable(error.to_string()))?;
            entries.push(entry);
        }
    }
    let raw = Bytes::from(index.to_string());
    let digest = Digest::sha256(&raw);
    Manifest::parse(raw, digest, Some(OCI_INDEX)).map_err(|error| unusable(error.to_string()))
}

//! Copying one image: manifests are read first, blobs go over, children before index, tags last.

mod blob;
mod mounts;
mod options;
mod plan;
mod referrers;
mod select;

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::auth::Scope;
use crate::client::{HeadFallback, Registry, Stored};
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::Error;
use crate::reference::{ManifestReference, Tag};

pub use mounts::MountSources;
pub use options::{CopyOptions, CopyReport, Event, Progress, Warning};
use plan::Plan;
pub use referrers::{ReferrersReport, copy_referrers};

/// How often the progress of blobs is reported.
const TICK: Duration = Duration::from_millis(500);

/// Copies the image with this digest, all platforms, and then lets `tags` name it.
///
/// What the destination has already is skipped, so that a copy that failed goes on where it stopped.
/// Manifests that are there are read there, which spares the pull limit of the source. No tag is
/// written before everything it leads to is verified and stored. Dropping the future, or cancelling
/// `cancel`, stops all transfers; the destination then holds untagged content at most.
///
/// # Errors
/// [`Error::NotFound`] when the source no longer has the digest, [`Error::DigestMismatch`] and
/// [`Error::SizeMismatch`] for damaged content, [`Error::RateLimited`], [`Error::TagImmutable`],
/// [`Error::Cancelled`], and all others of either registry.
#[expect(clippy::too_many_arguments, reason = "two registries with a repository each, and what to do")]
pub async fn copy_image(
    source: &Registry,
    source_repository: &str,
    digest: &Digest,
    destination: &Registry,
    destination_repository: &str,
    tags: &[Tag],
    options: &CopyOptions,
    progress: &dyn Progress,
    cancel: &CancellationToken,
) -> Result<CopyReport, Error> {
    let copy = Copy {
        source,
        source_repository,
        destination,
        destination_repository,
        options,
        progress,
        bytes: Arc::new(AtomicU64::new(0)),
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::Cancelled),
        never = copy.tick() => match never {},
        report = copy.run(digest, tags) => report,
    }
}

/// One copy: where from, where to, and how.
struct Copy<'a> {
    source: &'a Registry,
    source_repository: &'a str,
    destination: &'a Registry,
    destination_repository: &'a str,
    options: &'a CopyOptions,
    progress: &'a dyn Progress,
    /// Bytes of blobs handed to the destination, those of failed tries included.
    bytes: Arc<AtomicU64>,
}

impl Copy<'_> {
    async fn run(&self, digest: &Digest, tags: &[Tag]) -> Result<CopyReport, Error> {
        let started = Instant::now();
        let mut report = CopyReport::default();
        let (root, _) = self.image(digest, tags, &mut report).await?;
        report.digest = Some(root.digest);
        let seconds = started.elapsed().as_secs_f64();
        info!(
            digest = %digest, bytes = report.bytes_copied, blobs = report.blobs_copied, seconds, "image copied"
        );
        Ok(report)
    }

    /// Copies one manifest with all that it leads to, and tells what it is at the destination.
    async fn image(
        &self,
        digest: &Digest,
        tags: &[Tag],
        report: &mut CopyReport,
    ) -> Result<(Descriptor, Stored), Error> {
        let plan = Plan::read(self, digest, &mut report.warnings).await?;
        let blobs = plan.blobs(self.options, &mut report.warnings);
        let underway = self.options.mount_sources.as_ref().map(|sources| sources.begin(&blobs));
        let underway = underway.as_ref();
        // What another copy brings comes last: there may be something to wait for.
        let is_brought =
            |blob: &&Descriptor| underway.is_some_and(|underway| underway.is_brought(&blob.digest));
        let (last, first): (Vec<_>, Vec<_>) = blobs.iter().partition(is_brought);
        // The futures are made before the stream: with a closure over references the compiler cannot see
        // that the whole copy may move between threads.
        let transfers: Vec<_> =
            first.into_iter().chain(last).map(|descriptor| self.blob(descriptor, underway)).collect();
        let outcomes: Vec<blob::Outcome> =
            stream::iter(transfers).buffer_unordered(self.options.parallel.max(1)).try_collect().await?;
        for outcome in outcomes {
            match outcome {
                blob::Outcome::Skipped => report.blobs_skipped += 1,
                blob::Outcome::Mounted => report.blobs_mounted += 1,
                blob::Outcome::Copied(bytes) => {
                    report.blobs_copied += 1;
                    report.bytes_copied += bytes;
                }
            }
        }
        let stored = self.manifests(&plan, tags, report).await?;
        if let Some(underway) = underway {
            underway.finish(self.destination_repository, &blobs);
        }
        Ok((plan.root().clone(), stored))
    }

    /// Stores what is not there yet, and tells what the destination said of the root.
    async fn manifests(&self, plan: &Plan, tags: &[Tag], report: &mut CopyReport) -> Result<Stored, Error> {
        let root = &plan.root().digest;
        let mut answer = Stored::default();
        for node in plan.children_first() {
            let manifest = &node.manifest;
            let is_root = manifest.digest() == root;
            if node.at_destination || (is_root && !tags.is_empty()) {
                continue;
            }
            let reference = ManifestReference::Digest(manifest.digest().clone());
            let put =
                self.destination.put_manifest(self.destination_repository, &reference, manifest).await?;
            if is_root {
                answer = put;
            }
            report.manifests_copied += 1;
            self.progress.event(&Event::ManifestCopied { digest: manifest.digest() });
        }
        let Some(node) = plan.get(root) else { return Ok(answer) };
        let mut stored = node.at_destination;
        for tag in tags {
            let reference = ManifestReference::Tag(tag.clone());
            // An immutable tag refuses even what it already names, so it is asked first.
            let scope = Scope::push(self.destination_repository);
            let named = self
                .destination
                .head_in(self.destination_repository, &reference, HeadFallback::Get, &scope)
                .await?;
            if named.is_some_and(|named| named.digest == *root) {
                continue;
            }
            answer = self
                .destination
                .put_manifest(self.destination_repository, &reference, &node.manifest)
                .await?;
            if !std::mem::replace(&mut stored, true) {
                report.manifests_copied += 1;
                self.progress.event(&Event::ManifestCopied { digest: root });
            }
            report.tags_written += 1;
            self.progress.event(&Event::TagWritten { tag });
        }
        Ok(answer)
    }

    /// Reports bytes and rate until the copy ends.
    async fn tick(&self) -> Infallible {
        let started = Instant::now();
        let mut ticks = tokio::time::interval(TICK);
        let (mut last, mut last_at) = (0, started);
        loop {
            ticks.tick().await;
            let bytes = self.bytes.load(Ordering::Relaxed);
            if bytes == last {
                continue;
            }
            let seconds = last_at.elapsed().as_secs_f64().max(0.001);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a rate for people to read, positive and far below the limits"
            )]
            let bytes_per_second = ((bytes - last) as f64 / seconds) as u64;
            debug!(bytes, bytes_per_second, "copying");
            self.progress.event(&Event::Transferred { bytes, bytes_per_second });
            (last, last_at) = (bytes, Instant::now());
        }
    }
}

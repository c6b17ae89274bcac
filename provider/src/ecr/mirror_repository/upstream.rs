//! The mirror's dealings with the upstream: asking for digests, and copying images.

use std::collections::BTreeMap;

use oci_copy::{Digest, ManifestReference, Reference, Tag};
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::{Digests, MirrorRepository, set_digests};
use crate::clients::Clients;
use crate::diagnostics::registry_failure;

impl MirrorRepository {
    /// The digest to copy for each tag: the planned one, or upstream's of this moment where none was planned.
    pub(super) async fn targets(
        &self,
        clients: &Clients,
        summary: &str,
        exists_now: &str,
    ) -> Result<BTreeMap<String, Digest>, Diagnostics> {
        let source = parse_source(&self.source)?;
        let upstream = clients.upstream(source.domain())?;
        let planned = set_digests(&self.digests);
        let (mut targets, mut faults) = (BTreeMap::new(), Diagnostics::new());
        for tag in &self.image_tags {
            let digest = match planned.get(tag) {
                Some(digest) => Digest::parse(digest).map_err(|error| {
                    Diagnostic::provider_bug(format!("The planned digest of {tag} is none: {error}."))
                })?,
                None => match head(&upstream, source.path(), tag).await {
                    Ok(digest) => digest,
                    Err(error) => {
                        faults.push(registry_failure(&error, summary, exists_now).at("image_tags"));
                        continue;
                    }
                },
            };
            targets.insert(tag.clone(), digest);
        }
        if faults.is_empty() { Ok(targets) } else { Err(faults) }
    }

    /// Copies every target that is not stored, and keeps the state of each step.
    pub(super) async fn copy(
        &mut self,
        targets: &BTreeMap<String, Digest>,
        stored: &BTreeMap<String, String>,
        ctx: &mut Context<Clients>,
        summary: &str,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let source = parse_source(&self.source)?;
        let (upstream, own) = (clients.upstream(source.domain())?, clients.registry()?);
        let mut digests = Digests::new();
        let mut missing: BTreeMap<&Digest, Vec<Tag>> = BTreeMap::new();
        for (tag, digest) in targets {
            match stored.get(tag) {
                Some(there) if *there == digest.to_string() => {
                    digests.insert(tag.clone(), there.clone().into());
                }
                other => {
                    if let Some(there) = other {
                        digests.insert(tag.clone(), there.clone().into());
                    }
                    let tag = Tag::parse(tag).map_err(|error| Diagnostic::provider_bug(error.to_string()))?;
                    missing.entry(digest).or_default().push(tag);
                }
            }
        }
        self.digests = digests.clone().into();
        ctx.save(self);
        for (digest, tags) in missing {
            let report = oci_copy::copy_image(
                &upstream,
                source.path(),
                digest,
                &own,
                &self.name,
                &tags,
                &oci_copy::CopyOptions::new(),
                &log_progress,
                ctx.stop(),
            )
            .await
            .map_err(|error| {
                let exists_now = "What was copied so far is kept, and no tag names it; apply again to go on.";
                registry_failure(&error, summary, exists_now)
            })?;
            tracing::info!(
                repository = self.name,
                %digest,
                bytes = report.bytes_copied,
                blobs = report.blobs_copied,
                skipped = report.blobs_skipped,
                manifests = report.manifests_copied,
                "copied"
            );
            for warning in &report.warnings {
                ctx.warn(Diagnostic::warning(summary, format!("{warning}.")));
            }
            digests.extend(tags.iter().map(|tag| (tag.as_str().to_owned(), digest.to_string().into())));
            self.digests = digests.clone().into();
            ctx.save(self);
        }
        Ok(())
    }

    /// Upstream's present digests; where it cannot be asked, those it last said, with one warning.
    pub(super) async fn ask_upstream(&self, ctx: &mut Context<Clients>) -> Result<Digests, Diagnostics> {
        let source = parse_source(&self.source)?;
        let upstream = ctx.client().upstream(source.domain())?;
        let before = set_digests(&self.upstream_digests);
        let mut digests = Digests::new();
        let mut failed: Option<oci_copy::Error> = None;
        for tag in &self.image_tags {
            let asked = match &failed {
                // One failure of the registry as a whole is enough: asking on would only wait as often.
                Some(_) => None,
                None => match head(&upstream, source.path(), tag).await {
                    Ok(digest) => Some(digest.to_string()),
                    Err(
                        error @ (oci_copy::Error::NotFound { .. }
                        | oci_copy::Error::RepositoryNotFound { .. }),
                    ) => {
                        let kept = "What the repository has is kept.";
                        let mut warning = registry_failure(
                            &error,
                            format!("Upstream tag is gone ({}:{tag})", self.source),
                            kept,
                        );
                        warning.severity = tf_provider::Severity::Warning;
                        ctx.warn(warning.at("image_tags"));
                        None
                    }
                    Err(error) => {
                        failed = Some(error);
                        None
                    }
                },
            };
            if let Some(digest) = asked.or_else(|| before.get(tag).cloned()) {
                digests.insert(tag.clone(), digest.into());
            }
        }
        if let Some(error) = failed {
            let kept = "The digests it last told are kept, and nothing is copied.";
            let mut warning =
                registry_failure(&error, format!("Upstream was not asked ({})", self.source), kept);
            warning.severity = tf_provider::Severity::Warning;
            ctx.warn(warning.at("source"));
        }
        Ok(digests)
    }
}

/// The digest of an upstream tag, by HEAD.
async fn head(upstream: &oci_copy::Registry, path: &str, tag: &str) -> Result<Digest, oci_copy::Error> {
    let reference = ManifestReference::Tag(Tag::parse(tag)?);
    match upstream.head_manifest(path, &reference).await? {
        Some(descriptor) => Ok(descriptor.digest),
        None => Err(oci_copy::Error::NotFound {
            host: upstream.host().to_owned(),
            repository: path.to_owned(),
            reference: tag.to_owned(),
        }),
    }
}

fn log_progress(event: &oci_copy::Event<'_>) {
    if let oci_copy::Event::Transferred { bytes, bytes_per_second } = event {
        tracing::info!(bytes, bytes_per_second, "copying");
    }
}

fn parse_source(source: &str) -> Result<Reference, Diagnostics> {
    Reference::parse(source)
        .map_err(|error| Diagnostic::error("Invalid source", format!("{error}.")).at("source").into())
}

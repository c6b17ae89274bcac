//! The mirror's images: what upstream has, and what is copied of it.

use std::collections::BTreeMap;

use oci_copy::{Digest, Tag};
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::{Digests, MirrorRepository, set_digests};
use crate::clients::Clients;
use crate::diagnostics::registry_failure;
use crate::ecr::upstream::Upstream;

impl MirrorRepository {
    /// The digest to copy for each tag: the planned one, or upstream's of this moment where none was planned.
    pub(super) async fn targets(
        &self,
        clients: &Clients,
        summary: &str,
        exists_now: &str,
    ) -> Result<BTreeMap<String, Digest>, Diagnostics> {
        let upstream = Upstream::of(clients, &self.source)?;
        let planned = set_digests(&self.digests);
        let (mut targets, mut faults) = (BTreeMap::new(), Diagnostics::new());
        for tag in &self.image_tags {
            let digest = match planned.get(tag) {
                Some(digest) => Digest::parse(digest).map_err(|error| {
                    Diagnostic::provider_bug(format!("The planned digest of {tag} is none: {error}."))
                })?,
                None => match upstream.digest(tag).await {
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
        let (upstream, own) = (Upstream::of(&clients, &self.source)?, clients.registry()?);
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
            let report = upstream.copy(digest, &own, &self.name, &tags, ctx).await.map_err(|error| {
                let exists_now = "What was copied so far is kept, and no tag names it; apply again to go on.";
                registry_failure(&error, summary, exists_now)
            })?;
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
        let upstream = Upstream::of(ctx.client(), &self.source)?;
        let before = set_digests(&self.upstream_digests);
        let mut digests = Digests::new();
        let mut failed: Option<oci_copy::Error> = None;
        for tag in &self.image_tags {
            let asked = match &failed {
                // One failure of the registry as a whole is enough: asking on would only wait as often.
                Some(_) => None,
                None => match upstream.digest(tag).await {
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

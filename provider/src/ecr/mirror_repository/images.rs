//! The mirror's images: what upstream has, and what is copied of it. An image is named by its tag, or by its digest.

use std::collections::{BTreeMap, BTreeSet};

use oci_copy::{Digest, Platform, Tag};
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics, Severity};

use super::tag_filter::MAX_TAGS;
use super::{Digests, MirrorRepository, set_digests};
use crate::clients::Clients;
use crate::diagnostics::registry_failure;
use crate::ecr::repository::{self, Images};
use crate::ecr::upstream::{Destination, Upstream, made_from};

impl MirrorRepository {
    /// The upstream repository.
    pub(super) fn upstream(&self, clients: &Clients) -> Result<Upstream, Diagnostics> {
        Upstream::of(clients, &self.source, self.credential_arn.as_deref())
    }

    /// Every image to mirror: those that are named, and those that the filter stands for.
    async fn names(
        &self,
        upstream: &Upstream,
        summary: &str,
        exists_now: &str,
    ) -> Result<BTreeSet<String>, Diagnostic> {
        let mut names = self.image_tags.clone().unwrap_or_default();
        let Some(filter) = &self.tag_filter else { return Ok(names) };
        let tags = upstream.tags().await;
        let tags = tags.map_err(|error| registry_failure(&error, summary, exists_now).at("tag_filter"))?;
        let selected = filter.select(tags.iter().map(Tag::as_str));
        if selected.len() > MAX_TAGS {
            let detail = format!(
                "The filter stands for {} tags, and a mirror has {MAX_TAGS} at most. {exists_now} Narrow it, or set newest.",
                selected.len()
            );
            return Err(Diagnostic::error(summary, detail).at("tag_filter"));
        }
        names.extend(selected);
        Ok(names)
    }

    /// The digest to copy for each image: the planned one, or upstream's of this moment where none was planned.
    pub(super) async fn targets(
        &self,
        clients: &Clients,
        summary: &str,
        exists_now: &str,
    ) -> Result<BTreeMap<String, Digest>, Diagnostics> {
        let upstream = self.upstream(clients)?;
        let planned = set_digests(&self.copied_digests);
        let names = match self.copied_digests.get() {
            Some(planned) => planned.keys().cloned().collect(),
            None => self.names(&upstream, summary, exists_now).await?,
        };
        let (mut targets, mut faults) = (BTreeMap::new(), Diagnostics::new());
        for name in names {
            let digest = match planned.get(&name) {
                Some(digest) => Digest::parse(digest).map_err(|error| {
                    Diagnostic::provider_bug(format!("The planned digest of {name} is none: {error}."))
                })?,
                None => match upstream.digest(&name).await {
                    Ok(digest) => digest,
                    Err(error) => {
                        let attribute = self.attribute_of(&name);
                        faults.push(registry_failure(&error, summary, exists_now).at(attribute));
                        continue;
                    }
                },
            };
            targets.insert(name, digest);
        }
        if faults.is_empty() { Ok(targets) } else { Err(faults) }
    }

    /// Copies every target that is not stored, and keeps the state of each step.
    pub(super) async fn copy(
        &mut self,
        targets: &BTreeMap<String, Digest>,
        stored: &Images,
        ctx: &mut Context<Clients>,
        summary: &str,
    ) -> Result<(), Diagnostics> {
        let clients = ctx.client().clone();
        let (upstream, own) = (self.upstream(&clients)?, clients.registry()?);
        let planned = set_digests(&self.digests);
        let (mut digests, mut copied) = (Digests::new(), Digests::new());
        let (mut missing, mut archived) = (BTreeMap::<&Digest, Vec<String>>::new(), BTreeSet::new());
        for (name, digest) in targets {
            let there = stored.digest(name);
            digests.extend(there.map(|there| (name.clone(), there.clone().into())));
            let whole = self.platforms.is_none().then(|| digest.to_string());
            let wanted = planned.get(name).cloned().or(whole);
            if wanted.is_some() && there == wanted.as_ref() {
                copied.insert(name.clone(), digest.to_string().into());
            } else {
                missing.entry(digest).or_default().push(name.clone());
                archived.extend(wanted.filter(|wanted| stored.archived.contains(wanted)));
            }
        }
        (self.digests, self.copied_digests) = (digests.clone().into(), copied.clone().into());
        ctx.save(self);
        if !archived.is_empty() {
            // It has all that it consists of: then the copy below finds nothing to do, and pulls nothing.
            repository::restore(ctx, &self.name, stored, &archived).await?;
        }
        let platforms = self.chosen_platforms();
        for (digest, names) in missing {
            let tags = names.iter().filter(|name| !repository::is_digest(name)).map(|tag| Tag::parse(tag));
            let tags: Vec<Tag> = tags
                .collect::<Result<_, _>>()
                .map_err(|error| Diagnostic::provider_bug(error.to_string()))?;
            let to = Destination {
                registry: &own,
                repository: &self.name,
                encryption: self.encryption_configuration.as_ref(),
            };
            let report = upstream.copy(digest, &platforms, to, &tags, ctx).await;
            let report = report.map_err(|error| {
                let exists_now = "What was copied so far is kept, and no tag names it; apply again to go on.";
                let fault = registry_failure(&error, summary, exists_now);
                match error {
                    oci_copy::Error::PlatformMissing { .. } => fault.at("platforms"),
                    oci_copy::Error::PullLimitTooLow { .. } => fault.at("source"),
                    _ => fault,
                }
            })?;
            for warning in &report.warnings {
                ctx.warn(Diagnostic::warning(summary, format!("{warning}.")));
            }
            let stored = report.digest.as_ref().unwrap_or(digest).to_string();
            for name in names {
                digests.insert(name.clone(), stored.clone().into());
                copied.insert(name, digest.to_string().into());
            }
            (self.digests, self.copied_digests) = (digests.clone().into(), copied.clone().into());
            ctx.save(self);
        }
        Ok(())
    }

    /// Takes over what the repository has, and what that was copied from.
    pub(super) async fn note_present(
        &mut self,
        present: BTreeMap<String, String>,
        upstream: &Digests,
        clients: &Clients,
    ) -> Result<(), Diagnostics> {
        let own = clients.registry()?;
        let chosen = self.chosen_platforms();
        let mut copied = Digests::new();
        for (name, stored) in &present {
            let told = self.told_digests(name);
            let from = if self.platforms.is_none() {
                let is_upstreams = upstream.get(name).and_then(Computed::get) == Some(stored);
                // What somebody else put there is told from what was copied last.
                if is_upstreams { Some(stored.clone()) } else { told.copied.or_else(|| Some(stored.clone())) }
            } else if told.stored.as_ref() == Some(stored) && told.copied.is_some() {
                told.copied
            } else {
                // Another one than was put there by this state: an index of chosen platforms says what it was made from.
                let summary = format!("Reading ECR mirror repository ({})", self.name);
                let found = made_from(&own, &self.name, stored).await;
                let found = found.map_err(|error| registry_failure(&error, summary, ""))?;
                let is_chosen = |platforms: &[Platform]| {
                    chosen.iter().all(|chosen| platforms.iter().any(|has| chosen.includes(has)))
                        && platforms.iter().all(|has| chosen.iter().any(|chosen| chosen.includes(has)))
                };
                found.filter(|(_, platforms)| is_chosen(platforms)).map(|(from, _)| from.to_string())
            };
            copied.extend(from.map(|from| (name.clone(), from.into())));
        }
        self.digests =
            present.into_iter().map(|(name, digest)| (name, digest.into())).collect::<Digests>().into();
        self.copied_digests = copied.into();
        Ok(())
    }

    /// Upstream's present digests; where it cannot be asked, those it last said, with one warning. And whether it told.
    pub(super) async fn ask_upstream(
        &self,
        ctx: &mut Context<Clients>,
    ) -> Result<(Digests, bool), Diagnostics> {
        const KEPT: &str = "The digests it last told are kept, and nothing is copied.";
        let upstream = self.upstream(ctx.client())?;
        let before = set_digests(&self.upstream_digests);
        let summary = format!("Upstream was not asked ({})", self.source);
        let names = match self.names(&upstream, &summary, KEPT).await {
            Ok(names) => names,
            Err(fault) => {
                ctx.warn(Diagnostic { severity: Severity::Warning, ..fault });
                let before = before.into_iter().map(|(name, digest)| (name, digest.into())).collect();
                return Ok((before, false));
            }
        };
        let mut digests = Digests::new();
        let mut failed: Option<oci_copy::Error> = None;
        for name in &names {
            let asked = match &failed {
                // One failure of the registry as a whole is enough: asking on would only wait as often.
                Some(_) => None,
                None => match upstream.digest(name).await {
                    Ok(digest) => Some(digest.to_string()),
                    Err(
                        error @ (oci_copy::Error::NotFound { .. }
                        | oci_copy::Error::RepositoryNotFound { .. }),
                    ) => {
                        let kept = "What the repository has is kept.";
                        let summary = format!("Upstream tag is gone ({}:{name})", self.source);
                        let fault = registry_failure(&error, summary, kept).at(self.attribute_of(name));
                        ctx.warn(Diagnostic { severity: Severity::Warning, ..fault });
                        None
                    }
                    Err(error) => {
                        failed = Some(error);
                        None
                    }
                },
            };
            if let Some(digest) = asked.or_else(|| before.get(name).cloned()) {
                digests.insert(name.clone(), digest.into());
            }
        }
        let told = failed.is_none();
        if let Some(error) = failed {
            let fault = registry_failure(&error, summary, KEPT).at("source");
            ctx.warn(Diagnostic { severity: Severity::Warning, ..fault });
        }
        Ok((digests, told))
    }

    /// Removes the images that are mirrored no more: what a name means was ours if it still means what we made it mean.
    /// Tells what is stored then: with its last tag ECR deletes an image, also one that is still mirrored by its digest,
    /// which then has to be copied again.
    pub(super) async fn drop_images(
        &self,
        prior: &Self,
        targets: &BTreeMap<String, Digest>,
        stored: Images,
        clients: &Clients,
    ) -> Result<Images, Diagnostics> {
        let ours = set_digests(&prior.digests);
        let is_needed = |digest: &String| {
            targets.values().any(|target| target.to_string() == *digest)
                || stored.tags.iter().any(|(tag, named)| named == digest && !ours.contains_key(tag))
        };
        let dropped = ours.iter().filter(|(name, made)| {
            !targets.contains_key(*name)
                && stored.named(name) == Some(made)
                && (!repository::is_digest(name) || !is_needed(made))
        });
        let dropped: Vec<String> = dropped.map(|(name, _)| name.clone()).collect();
        if dropped.is_empty() {
            return Ok(stored);
        }
        repository::remove(clients, &self.name, dropped.into_iter()).await?;
        repository::images(clients, &self.name).await
    }

    /// The platforms to copy; none is all.
    fn chosen_platforms(&self) -> Vec<Platform> {
        self.platforms.iter().flatten().filter_map(|platform| Platform::parse(platform)).collect()
    }

    /// The argument that an image is mirrored by.
    fn attribute_of(&self, name: &str) -> &'static str {
        let is_named = self.image_tags.as_ref().is_some_and(|named| named.contains(name));
        if is_named { "image_tags" } else { "tag_filter" }
    }
}

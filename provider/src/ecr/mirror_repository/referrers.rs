//! What refers to the mirror's images upstream, and what is copied of it: signatures, attestations, bills of materials.
//!
//! Read asks upstream for one digest of all that refers to an image, by requests that are free under Docker Hub's limit;
//! the plan compares it with that of the last copy. `referrer_images` notes what was put into the repository, so that it
//! can be told from what others put there, and removed.

use std::collections::{BTreeMap, BTreeSet};

use oci_copy::{Digest, ManifestReference, ReferrersReport, Tag, Warning, referrers_subject};
use tf_provider::schema::Computed;
use tf_provider::{Context, Diagnostic, Diagnostics, PlanContext, Severity, Value};

use super::plan::{PlannedDigests, is_same_source};
use super::{Digests, MirrorRepository, MirrorRepositoryPlan, OnUpstreamChange, set_digests};
use crate::clients::Clients;
use crate::diagnostics::registry_failure;
use crate::ecr::repository::{self, Images, is_digest};
use crate::ecr::repository_settings::ImageTagMutability;

/// What the plan says of referrers: by image, the digest of all that refers to it.
#[derive(Debug)]
pub(super) struct PlannedReferrers {
    upstream: BTreeMap<String, String>,
    copied: BTreeMap<String, String>,
}

/// Plans the referrers of the images whose digests are planned; without these, which ones there are is not known.
pub(super) fn plan_referrers(
    plan: &mut PlanContext<'_, MirrorRepository>,
    images: Option<(&PlannedDigests, &PlannedDigests)>,
) {
    let set = |plan: &mut PlanContext<'_, MirrorRepository>, value: Value<PlannedDigests>| {
        plan.planned.upstream_referrers = value.clone();
        plan.planned.copied_referrers = value.clone();
        plan.planned.referrer_images = value;
    };
    let (digests, copied) = match (&plan.planned.referrers, images) {
        (Value::Known(true), Some(images)) => images,
        (Value::Known(true) | Value::Unknown, _) => return set(plan, Value::Unknown),
        (Value::Known(false) | Value::Null, _) => return set(plan, Value::Null),
    };
    let policy = plan.planned.on_upstream_change.known().copied();
    let same_source = plan.prior.filter(|prior| is_same_source(prior, &plan.planned));
    let told = |digests: fn(&MirrorRepository) -> BTreeMap<String, String>| {
        same_source.map(digests).unwrap_or_default()
    };
    let (upstream_told, copied_told) = (
        told(|prior| set_digests(&prior.upstream_referrers)),
        told(|prior| set_digests(&prior.copied_referrers)),
    );
    let (mut upstream, mut referrers) = (PlannedDigests::new(), PlannedDigests::new());
    let mut unchanged = same_source.is_some_and(|prior| {
        prior.referrer_images.get().is_some()
            && set_digests(&prior.digests).keys().eq(copied.keys())
            && is_same_mutability(prior, &plan.planned)
    });
    for name in copied.keys() {
        let (newest, before) = (upstream_told.get(name), copied_told.get(name));
        let newest = newest.or(before);
        let wanted = match policy {
            Some(OnUpstreamChange::Update) => newest,
            Some(OnUpstreamChange::Warn | OnUpstreamChange::Ignore) => before.or(newest),
            None => None,
        };
        let images = same_source.map(|prior| prior.told_digests(name)).unwrap_or_default();
        let is_same = |planned: &PlannedDigests, told: &Option<String>| {
            planned.get(name).and_then(Value::known) == told.as_ref()
        };
        unchanged &= wanted.is_some()
            && wanted == before
            && is_same(digests, &images.stored)
            && is_same(copied, &images.copied);
        let value = |digest: Option<&String>| digest.cloned().map_or(Value::Unknown, Value::Known);
        upstream.insert(name.clone(), value(newest));
        referrers.insert(name.clone(), value(wanted));
    }
    let stored = plan.prior.filter(|_| unchanged).map(|prior| set_digests(&prior.referrer_images));
    plan.planned.upstream_referrers = Value::Known(upstream);
    plan.planned.copied_referrers = Value::Known(referrers);
    plan.planned.referrer_images = stored.map_or(Value::Unknown, |stored| {
        Value::Known(stored.into_iter().map(|(image, root)| (image, Value::Known(root))).collect())
    });
}

impl MirrorRepository {
    /// Takes over what refers to the images upstream, and what is left of what was copied. Upstream is asked if
    /// `can_be_asked`; where it cannot be, what it last said is kept.
    pub(super) async fn note_referrers(
        &mut self,
        stored: &Images,
        can_be_asked: bool,
        ctx: &mut Context<Clients>,
    ) -> Result<(), Diagnostics> {
        if !self.referrers {
            return Ok(());
        }
        let mut present = set_digests(&self.referrer_images);
        let mut incomplete = BTreeSet::new();
        present.retain(|image, root| {
            let is_there = stored.digest(image).is_some();
            if !is_there {
                incomplete.insert(root.clone());
            }
            is_there
        });
        let mut copied = set_digests(&self.copied_referrers);
        let digests = set_digests(&self.digests);
        copied.retain(|name, _| digests.get(name).is_some_and(|root| !incomplete.contains(root)));
        self.referrer_images = known(present);
        self.copied_referrers = known(copied);
        let mut upstream = set_digests(&self.upstream_referrers);
        if can_be_asked {
            let asked = set_digests(&self.upstream_digests);
            match self.ask_referrers(&asked, ctx).await? {
                Ok(told) => upstream = told,
                Err(error) => {
                    let summary = format!("Upstream was not asked for referrers ({})", self.source);
                    let kept = "What it last told is kept, and nothing is copied.";
                    let fault = registry_failure(&error, summary, kept).at("referrers");
                    ctx.warn(Diagnostic { severity: Severity::Warning, ..fault });
                }
            }
        }
        self.upstream_referrers = known(upstream);
        Ok(())
    }

    /// The digest of what refers to each of these images upstream.
    async fn ask_referrers(
        &self,
        images: &BTreeMap<String, String>,
        ctx: &Context<Clients>,
    ) -> Result<Result<BTreeMap<String, String>, oci_copy::Error>, Diagnostics> {
        let upstream = self.upstream(ctx.client())?;
        let mut told: BTreeMap<&String, String> = BTreeMap::new();
        for digest in images.values() {
            if told.contains_key(digest) {
                continue;
            }
            let subject = Digest::parse(digest)
                .map_err(|error| Diagnostic::provider_bug(format!("{digest} is no digest: {error}.")))?;
            match upstream.referrers_digest(&subject).await {
                Ok(referrers) => told.insert(digest, referrers.to_string()),
                Err(error) => return Ok(Err(error)),
            };
        }
        let of = |(name, digest): (&String, &String)| Some((name.clone(), told.get(digest)?.clone()));
        Ok(Ok(images.iter().filter_map(of).collect()))
    }

    /// Sets aside what is planned, so that what was copied before stands in the state until more is.
    pub(super) fn begin_referrers(&mut self, prior: Option<&Self>) -> PlannedReferrers {
        let planned = PlannedReferrers {
            upstream: set_digests(&self.upstream_referrers),
            copied: set_digests(&self.copied_referrers),
        };
        let before = |digests: fn(&Self) -> BTreeMap<String, String>| match prior {
            Some(prior) => known(digests(prior)),
            None if self.referrers => known(BTreeMap::new()),
            None => Computed::null(),
        };
        let (upstream, copied, images) = (
            before(|prior| set_digests(&prior.upstream_referrers)),
            before(|prior| set_digests(&prior.copied_referrers)),
            before(|prior| set_digests(&prior.referrer_images)),
        );
        (self.upstream_referrers, self.copied_referrers, self.referrer_images) = (upstream, copied, images);
        planned
    }

    /// Copies what refers to the images that were copied, or to which something came; last of all, and with the state of
    /// each step.
    pub(super) async fn copy_referrers(
        &mut self,
        planned: PlannedReferrers,
        prior: Option<&Self>,
        targets: &BTreeMap<String, Digest>,
        ctx: &mut Context<Clients>,
        summary: &str,
    ) -> Result<(), Diagnostics> {
        if !self.referrers {
            return Ok(());
        }
        let exists_now = "The images are copied; apply again to go on with what refers to them.";
        let fault = |error: &oci_copy::Error| registry_failure(error, summary, exists_now).at("referrers");
        let PlannedReferrers { upstream: mut told, copied: planned } = planned;
        // Before anything is copied: what comes meanwhile is found by the next refresh.
        let unknown =
            |(name, _): &(&String, &Digest)| !told.contains_key(*name) || !planned.contains_key(*name);
        let unknown: BTreeMap<String, String> =
            targets.iter().filter(unknown).map(|(name, digest)| (name.clone(), digest.to_string())).collect();
        let asked = self.ask_referrers(&unknown, ctx).await?.map_err(|error| fault(&error))?;
        let wanted: BTreeMap<String, String> =
            asked.clone().into_iter().chain(planned).filter(|(name, _)| targets.contains_key(name)).collect();
        for (name, referrers) in asked {
            told.entry(name).or_insert(referrers);
        }
        told.retain(|name, _| targets.contains_key(name));
        self.upstream_referrers = known(told);

        let before = prior.map(|prior| set_digests(&prior.copied_referrers)).unwrap_or_default();
        let images_before = prior.map(|prior| set_digests(&prior.digests)).unwrap_or_default();
        let images = set_digests(&self.digests);
        // A tag that could not move may do so now.
        let same_mutability = prior.is_some_and(|prior| prior.mutability() == self.mutability());
        let is_done = |name: &String| {
            same_mutability
                && before.contains_key(name)
                && before.get(name) == wanted.get(name)
                && images_before.get(name) == images.get(name)
        };
        let (done, outdated): (Vec<_>, Vec<_>) = wanted.iter().partition(|(name, _)| is_done(name));
        let mut copied: BTreeMap<String, String> =
            done.into_iter().map(|(name, referrers)| (name.clone(), referrers.clone())).collect();
        self.copied_referrers = known(copied.clone());
        ctx.save(self);
        let mut by_image: BTreeMap<&String, Vec<(&String, &String)>> = BTreeMap::new();
        for (name, referrers) in outdated {
            if let Some(image) = images.get(name) {
                by_image.entry(image).or_default().push((name, referrers));
            }
        }
        let (upstream, own) = (self.upstream(ctx.client())?, ctx.client().registry()?);
        let mut noted = set_digests(&self.referrer_images);
        for (image, names) in by_image {
            let root = Digest::parse(image)
                .map_err(|error| Diagnostic::provider_bug(format!("{image} is no digest: {error}.")))?;
            let mut report = ReferrersReport::default();
            let ended = upstream.copy_referrers(&root, &own, &self.name, ctx, &mut report).await;
            noted.extend(report.stored.iter().map(|stored| (stored.to_string(), image.clone())));
            self.referrer_images = known(noted.clone());
            if ended.is_ok() {
                copied.extend(names.into_iter().map(|(name, referrers)| (name.clone(), referrers.clone())));
                self.copied_referrers = known(copied.clone());
            }
            ctx.save(self);
            for warning in &report.warnings {
                ctx.warn(warned(warning, summary));
            }
            ended.map_err(|error| fault(&error))?;
        }
        Ok(())
    }

    /// Removes what was copied because it refers to images that are mirrored no more; all of it, where referrers are no
    /// longer copied. A list into which others put something stays.
    pub(super) async fn drop_referrers(
        &mut self,
        prior: &Self,
        targets: &BTreeMap<String, Digest>,
        clients: &Clients,
    ) -> Result<(), Diagnostics> {
        let mut noted = set_digests(&prior.referrer_images);
        let images = set_digests(&prior.digests);
        let (kept, dropped): (Vec<_>, Vec<_>) =
            images.iter().partition(|(name, _)| targets.contains_key(*name));
        let has =
            |images: &[(&String, &String)], image: &String| images.iter().any(|(_, digest)| *digest == image);
        let is_gone = |root: &String| !self.referrers || (has(&dropped, root) && !has(&kept, root));
        let gone: BTreeSet<String> =
            noted.iter().filter(|(_, root)| is_gone(root)).map(|(image, _)| image.clone()).collect();
        let (digests, tags): (Vec<_>, Vec<_>) = gone.iter().cloned().partition(|image| is_digest(image));
        let mut removed = Vec::new();
        for tag in tags {
            if !is_list(&tag) || self.is_own_list(&tag, &gone, clients).await? {
                removed.push(tag);
            }
        }
        // Tags first: what a list names cannot be removed before it.
        removed.extend(digests);
        repository::remove(clients, &self.name, removed.into_iter()).await?;
        noted.retain(|image, _| !gone.contains(image));
        if self.referrers {
            self.referrer_images = known(noted);
        } else {
            self.upstream_referrers = Computed::null();
            self.copied_referrers = Computed::null();
            self.referrer_images = Computed::null();
        }
        Ok(())
    }

    fn mutability(&self) -> (ImageTagMutability, Option<&BTreeSet<String>>) {
        (self.image_tag_mutability, self.image_tag_mutability_exclusion_filters.as_ref())
    }

    /// True when the list under this tag names nothing but what is to be removed.
    async fn is_own_list(
        &self,
        tag: &str,
        gone: &BTreeSet<String>,
        clients: &Clients,
    ) -> Result<bool, Diagnostics> {
        let reference: ManifestReference =
            Tag::parse(tag).map_err(|error| Diagnostic::provider_bug(error.to_string()))?.into();
        match clients.registry()?.get_manifest(&self.name, &reference).await {
            Ok(list) => Ok(list.manifests().iter().all(|entry| gone.contains(&entry.digest.to_string()))),
            Err(oci_copy::Error::NotFound { .. } | oci_copy::Error::RepositoryNotFound { .. }) => Ok(true),
            Err(error) => {
                let summary = format!("Removing referrers of ECR repository ({})", self.name);
                Err(registry_failure(&error, summary, "They are still there.").into())
            }
        }
    }
}

/// True where the same tags may move as before.
fn is_same_mutability(prior: &MirrorRepository, planned: &MirrorRepositoryPlan) -> bool {
    let filters = match &planned.image_tag_mutability_exclusion_filters {
        Value::Unknown => return false,
        Value::Null => None,
        Value::Known(filters) => match filters.iter().map(|filter| filter.known().cloned()).collect() {
            Some(filters) => Some(filters),
            None => return false,
        },
    };
    planned.image_tag_mutability.known() == Some(&prior.image_tag_mutability)
        && prior.image_tag_mutability_exclusion_filters == filters
}

/// True for the tag of a list, and not for what cosign stores.
fn is_list(tag: &str) -> bool {
    referrers_subject(tag).is_some() && !tag.contains('.')
}

fn known(digests: BTreeMap<String, String>) -> Computed<Digests> {
    digests.into_iter().map(|(name, digest)| (name, digest.into())).collect::<Digests>().into()
}

fn warned(warning: &Warning, summary: &str) -> Diagnostic {
    match warning {
        Warning::ReferrerTagImmutable { .. } => {
            let detail = format!(
                "{warning}. Let such tags move: image_tag_mutability = \"IMMUTABLE_WITH_EXCLUSION\" and \
                 image_tag_mutability_exclusion_filters = [\"sha256-*\"]. It is copied then."
            );
            Diagnostic::warning(summary, detail).at("image_tag_mutability_exclusion_filters")
        }
        _ => Diagnostic::warning(summary, format!("{warning}.")).at("referrers"),
    }
}

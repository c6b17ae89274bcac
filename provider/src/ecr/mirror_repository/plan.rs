//! What apply would make of a mirror: the digests it copies, and what cannot be done.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::{Diagnostic, Diagnostics, ModifyPlan, PlanContext, ValidateConfig, Value};

use super::referrers::plan_referrers;
use super::tag_filter::{TagFilter, TagFilterPlan};
use super::{CONTINUES, MirrorRepository, MirrorRepositoryPlan, OnUpstreamChange, set_digests};
use crate::ecr::repository::is_digest;
use crate::ecr::repository_settings::{check_exclusions, same_encryption};

impl ModifyPlan for MirrorRepository {
    fn modify_plan(plan: &mut PlanContext<'_, Self>) {
        if let Some(clients) = plan.client() {
            plan.planned.tags_all = clients.tags.plan(&plan.planned.tags);
        }
        if plan.prior.is_none()
            && let Value::Known(name) = &plan.planned.name
        {
            plan.private.set(CONTINUES, name);
        }
        plan_encryption(plan);
        let Some(names) = planned_names(plan) else {
            plan.planned.upstream_digests = Value::Unknown;
            plan.planned.digests = Value::Unknown;
            plan.planned.copied_digests = Value::Unknown;
            plan_referrers(plan, None);
            return;
        };
        let (policy, choice) = (plan.planned.on_upstream_change.known().copied(), Choice::of(plan));
        let same_source = plan.prior.filter(|prior| is_same_source(prior, &plan.planned));
        let (mut upstream, mut digests, mut copied) =
            (PlannedDigests::new(), PlannedDigests::new(), PlannedDigests::new());
        let mut moved = Vec::new();
        for name in names {
            let told = same_source.map(|prior| prior.told_digests(&name)).unwrap_or_default();
            let newest = told.upstream.clone().or_else(|| told.copied.clone());
            let wanted = match policy {
                Some(OnUpstreamChange::Update) => newest.clone(),
                Some(OnUpstreamChange::Warn | OnUpstreamChange::Ignore) => {
                    told.copied.clone().or_else(|| newest.clone())
                }
                None => None,
            };
            let stored = match choice {
                Choice::All => wanted.clone(),
                // An index of chosen platforms has the digest that it was given when it was made.
                Choice::Same if wanted.is_some() && wanted == told.copied => told.stored,
                Choice::Same | Choice::Other => None,
            };
            if policy == Some(OnUpstreamChange::Warn) && wanted.is_some() && wanted != newest {
                moved.push(name.clone());
            }
            let value = |digest: Option<String>| digest.map_or(Value::Unknown, Value::Known);
            upstream.insert(name.clone(), value(newest));
            digests.insert(name.clone(), value(stored));
            copied.insert(name, value(wanted));
        }
        if !moved.is_empty() {
            let detail = format!(
                "{} moved, and what was copied is kept, as on_upstream_change says. Set it to \"update\" to follow.",
                moved.join(", ")
            );
            plan.report(Diagnostic::warning("Upstream moved", detail).at("on_upstream_change"));
        }
        refuse_moves(plan, &digests, &copied);
        plan_referrers(plan, Some((&digests, &copied)));
        plan.planned.upstream_digests = Value::Known(upstream);
        plan.planned.digests = Value::Known(digests);
        plan.planned.copied_digests = Value::Known(copied);
    }
}

/// Which platforms are copied, and whether they are those of before.
#[derive(Clone, Copy, Debug)]
enum Choice {
    All,
    Same,
    Other,
}

impl Choice {
    fn of(plan: &PlanContext<'_, MirrorRepository>) -> Self {
        let prior = plan.prior.and_then(|prior| prior.platforms.as_ref());
        match &plan.planned.platforms {
            Value::Null => Choice::All,
            Value::Unknown => Choice::Other,
            Value::Known(platforms) => {
                let platforms: Option<BTreeSet<&String>> = platforms.iter().map(Value::known).collect();
                let same = platforms.is_some_and(|platforms| {
                    prior.is_some_and(|prior| prior.iter().collect::<BTreeSet<_>>() == platforms)
                });
                if same { Choice::Same } else { Choice::Other }
            }
        }
    }
}

/// Digests by name of the image, in the plan form.
pub(super) type PlannedDigests = BTreeMap<String, Value<String>>;

/// Every image to mirror; `None` while that is not known before apply.
fn planned_names(plan: &PlanContext<'_, MirrorRepository>) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    match &plan.planned.image_tags {
        Value::Null => {}
        Value::Unknown => return None,
        Value::Known(tags) => {
            for tag in tags {
                names.insert(tag.known()?.clone());
            }
        }
    }
    match &plan.planned.tag_filter {
        Value::Null => {}
        Value::Unknown => return None,
        Value::Known(planned) => {
            // What the filter stands for was found out by the last refresh, if it is the filter of then.
            let prior = plan.prior.filter(|prior| is_same_source(prior, &plan.planned))?;
            let filter = prior.tag_filter.as_ref().filter(|filter| is_same_filter(filter, planned))?;
            let told = set_digests(&prior.upstream_digests);
            names.extend(filter.select(told.keys().map(String::as_str)));
        }
    }
    Some(names)
}

pub(super) fn is_same_source(prior: &MirrorRepository, planned: &MirrorRepositoryPlan) -> bool {
    planned.source.known() == Some(&prior.source)
}

fn is_same_filter(prior: &TagFilter, planned: &TagFilterPlan) -> bool {
    fn same<T: PartialEq>(prior: Option<&T>, planned: &Value<T>) -> bool {
        !planned.is_unknown() && planned.known() == prior
    }
    same(prior.versions.as_ref(), &planned.versions)
        && same(prior.pattern.as_ref(), &planned.pattern)
        && same(prior.newest.as_ref(), &planned.newest)
}

/// A tag that moved upstream cannot follow in a repository that lets no tag move: said at plan.
fn refuse_moves(
    plan: &mut PlanContext<'_, MirrorRepository>,
    digests: &PlannedDigests,
    copied: &PlannedDigests,
) {
    let filters: BTreeSet<String> = match &plan.planned.image_tag_mutability_exclusion_filters {
        Value::Unknown => return,
        filters => filters.known().into_iter().flatten().filter_map(Value::known).cloned().collect(),
    };
    let (Value::Known(mutability), Some(prior)) = (&plan.planned.image_tag_mutability, plan.prior) else {
        return;
    };
    let moves = |name: &str| {
        let told = prior.told_digests(name);
        let differs = |told: &Option<String>, planned: &PlannedDigests| {
            planned.get(name).and_then(Value::known).is_some_and(|planned| told.as_ref() != Some(planned))
        };
        told.stored.is_some() && (differs(&told.stored, digests) || differs(&told.copied, copied))
    };
    let moved: Vec<_> = digests
        .keys()
        .filter(|name| !is_digest(name) && moves(name) && !mutability.lets_move(name, &filters))
        .cloned()
        .collect();
    if !moved.is_empty() {
        let detail = format!(
            "Upstream moved {}, but the repository is {}. Set image_tag_mutability = \"MUTABLE\", let these tags move by \
             image_tag_mutability_exclusion_filters, or take tags that do not move.",
            moved.join(", "),
            mutability.as_str()
        );
        plan.report(Diagnostic::error("Tag cannot move", detail).at("image_tags"));
    }
}

/// Encryption is settled when a repository is made.
fn plan_encryption(plan: &mut PlanContext<'_, MirrorRepository>) {
    let prior = plan.prior.map(|prior| prior.encryption_configuration.as_ref());
    if let Value::Known(encryption) = &mut plan.planned.encryption_configuration {
        encryption.plan_key(prior.flatten());
    }
    if prior.is_some_and(|prior| !same_encryption(prior, &plan.planned.encryption_configuration)) {
        plan.requires_replace("encryption_configuration");
    }
    let fault = plan.client().and_then(|clients| {
        plan.planned.encryption_configuration.known().and_then(|planned| planned.check_place(clients))
    });
    if let Some(fault) = fault {
        plan.report(fault);
    }
}

impl ValidateConfig for MirrorRepository {
    fn validate(config: &MirrorRepositoryPlan, diagnostics: &mut Diagnostics) {
        check_exclusions(
            &config.image_tag_mutability,
            &config.image_tag_mutability_exclusion_filters,
            diagnostics,
        );
        if let Value::Known(encryption) = &config.encryption_configuration {
            encryption.check(diagnostics);
        }
        let mut named = config.image_tags.known().into_iter().flatten().filter_map(Value::known);
        if matches!(config.platforms, Value::Known(_)) && named.any(|name| is_digest(name)) {
            let detail = "An index of chosen platforms has another digest than upstream's: who pulls by that one would not \
                          find it. Mirror pinned images without platforms, in a repository of their own.";
            diagnostics.push(Diagnostic::error("Invalid platforms", detail).at("platforms"));
        }
    }
}

//! What apply would make of a mirror: the digests it copies, and what cannot be done.

use std::collections::{BTreeMap, BTreeSet};

use tf_provider::{Diagnostic, Diagnostics, ModifyPlan, PlanContext, ValidateConfig, Value};

use super::{CONTINUES, MirrorRepository, MirrorRepositoryPlan, set_digests};
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
        let planned = match &plan.planned.image_tags {
            Value::Known(tags) if tags.iter().all(|tag| tag.known().is_some()) => {
                let same_source =
                    plan.prior.filter(|prior| plan.planned.source.known() == Some(&prior.source));
                let digest = |tag: &String| same_source.and_then(|prior| prior.wanted_digest(tag));
                let tags = tags.iter().filter_map(Value::known);
                Value::Known(
                    tags.map(|tag| (tag.clone(), digest(tag).map_or(Value::Unknown, Value::Known))).collect(),
                )
            }
            _ => Value::Unknown,
        };
        refuse_moves(plan, &planned);
        plan.planned.upstream_digests.clone_from(&planned);
        plan.planned.digests = planned;
    }
}

/// A tag that moved upstream cannot follow in a repository that lets no tag move: said at plan.
fn refuse_moves(
    plan: &mut PlanContext<'_, MirrorRepository>,
    planned: &Value<BTreeMap<String, Value<String>>>,
) {
    let filters: BTreeSet<String> = match &plan.planned.image_tag_mutability_exclusion_filters {
        Value::Unknown => return,
        filters => filters.known().into_iter().flatten().filter_map(Value::known).cloned().collect(),
    };
    let (Value::Known(mutability), Some(prior), Value::Known(planned)) =
        (&plan.planned.image_tag_mutability, plan.prior, planned)
    else {
        return;
    };
    let stored = set_digests(&prior.digests);
    let moved: Vec<_> = planned
        .iter()
        .filter(|(tag, digest)| {
            stored.get(*tag).is_some_and(|old| digest.known().is_some_and(|new| new != old))
                && !mutability.lets_move(tag, &filters)
        })
        .map(|(tag, _)| tag.clone())
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
    }
}

//! PlanResourceChange: what apply would make of an object.
//!
//! In this order: defaults; write-only values nulled; if anything changes, computed values that are not configured
//! become unknown, then those that never change take their prior value; replace paths; the author's
//! [`ModifyPlan`](crate::resource::ModifyPlan). Deterministic, and without the network: Terraform plans again
//! during apply, and refuses a plan that differs.

use std::sync::Arc;

use super::ProviderServer;
use super::identity::Identified;
use super::walk::{Level, walk};
use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::private::Private;
use crate::provider::Provider;
use crate::resource::{PlanPrivate, PlanTerms};
use crate::schema::Definition;
use crate::value::{AttributePath, RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) prior: RawValue,
    pub(crate) proposed: RawValue,
    pub(crate) config: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: PlanPrivate,
    pub(crate) computed_blocks_allowed: bool,
    pub(crate) deferral_allowed: bool,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) planned: RawValue,
    pub(crate) requires_replace: Vec<AttributePath>,
    /// Known for an object that stays the same one.
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let deferred = server.deferral(request.deferral_allowed);
    let (computed_blocks_allowed, deferral_allowed) =
        (request.computed_blocks_allowed, request.deferral_allowed);
    let Request { resource, prior, proposed, config, identity, private, .. } = request;
    let definition = resource.definition();
    let ty = definition.ty();
    let client = server.client();
    if proposed.is_null() {
        let mut diagnostics = Diagnostics::new();
        let private = resource.plan_destroy(&prior, private.prior, client.as_deref(), &mut diagnostics);
        let (planned, requires_replace) = (RawValue::Null, Vec::new());
        return Response { ty, planned, requires_replace, identity, private, deferred, diagnostics };
    }
    if let Some(block) = definition.blocks.iter().find(|block| block.computed)
        && !computed_blocks_allowed
    {
        let detail = format!(
            "{} has blocks that the provider sets, such as {}. This needs Terraform 1.16 or newer.",
            definition.type_name, block.name
        );
        let diagnostics = Diagnostic::error("Computed blocks not supported", detail).into();
        let (requires_replace, private) = (Vec::new(), private.prior);
        return Response { ty, planned: prior, requires_replace, identity, private, deferred, diagnostics };
    }
    let planned = plan(definition, &prior, proposed, &config);
    let terms = PlanTerms { private, deferral_allowed };
    let modified = resource.modify_plan(&config, &prior, planned, terms, client.as_deref());
    let deferred = deferred.or(modified.deferred);
    let planned = modified.planned.normalised(&ty);
    let mut requires_replace = replaced(definition, &config, &prior, &planned);
    requires_replace.extend(modified.requires_replace.into_iter().filter(|_| !prior.is_null()));
    for path in &mut requires_replace {
        *path = path.within(&ty);
    }
    // Terraform refuses a path that leads nowhere, and a replacement without a change. Write-only values are null
    // before and after: of them the hook alone knows.
    requires_replace.retain(|path| at(&prior, path) != at(&planned, path) || definition.is_write_only(path));
    requires_replace.sort();
    requires_replace.dedup();
    let mut diagnostics = modified.diagnostics.pointing_into(definition);
    if planned.is_null() {
        diagnostics.push(Diagnostic::provider_bug("The provider planned no object at all."));
    }
    let identity = identity.filter(|_| requires_replace.is_empty());
    Response { ty, planned, requires_replace, identity, private: modified.private, deferred, diagnostics }
}

fn level(definition: &Definition) -> Level<'_> {
    Level { attributes: &definition.attributes, blocks: &definition.blocks }
}

/// Everything but the author's part.
fn plan(definition: &Definition, prior: &RawValue, proposed: RawValue, config: &RawValue) -> RawValue {
    let level = level(definition);
    let existing = (!prior.is_null()).then_some(prior);
    let mut planned = proposed;
    // Of a block that nobody writes Terraform proposes none, whatever was there.
    if let Some(prior) = existing {
        set_computed_blocks(definition, &mut planned, |name| prior.get(name).cloned());
    }
    walk(level, config, existing, &mut planned, &mut |visit| {
        if let (Some(default), RawValue::Null) = (&visit.attribute.default, visit.config) {
            *visit.planned = default.clone();
        }
        if visit.attribute.write_only {
            *visit.planned = RawValue::Null;
        }
        // Spelled otherwise, but not changed.
        if let (Some(same), Some(prior)) = (&visit.attribute.same_meaning, visit.prior)
            && prior.is_wholly_known()
            && visit.planned.is_wholly_known()
            && same.holds(prior, visit.planned)
        {
            visit.planned.clone_from(prior);
        }
    });
    if existing.is_some_and(|prior| *prior == planned) {
        return planned;
    }
    walk(level, config, existing, &mut planned, &mut |visit| {
        let attribute = visit.attribute;
        if attribute.presence.is_computed() && attribute.default.is_none() && visit.config.is_null() {
            *visit.planned = match visit.prior {
                Some(prior) if attribute.keep => prior.clone(),
                _ => RawValue::unknown(),
            };
        }
    });
    set_computed_blocks(definition, &mut planned, |_| Some(RawValue::unknown()));
    planned
}

/// Gives each block that the provider sets the value that there is for its name.
fn set_computed_blocks(
    definition: &Definition,
    planned: &mut RawValue,
    value: impl Fn(&str) -> Option<RawValue>,
) {
    if let RawValue::Mapping(entries) = planned {
        let computed = definition.blocks.iter().filter(|block| block.computed);
        entries.extend(computed.filter_map(|block| Some((block.name.clone(), value(&block.name)?))));
    }
}

/// Paths of changed attributes whose change replaces the object.
fn replaced(
    definition: &Definition,
    config: &RawValue,
    prior: &RawValue,
    planned: &RawValue,
) -> Vec<AttributePath> {
    let mut paths = Vec::new();
    if prior.is_null() {
        return paths;
    }
    let mut scratch = planned.clone();
    walk(level(definition), config, Some(prior), &mut scratch, &mut |visit| {
        // What the provider sets is unknown in any update: only what is known to differ replaces the object.
        let left_to_provider = visit.config.is_null() && visit.planned.is_unknown();
        let same = match visit.prior {
            Some(prior) => prior == &*visit.planned,
            // A new or changed element of a set: it changes nothing here if another had the same value.
            None => {
                let name = &visit.attribute.name;
                visit.planned.is_null()
                    || visit.siblings.iter().any(|it| it.get(name) == Some(&*visit.planned))
            }
        };
        let replaces = match (&visit.attribute.replace_if, visit.prior) {
            (Some(condition), Some(prior)) => {
                prior.is_wholly_known()
                    && visit.planned.is_wholly_known()
                    && condition.holds(prior, visit.planned)
            }
            _ => visit.attribute.replace,
        };
        if replaces && !left_to_provider && !same {
            paths.push(visit.path.clone());
        }
    });
    paths
}

/// The value at `path`, if there is one.
fn at<'a>(value: &'a RawValue, path: &AttributePath) -> Option<&'a RawValue> {
    use crate::value::Step;
    path.steps().iter().try_fold(value, |value, step| match (value, step) {
        (RawValue::Mapping(entries), Step::Attribute(name) | Step::Key(name)) => entries.get(name),
        (RawValue::Sequence(elements), Step::Index(index)) => elements.get(usize::try_from(*index).ok()?),
        _ => None,
    })
}

//! ApplyResourceChange: creates, updates or deletes.
//!
//! What exists never gets lost: after a failed create the saved state comes back (Terraform taints it), after a
//! failed update the saved or the prior one, after a failed delete what is left; each with the private data that the
//! operation left.

use std::sync::Arc;

use super::identity::{Identified, checked, known};
use super::walk::{Level, walk};
use super::{Outcome, ProviderServer, limit, operate, refuse_unknown, spelling};
use crate::diagnostics::Diagnostics;
use crate::erased::{AnyResource, carry_timeouts};
use crate::private::Private;
use crate::provider::Provider;
use crate::schema::Definition;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) prior: RawValue,
    pub(crate) planned: RawValue,
    pub(crate) config: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) state: RawValue,
    /// What to store if `state` does not fit the schema: better than losing the object.
    pub(crate) fallback: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { resource, prior, planned, config, identity, private } = request;
    let definition = resource.definition();
    let ty = definition.ty();
    let operation = match (prior.is_null(), planned.is_null()) {
        (_, true) => "delete",
        (true, false) => "create",
        (false, false) => "update",
    };
    let bounds = if planned.is_null() { &prior } else { &planned };
    let ctx = match server.context(limit(definition, bounds, operation), private.clone()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => {
            return Response { ty, fallback: prior.clone(), state: prior, identity, private, diagnostics };
        }
    };
    if planned.is_null() {
        let outcome = {
            let (resource, prior) = (Arc::clone(&resource), prior.clone());
            operate(ctx, move |ctx| Box::pin(async move { resource.delete(&prior, ctx).await })).await
        };
        return match outcome.result {
            Some(()) => Response {
                ty,
                state: RawValue::Null,
                fallback: RawValue::Null,
                identity: None,
                private: Private::default(),
                diagnostics: outcome.diagnostics,
            },
            None => {
                let left = outcome.saved.map(|saved| carry_timeouts(saved.normalised(&ty), &prior));
                let (state, fallback) = (left.unwrap_or_else(|| prior.clone()), prior);
                Response {
                    ty,
                    state,
                    fallback,
                    identity,
                    private: outcome.private,
                    diagnostics: outcome.diagnostics,
                }
            }
        };
    }
    let client = Arc::clone(ctx.client());
    let creates = prior.is_null();
    let wanted = with_write_only(definition, &config, planned.clone());
    let outcome = {
        let (resource, prior) = (Arc::clone(&resource), prior.clone());
        operate(ctx, move |ctx| {
            Box::pin(async move {
                if prior.is_null() {
                    resource.create(&wanted, ctx).await
                } else {
                    resource.update(&wanted, &prior, ctx).await
                }
            })
        })
        .await
    };
    let private = outcome.private.clone();
    let (state, mut diagnostics) = settle(outcome, prior, &planned, &ty);
    let state = spelling::keep(definition, &planned, state);
    let expected = identity.as_ref().filter(|_| !creates);
    let identity = if diagnostics.has_errors() {
        known(&*resource, &state, &client).filter(|_| creates).or(identity)
    } else {
        checked(&*resource, &state, &client, expected, &mut diagnostics)
    };
    Response { ty, state, fallback: planned.unknown_as_null(), identity, private, diagnostics }
}

/// The state to store, whatever came of the operation.
fn settle(
    outcome: Outcome<RawValue>,
    prior: RawValue,
    planned: &RawValue,
    ty: &Type,
) -> (RawValue, Diagnostics) {
    let mut diagnostics = outcome.diagnostics;
    let finish = |state: RawValue| carry_timeouts(state.normalised(ty), planned);
    let state = match (outcome.result, outcome.saved) {
        (Some(state), _) => refuse_unknown(finish(state), &mut diagnostics),
        // What the operation had not found out yet is null: the next refresh fills it.
        (None, Some(saved)) => finish(saved).unknown_as_null(),
        (None, None) => prior,
    };
    (state, diagnostics)
}

/// Write-only values stand in the configuration alone; create and update need them.
fn with_write_only(definition: &Definition, config: &RawValue, mut planned: RawValue) -> RawValue {
    let level = Level { attributes: &definition.attributes, blocks: &definition.blocks };
    walk(level, config, None, &mut planned, &mut |visit| {
        if visit.attribute.write_only {
            *visit.planned = visit.config.clone();
        }
    });
    planned
}

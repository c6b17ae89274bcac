//! ImportResourceState: finds an object by id or identity. Read follows at once.

use std::sync::Arc;

use super::identity::{IMPORTED, Identified, known};
use super::{ProviderServer, limit, operate, with_null_timeouts};
use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::private::Private;
use crate::provider::Provider;
use crate::resource::Context;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) type_name: String,
    pub(crate) wanted: Wanted,
    pub(crate) deferral_allowed: bool,
}

/// What the practitioner names an object by.
pub(crate) enum Wanted {
    Id(String),
    Identity(Identified),
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) type_name: String,
    pub(crate) state: Option<RawValue>,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { resource, type_name, wanted, deferral_allowed } = request;
    let definition = resource.definition();
    let ty = definition.ty();
    if let deferred @ Some(_) = server.deferral(deferral_allowed) {
        // Imported in another round: that there is an object is all that is known.
        let (state, identity) = (Some(RawValue::unknown()), None);
        let (private, diagnostics) = Default::default();
        return Response { ty, type_name, state, identity, private, deferred, diagnostics };
    }
    let ctx = match server.context(limit(definition, &RawValue::Null, "read"), Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => {
            let (state, identity, private) = Default::default();
            return Response { ty, type_name, state, identity, private, deferred: None, diagnostics };
        }
    };
    let client = Arc::clone(ctx.client());
    let given = match &wanted {
        Wanted::Id(_) => None,
        Wanted::Identity(identity) => Some(identity.clone()),
    };
    let outcome = {
        let (resource, name) = (Arc::clone(&resource), type_name.clone());
        operate(ctx, move |ctx| Box::pin(async move { import(&*resource, &name, wanted, ctx).await })).await
    };
    let state = outcome.result.map(|state| with_null_timeouts(state.normalised(&ty), &ty));
    // What the import did not find out is for the read that follows.
    let state = state.map(RawValue::unknown_as_null);
    let mut private = outcome.private;
    if resource.identity().is_some() {
        private.set(IMPORTED, true);
    }
    let found = state.as_ref().and_then(|state| known(&*resource, state, &client));
    let identity = given.or(found);
    let diagnostics = outcome.diagnostics;
    Response { ty, type_name, state, identity, private, deferred: None, diagnostics }
}

async fn import<C>(
    resource: &dyn AnyResource<C>,
    type_name: &str,
    wanted: Wanted,
    ctx: &mut Context<C>,
) -> Result<RawValue, Diagnostics> {
    let (what, import) = match wanted {
        Wanted::Id(id) => {
            ("cannot be imported; write them into the configuration instead", resource.import(id, ctx))
        }
        Wanted::Identity(wanted) => (
            "cannot be imported by identity; give an id instead",
            resource.identity().and_then(|identity| identity.import(wanted.value, ctx)),
        ),
    };
    match import {
        Some(import) => import.await,
        None => {
            let detail = format!("Objects of type {type_name} {what}.");
            Err(Diagnostic::error("Import is not supported", detail).into())
        }
    }
}

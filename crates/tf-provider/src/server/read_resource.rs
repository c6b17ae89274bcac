//! ReadResource: what the object is now. Gone is null without an error; any other failure keeps the state.

use std::sync::Arc;

use super::identity::{IMPORTED, Identified, checked};
use super::{ProviderServer, limit, operate, refuse_unknown, spelling};
use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::erased::{AnyResource, carry_timeouts};
use crate::private::Private;
use crate::provider::Provider;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) current: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) deferral_allowed: bool,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) state: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { resource, current, identity, mut private, deferral_allowed } = request;
    let deferred = server.deferral(deferral_allowed);
    let imported = private.take(IMPORTED);
    let definition = resource.definition();
    let ty = definition.ty();
    if deferred.is_some() {
        let diagnostics = Diagnostics::new();
        return Response { ty, state: current, identity, private, deferred, diagnostics };
    }
    let ctx = match server.context(limit(definition, &current, "read"), private.clone()) {
        Ok(ctx) => ctx,
        Err(reason) if server.is_deferred() => {
            // Planning goes on with what is stored; apply will have the configuration.
            let diagnostics = reason.into_iter().map(|reason| Diagnostic {
                severity: Severity::Warning,
                summary: "Object not refreshed".to_owned(),
                ..reason
            });
            let diagnostics = Diagnostics::from(diagnostics.collect::<Vec<_>>());
            return Response { ty, state: current, identity, private, deferred, diagnostics };
        }
        Err(diagnostics) => return Response { ty, state: current, identity, private, deferred, diagnostics },
    };
    let client = Arc::clone(ctx.client());
    let mut outcome = {
        let (resource, current) = (Arc::clone(&resource), current.clone());
        operate(ctx, move |ctx| Box::pin(async move { resource.read(&current, ctx).await })).await
    };
    let (state, identity) = match outcome.result {
        None => (current, identity),
        Some(None) => {
            let detail = "It was deleted outside Terraform, or never finished. It is dropped from the state, and planned \
                          anew where the configuration still has it.";
            outcome
                .diagnostics
                .push(Diagnostic::warning(format!("Object is gone ({})", definition.type_name), detail));
            (RawValue::Null, None)
        }
        Some(Some(state)) => {
            let state = carry_timeouts(state.normalised(&ty), &current);
            let state = spelling::keep(definition, &current, state);
            let state = refuse_unknown(state, &mut outcome.diagnostics);
            let expected = identity.as_ref().filter(|_| !imported);
            let found = checked(&*resource, &state, &client, expected, &mut outcome.diagnostics);
            if outcome.diagnostics.has_errors() { (current, identity) } else { (state, found) }
        }
    };
    Response { ty, state, identity, private: outcome.private, deferred, diagnostics: outcome.diagnostics }
}

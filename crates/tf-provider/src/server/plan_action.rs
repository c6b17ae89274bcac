//! PlanAction: whether an action may be invoked; may see unknowns.

use std::sync::Arc;

use super::ProviderServer;
use crate::deferral::Deferral;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyAction;
use crate::provider::Provider;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) action: Arc<dyn AnyAction<C>>,
    pub(crate) config: RawValue,
    pub(crate) deferral_allowed: bool,
}

pub(crate) struct Response {
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let mut diagnostics = Diagnostics::new();
    request.action.plan(&request.config, server.client().as_deref(), &mut diagnostics);
    let diagnostics = diagnostics.pointing_into(request.action.definition());
    Response { deferred: server.deferral(request.deferral_allowed), diagnostics }
}

//! PlanAction: whether an action may be invoked; may see unknowns.

use std::sync::Arc;

use super::ProviderServer;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyAction;
use crate::provider::Provider;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) action: Arc<dyn AnyAction<C>>,
    pub(crate) config: RawValue,
}

pub(crate) fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    request.action.plan(&request.config, server.client().as_deref(), &mut diagnostics);
    diagnostics.pointing_into(request.action.definition())
}

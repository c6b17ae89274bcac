//! PlanAction: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::plan_action as pb;
use crate::provider::Registry;
use crate::server::plan_action::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let action = super::action(registry, &request.action_type)?;
    let config = super::value(&action.definition().ty(), "configuration", request.config)?;
    let deferral_allowed = super::deferral_allowed(request.client_capabilities.as_ref());
    Ok(Request { action, config, deferral_allowed })
}

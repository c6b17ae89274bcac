//! InvokeAction: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::invoke_action as pb;
use crate::provider::Registry;
use crate::server::invoke_action::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let action = super::action(registry, &request.action_type)?;
    let config = super::value(&action.definition().ty(), "configuration", request.config)?;
    Ok(Request { action, config })
}

//! ValidateActionConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_action_config as pb;
use crate::provider::Registry;
use crate::server::validate_action_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let action = super::action(registry, &request.type_name)?;
    let config = super::value(&action.definition().ty(), "configuration", request.config)?;
    Ok(Request { action, config })
}

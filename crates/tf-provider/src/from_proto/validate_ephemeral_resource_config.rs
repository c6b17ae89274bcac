//! ValidateEphemeralResourceConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_ephemeral_resource_config as pb;
use crate::provider::Registry;
use crate::server::validate_ephemeral_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let ephemeral = super::ephemeral_resource(registry, &request.type_name)?;
    let config = super::value(&ephemeral.definition().ty(), "configuration", request.config)?;
    Ok(Request { ephemeral, config })
}

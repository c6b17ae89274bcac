//! OpenEphemeralResource: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::open_ephemeral_resource as pb;
use crate::provider::Registry;
use crate::server::open_ephemeral_resource::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let ephemeral = super::ephemeral_resource(registry, &request.type_name)?;
    let config = super::value(&ephemeral.definition().ty(), "configuration", request.config)?;
    let deferral_allowed = super::deferral_allowed(request.client_capabilities.as_ref());
    Ok(Request { ephemeral, config, deferral_allowed })
}

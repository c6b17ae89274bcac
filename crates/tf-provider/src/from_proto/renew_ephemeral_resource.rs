//! RenewEphemeralResource: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::renew_ephemeral_resource as pb;
use crate::provider::Registry;
use crate::server::renew_ephemeral_resource::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let ephemeral = super::ephemeral_resource(registry, &request.type_name)?;
    Ok(Request { ephemeral, private: request.private.unwrap_or_default() })
}

//! GenerateResourceConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::generate_resource_config as pb;
use crate::provider::Registry;
use crate::server::generate_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let state = super::value(&resource.definition().ty(), "state", request.state)?;
    Ok(Request { resource, state })
}

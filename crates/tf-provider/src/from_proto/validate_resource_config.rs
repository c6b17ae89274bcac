//! ValidateResourceConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_resource_config as pb;
use crate::provider::Registry;
use crate::server::validate_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let config = super::value(&resource.definition().ty(), "configuration", request.config)?;
    let write_only_allowed =
        request.client_capabilities.is_some_and(|capabilities| capabilities.write_only_attributes_allowed);
    Ok(Request { resource, config, write_only_allowed })
}

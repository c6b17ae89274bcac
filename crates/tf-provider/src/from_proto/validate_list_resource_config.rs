//! ValidateListResourceConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_list_resource_config as pb;
use crate::provider::Registry;
use crate::server::validate_list_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let list = super::list_resource(registry, &request.type_name)?;
    let config = super::value(&list.definition().ty(), "configuration", request.config)?;
    Ok(Request { list, config })
}

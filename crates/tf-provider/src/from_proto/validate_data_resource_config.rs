//! ValidateDataResourceConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_data_resource_config as pb;
use crate::provider::Registry;
use crate::server::validate_data_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let data_source = super::data_source(registry, &request.type_name)?;
    let config = super::value(&data_source.definition().ty(), "configuration", request.config)?;
    Ok(Request { data_source, config })
}

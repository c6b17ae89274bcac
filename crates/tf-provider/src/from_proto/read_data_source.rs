//! ReadDataSource: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::read_data_source as pb;
use crate::provider::Registry;
use crate::server::read_data_source::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let data_source = super::data_source(registry, &request.type_name)?;
    let config = super::value(&data_source.definition().ty(), "configuration", request.config)?;
    let deferral_allowed = super::deferral_allowed(request.client_capabilities.as_ref());
    Ok(Request { data_source, config, deferral_allowed })
}

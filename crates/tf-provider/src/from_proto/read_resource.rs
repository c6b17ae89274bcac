//! ReadResource: request.

use crate::diagnostics::Diagnostics;
use crate::private::Private;
use crate::proto::tfplugin6::read_resource as pb;
use crate::provider::Registry;
use crate::server::read_resource::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let current = super::value(&resource.definition().ty(), "state", request.current_state)?;
    let identity = super::identity(&*resource, request.current_identity)?;
    let deferral_allowed = super::deferral_allowed(request.client_capabilities.as_ref());
    Ok(Request { resource, current, identity, deferral_allowed, private: Private::decode(&request.private)? })
}

//! ApplyResourceChange: request.

use crate::diagnostics::Diagnostics;
use crate::private::Private;
use crate::proto::tfplugin6::apply_resource_change as pb;
use crate::provider::Registry;
use crate::server::apply_resource_change::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let ty = resource.definition().ty();
    Ok(Request {
        prior: super::value(&ty, "prior state", request.prior_state)?,
        planned: super::value(&ty, "planned state", request.planned_state)?,
        config: super::value(&ty, "configuration", request.config)?,
        identity: super::identity(&*resource, request.planned_identity)?,
        private: Private::decode(&request.planned_private)?,
        resource,
    })
}

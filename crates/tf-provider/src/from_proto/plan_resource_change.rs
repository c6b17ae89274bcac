//! PlanResourceChange: request.

use crate::diagnostics::Diagnostics;
use crate::private::Private;
use crate::proto::tfplugin6::plan_resource_change as pb;
use crate::provider::Registry;
use crate::resource::PlanPrivate;
use crate::server::plan_resource_change::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let ty = resource.definition().ty();
    Ok(Request {
        prior: super::value(&ty, "prior state", request.prior_state)?,
        proposed: super::value(&ty, "proposed new state", request.proposed_new_state)?,
        config: super::value(&ty, "configuration", request.config)?,
        identity: super::identity(&*resource, request.prior_identity)?,
        private: PlanPrivate {
            prior: Private::decode(&request.prior_private)?,
            first: match &request.planned_private {
                none if none.is_empty() => None,
                first => Some(Private::decode(first)?),
            },
        },
        deferral_allowed: super::deferral_allowed(request.client_capabilities.as_ref()),
        computed_blocks_allowed: request
            .client_capabilities
            .is_some_and(|capabilities| capabilities.computed_blocks_allowed),
        resource,
    })
}

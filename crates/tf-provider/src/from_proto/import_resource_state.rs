//! ImportResourceState: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6::import_resource_state as pb;
use crate::provider::Registry;
use crate::server::import_resource_state::{Request, Wanted};

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let wanted = match super::identity(&*resource, request.identity)? {
        Some(identity) => Wanted::Identity(identity),
        None if !request.id.is_empty() => Wanted::Id(request.id),
        None => {
            return Err(Diagnostic::error(
                "Import needs an id",
                format!(
                    "Give {} an id to import; the import section of its documentation says which.",
                    request.type_name
                ),
            )
            .into());
        }
    };
    let deferral_allowed = super::deferral_allowed(request.client_capabilities.as_ref());
    Ok(Request { resource, type_name: request.type_name, wanted, deferral_allowed })
}

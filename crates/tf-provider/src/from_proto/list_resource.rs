//! ListResource: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6::list_resource as pb;
use crate::provider::Registry;
use crate::server::list_resource::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let list = super::list_resource(registry, &request.type_name)?;
    let resource = super::resource(registry, &request.type_name)?;
    if resource.identity().is_none() {
        let detail = format!("{} can be listed, but has no identity.", request.type_name);
        return Err(Diagnostic::provider_bug(detail).into());
    }
    let config = super::value(&list.definition().ty(), "configuration", request.config)?;
    Ok(Request {
        list,
        resource,
        config,
        includes_object: request.include_resource_object,
        limit: u64::try_from(request.limit).ok().filter(|limit| *limit > 0),
    })
}

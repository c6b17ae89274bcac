//! UpgradeResourceIdentity: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6::upgrade_resource_identity as pb;
use crate::provider::Registry;
use crate::server::upgrade_resource_identity::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let json = request.raw_identity.unwrap_or_default().json;
    if resource.identity().is_none() || json.is_empty() {
        let detail = format!("There is no stored identity of a {} that could be read.", request.type_name);
        return Err(Diagnostic::error("No identity", detail).into());
    }
    Ok(Request { resource, version: request.version, json })
}

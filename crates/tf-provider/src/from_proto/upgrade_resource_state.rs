//! UpgradeResourceState: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6::upgrade_resource_state as pb;
use crate::provider::Registry;
use crate::server::upgrade_resource_state::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let raw = request.raw_state.unwrap_or_default();
    if raw.json.is_empty() {
        return Err(Diagnostic::error(
            "State from an unsupported Terraform version",
            "The stored state holds no JSON. States written by Terraform 0.11 or older cannot be read: apply once \
             with Terraform 0.12 first.",
        )
        .into());
    }
    Ok(Request { resource, version: request.version, json: raw.json })
}

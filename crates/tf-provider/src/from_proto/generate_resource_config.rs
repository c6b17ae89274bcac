//! GenerateResourceConfig: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::proto::tfplugin6::generate_resource_config as pb;
use crate::provider::Registry;
use crate::server::generate_resource_config::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.type_name)?;
    let state = super::value(&resource.definition().ty(), "state", request.state)?;
    // Terraform 1.14.0 leaves it out, and would take an absent configuration apart as if it were one.
    if state.is_null() {
        let detail = format!(
            "Terraform sent no state of the {} to make a configuration of. Use a newer version of Terraform.",
            request.type_name
        );
        return Err(Diagnostic::error("No state to generate configuration from", detail).into());
    }
    Ok(Request { resource, state })
}

//! MoveResourceState: request.

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::movement::MoveSource;
use crate::proto::tfplugin6::move_resource_state as pb;
use crate::provider::Registry;
use crate::server::move_resource_state::Request;

pub(crate) fn request<C>(registry: &Registry<C>, request: pb::Request) -> Result<Request<C>, Diagnostics> {
    let resource = super::resource(registry, &request.target_type_name)?;
    let unreadable = |detail: String| Diagnostics::from(Diagnostic::error("Unreadable state", detail));
    let identity = request.source_identity.unwrap_or_default().json;
    let identity = if identity.is_empty() {
        serde_json::Value::Null
    } else {
        serde_json::from_slice(&identity)
            .map_err(|error| unreadable(format!("The stored identity is no JSON: {error}.")))?
    };
    let source = MoveSource {
        provider_address: request.source_provider_address,
        type_name: request.source_type_name,
        schema_version: request.source_schema_version,
        identity,
        state: request.source_state.unwrap_or_default().json,
        private: request.source_private,
    };
    Ok(Request { resource, source })
}

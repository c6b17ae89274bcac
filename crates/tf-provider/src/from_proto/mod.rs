//! First stage of an RPC: what arrived becomes what the server works with.
//!
//! One file per RPC, with the same name here, in `server` and in `to_proto`. Everything that can be wrong with
//! a request (unknown type, undecodable value) becomes diagnostics here.

use std::sync::Arc;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyAction, AnyDataSource, AnyEphemeralResource, AnyListResource, AnyResource};
use crate::proto::tfplugin6 as pb;
use crate::provider::Registry;
use crate::server::identity::Identified;
use crate::value::{RawValue, Type, json, msgpack};

pub(crate) mod apply_resource_change;
pub(crate) mod call_function;
pub(crate) mod close_ephemeral_resource;
pub(crate) mod configure_provider;
pub(crate) mod generate_resource_config;
pub(crate) mod import_resource_state;
pub(crate) mod invoke_action;
pub(crate) mod list_resource;
pub(crate) mod move_resource_state;
pub(crate) mod open_ephemeral_resource;
pub(crate) mod plan_action;
pub(crate) mod plan_resource_change;
pub(crate) mod read_data_source;
pub(crate) mod read_resource;
pub(crate) mod renew_ephemeral_resource;
pub(crate) mod upgrade_resource_identity;
pub(crate) mod upgrade_resource_state;
pub(crate) mod validate_action_config;
pub(crate) mod validate_data_resource_config;
pub(crate) mod validate_ephemeral_resource_config;
pub(crate) mod validate_list_resource_config;
pub(crate) mod validate_provider_config;
pub(crate) mod validate_resource_config;

/// Whether the host understands that something is planned later.
pub(crate) fn deferral_allowed(capabilities: Option<&pb::ClientCapabilities>) -> bool {
    capabilities.is_some_and(|capabilities| capabilities.deferral_allowed)
}

/// Decodes a value of type `ty`; absent means null. MessagePack and JSON are both accepted.
pub(crate) fn value(
    ty: &Type,
    what: &str,
    message: Option<pb::DynamicValue>,
) -> Result<RawValue, Diagnostics> {
    let message = message.unwrap_or_default();
    let decoded = if message.msgpack.is_empty() && !message.json.is_empty() {
        json::decode(ty, &message.json, json::Extra::Refuse)
    } else {
        msgpack::decode(ty, &message.msgpack)
    };
    decoded.map_err(|error| {
        Diagnostic::error(
            "Undecodable value from Terraform",
            format!("The {what} that Terraform sent does not fit the schema: {error}."),
        )
        .at(error.path)
        .into()
    })
}

/// Decodes the identity of an object; absent where the resource has none, or the host sent none.
pub(crate) fn identity<C>(
    resource: &dyn AnyResource<C>,
    message: Option<pb::ResourceIdentityData>,
) -> Result<Option<Identified>, Diagnostics> {
    let (Some(identity), Some(message)) = (resource.identity(), message) else { return Ok(None) };
    let ty = identity.definition().ty();
    let value = value(&ty, "identity", message.identity_data)?;
    Ok((!value.is_null()).then_some(Identified { ty, value }))
}

/// The resource `type_name`.
pub(crate) fn resource<C>(
    registry: &Registry<C>,
    type_name: &str,
) -> Result<Arc<dyn AnyResource<C>>, Diagnostics> {
    registry.resources.get(type_name).cloned().ok_or_else(|| unknown_type("resource", type_name))
}

/// The data source `type_name`.
pub(crate) fn data_source<C>(
    registry: &Registry<C>,
    type_name: &str,
) -> Result<Arc<dyn AnyDataSource<C>>, Diagnostics> {
    registry.data_sources.get(type_name).cloned().ok_or_else(|| unknown_type("data source", type_name))
}

/// The ephemeral resource `type_name`.
pub(crate) fn ephemeral_resource<C>(
    registry: &Registry<C>,
    type_name: &str,
) -> Result<Arc<dyn AnyEphemeralResource<C>>, Diagnostics> {
    let found = registry.ephemeral_resources.get(type_name).cloned();
    found.ok_or_else(|| unknown_type("ephemeral resource", type_name))
}

/// The list resource `type_name`.
pub(crate) fn list_resource<C>(
    registry: &Registry<C>,
    type_name: &str,
) -> Result<Arc<dyn AnyListResource<C>>, Diagnostics> {
    let found = registry.list_resources.get(type_name).cloned();
    found.ok_or_else(|| unknown_type("list resource", type_name))
}

/// The action `type_name`.
pub(crate) fn action<C>(
    registry: &Registry<C>,
    type_name: &str,
) -> Result<Arc<dyn AnyAction<C>>, Diagnostics> {
    registry.actions.get(type_name).cloned().ok_or_else(|| unknown_type("action", type_name))
}

/// What to answer for a type that the provider does not have.
pub(crate) fn unknown_type(concept: &str, type_name: &str) -> Diagnostics {
    Diagnostic::error(
        format!("Unknown {concept} type"),
        format!(
            "This provider has no {concept} called {type_name:?}. Check the name and the provider's version."
        ),
    )
    .into()
}

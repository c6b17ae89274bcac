//! UpgradeResourceState: reads a stored state, always before use, also at the same version. Never asks the network.

use std::sync::Arc;

use bytes::Bytes;

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyResource, carry_timeouts};
use crate::value::{RawValue, Type, json};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) version: i64,
    pub(crate) json: Bytes,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) state: Option<RawValue>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<C>(request: Request<C>) -> Response {
    let definition = request.resource.definition();
    let ty = definition.ty();
    let state = if request.version == definition.version {
        // Attributes that this version of the provider does not know are dropped; new ones are null.
        json::decode(&ty, &request.json, json::Extra::Ignore).map_err(|error| {
            Diagnostic::error(
                "Unreadable state",
                format!("The stored state does not fit the schema: {error}."),
            )
            .into()
        })
    } else {
        upgrade(&request, &ty)
    };
    match state {
        Ok(state) => Response { ty, state: Some(state), diagnostics: Diagnostics::new() },
        Err(diagnostics) => Response { ty, state: None, diagnostics },
    }
}

fn upgrade<C>(request: &Request<C>, ty: &Type) -> Result<RawValue, Diagnostics> {
    let definition = request.resource.definition();
    let (from, to) = (request.version, definition.version);
    let name = &definition.type_name;
    if from > to {
        return Err(Diagnostic::error(
            "State from a newer provider",
            format!(
                "The stored state of {name} has schema version {from}; this provider reads up to {to}. Use a \
                     newer version of the provider."
            ),
        )
        .into());
    }
    let timeouts = json::decode(ty, &request.json, json::Extra::Ignore).unwrap_or(RawValue::Null);
    match request.resource.upgrade(from, &request.json) {
        Some(upgraded) => Ok(carry_timeouts(upgraded?.normalised(ty), &timeouts)),
        None => Err(Diagnostic::provider_bug(format!(
            "The stored state of {name} has schema version {from}, and the provider cannot upgrade it to {to}."
        ))
        .into()),
    }
}

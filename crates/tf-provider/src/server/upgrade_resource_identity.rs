//! UpgradeResourceIdentity: reads a stored identity of an older version. Never asks the network.

use std::sync::Arc;

use bytes::Bytes;

use super::identity::Identified;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyIdentity, AnyResource};
use crate::value::json;

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) version: i64,
    pub(crate) json: Bytes,
}

pub(crate) fn handle<C>(request: &Request<C>) -> Result<Identified, Diagnostics> {
    let type_name = &request.resource.definition().type_name;
    match request.resource.identity() {
        Some(identity) => read(type_name, identity, request.version, &request.json),
        None => Err(Diagnostic::provider_bug(format!("{type_name} has no identity.")).into()),
    }
}

/// An identity as it was stored by `version` of its struct.
pub(super) fn read<C>(
    type_name: &str,
    identity: &dyn AnyIdentity<C>,
    version: i64,
    json: &[u8],
) -> Result<Identified, Diagnostics> {
    let ty = identity.definition().ty();
    let unreadable = |error: &dyn std::fmt::Display| {
        let detail = format!("The stored identity of a {type_name} does not fit its schema: {error}.");
        Diagnostics::from(Diagnostic::error("Unreadable identity", detail))
    };
    let current = identity.definition().version;
    if version == current {
        let value = json::decode(&ty, json, json::Extra::Ignore).map_err(|error| unreadable(&error))?;
        return Ok(Identified { ty, value });
    }
    if version > current {
        let detail = format!(
            "The stored identity of a {type_name} has version {version}; this provider reads up to {current}. Use a \
             newer version of the provider."
        );
        return Err(Diagnostic::error("Identity from a newer provider", detail).into());
    }
    let stored = serde_json::from_slice(json).map_err(|error| unreadable(&error))?;
    match identity.upgrade(version, stored) {
        Some(value) => Ok(Identified { value: value?.normalised(&ty), ty }),
        None => Err(Diagnostic::provider_bug(format!(
            "The stored identity of a {type_name} has version {version}, and the provider cannot upgrade it to \
             {current}."
        ))
        .into()),
    }
}

//! ApplyResourceChange: answer.

use crate::proto::tfplugin6::apply_resource_change as pb;
use crate::server::apply_resource_change::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let private = response.private.encode(&mut response.diagnostics);
    let new_state = super::value_or_report(&response.ty, &response.state, &mut response.diagnostics)
        .or_else(|| super::value(&response.ty, &response.fallback).ok());
    let identity = super::identity(response.identity, &mut response.diagnostics);
    pb::Response {
        new_state,
        private,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        legacy_type_system: false,
        new_identity: identity,
    }
}

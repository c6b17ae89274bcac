//! ImportResourceState: answer.

use crate::proto::tfplugin6::import_resource_state as pb;
use crate::server::import_resource_state::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let private = response.private.encode(&mut response.diagnostics);
    let state = response
        .state
        .and_then(|state| super::value_or_report(&response.ty, &state, &mut response.diagnostics));
    let identity = super::identity(response.identity, &mut response.diagnostics);
    let imported = state.map(|state| pb::ImportedResource {
        type_name: response.type_name,
        state: Some(state),
        private,
        identity,
    });
    pb::Response {
        imported_resources: imported.into_iter().collect(),
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        deferred: super::deferred(response.deferred),
    }
}

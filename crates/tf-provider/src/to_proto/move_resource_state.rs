//! MoveResourceState: answer.

use crate::proto::tfplugin6::move_resource_state as pb;
use crate::server::move_resource_state::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let target_private = response.private.encode(&mut response.diagnostics);
    let target_state = super::value_or_report(&response.ty, &response.state, &mut response.diagnostics);
    let target_identity = super::identity(response.identity, &mut response.diagnostics);
    pb::Response {
        target_state,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        target_private,
        target_identity,
    }
}

//! UpgradeResourceState: answer.

use crate::proto::tfplugin6::upgrade_resource_state as pb;
use crate::server::upgrade_resource_state::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let upgraded_state = response
        .state
        .and_then(|state| super::value_or_report(&response.ty, &state, &mut response.diagnostics));
    pb::Response {
        upgraded_state,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
    }
}

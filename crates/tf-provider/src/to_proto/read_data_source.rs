//! ReadDataSource: answer.

use crate::proto::tfplugin6::read_data_source as pb;
use crate::server::read_data_source::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let state = response
        .state
        .and_then(|state| super::value_or_report(&response.ty, &state, &mut response.diagnostics));
    pb::Response {
        state,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        deferred: super::deferred(response.deferred),
    }
}

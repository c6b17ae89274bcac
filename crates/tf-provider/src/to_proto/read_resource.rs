//! ReadResource: answer.

use crate::proto::tfplugin6::read_resource as pb;
use crate::server::read_resource::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let private = response.private.encode(&mut response.diagnostics);
    let new_state = super::value_or_report(&response.ty, &response.state, &mut response.diagnostics);
    let identity = super::identity(response.identity, &mut response.diagnostics);
    pb::Response {
        new_state,
        private,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        deferred: super::deferred(response.deferred),
        new_identity: identity,
    }
}

//! PlanResourceChange: answer.

use crate::proto::tfplugin6::plan_resource_change as pb;
use crate::server::plan_resource_change::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let private = response.private.encode(&mut response.diagnostics);
    let planned_state = super::value_or_report(&response.ty, &response.planned, &mut response.diagnostics);
    let identity = super::identity(response.identity, &mut response.diagnostics);
    pb::Response {
        planned_state,
        requires_replace: response.requires_replace.iter().map(super::path).collect(),
        planned_private: private,
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        legacy_type_system: false,
        deferred: super::deferred(response.deferred),
        planned_identity: identity,
    }
}

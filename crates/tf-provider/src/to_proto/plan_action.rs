//! PlanAction: answer.

use crate::proto::tfplugin6::plan_action as pb;
use crate::server::plan_action::Response;

pub(crate) fn response(response: Response) -> pb::Response {
    pb::Response {
        diagnostics: super::diagnostics(response.diagnostics),
        deferred: super::deferred(response.deferred),
    }
}

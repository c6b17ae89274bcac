//! GenerateResourceConfig: answer.

use crate::proto::tfplugin6::generate_resource_config as pb;
use crate::server::generate_resource_config::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let config = super::value_or_report(&response.ty, &response.config, &mut response.diagnostics);
    pb::Response { config, diagnostics: super::diagnostics_within(&response.ty, response.diagnostics) }
}

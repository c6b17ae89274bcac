//! OpenEphemeralResource: answer.

use crate::proto::tfplugin6::open_ephemeral_resource as pb;
use crate::server::open_ephemeral_resource::Response;

pub(crate) fn response(mut response: Response) -> pb::Response {
    let (result, lease) = response.opened.unzip();
    let result =
        result.and_then(|result| super::value_or_report(&response.ty, &result, &mut response.diagnostics));
    let (private, renew_at) = lease.map(|lease| (lease.private, lease.renew_at)).unzip();
    pb::Response {
        diagnostics: super::diagnostics_within(&response.ty, response.diagnostics),
        renew_at: renew_at.flatten().map(prost_types::Timestamp::from),
        result,
        private,
        deferred: super::deferred(response.deferred),
    }
}

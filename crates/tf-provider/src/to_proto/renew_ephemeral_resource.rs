//! RenewEphemeralResource: answer.

use crate::proto::tfplugin6::renew_ephemeral_resource as pb;
use crate::server::renew_ephemeral_resource::Response;

pub(crate) fn response(response: Response) -> pb::Response {
    let (private, renew_at) = response.lease.map(|lease| (lease.private, lease.renew_at)).unzip();
    pb::Response {
        diagnostics: super::diagnostics(response.diagnostics),
        renew_at: renew_at.flatten().map(prost_types::Timestamp::from),
        private,
    }
}

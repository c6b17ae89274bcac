//! UpgradeResourceIdentity: answer.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::upgrade_resource_identity as pb;
use crate::server::identity::Identified;

pub(crate) fn response(identity: Identified) -> pb::Response {
    let mut diagnostics = Diagnostics::new();
    let upgraded_identity = super::identity(Some(identity), &mut diagnostics);
    pb::Response { upgraded_identity, diagnostics: super::diagnostics(diagnostics) }
}

//! Last stage of an RPC: what the server made becomes the answer.
//!
//! One file per RPC, with the same name here, in `from_proto` and in `server`. Answers are always MessagePack.

use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics, Severity};
use crate::proto::tfplugin6 as pb;
use crate::server::identity::Identified;
use crate::value::{AttributePath, RawValue, Step, Type, msgpack};

pub(crate) mod apply_resource_change;
pub(crate) mod call_function;
pub(crate) mod generate_resource_config;
pub(crate) mod get_provider_schema;
pub(crate) mod import_resource_state;
pub(crate) mod invoke_action;
pub(crate) mod list_resource;
pub(crate) mod move_resource_state;
pub(crate) mod open_ephemeral_resource;
pub(crate) mod plan_action;
pub(crate) mod plan_resource_change;
pub(crate) mod read_data_source;
pub(crate) mod read_resource;
pub(crate) mod renew_ephemeral_resource;
pub(crate) mod upgrade_resource_identity;
pub(crate) mod upgrade_resource_state;

pub(crate) fn deferred(deferral: Option<Deferral>) -> Option<pb::Deferred> {
    use pb::deferred::Reason;
    let reason = match deferral? {
        Deferral::ResourceConfigUnknown => Reason::ResourceConfigUnknown,
        Deferral::ProviderConfigUnknown => Reason::ProviderConfigUnknown,
        Deferral::AbsentPrerequisite => Reason::AbsentPrereq,
    };
    Some(pb::Deferred { reason: reason.into() })
}

/// Encodes a value of type `ty`; a value that does not fit its own schema is a fault of the provider.
pub(crate) fn value(ty: &Type, value: &RawValue) -> Result<pb::DynamicValue, Diagnostic> {
    match msgpack::encode(ty, value) {
        Ok(bytes) => Ok(pb::DynamicValue { msgpack: bytes.into(), json: bytes::Bytes::new() }),
        Err(error) => {
            let path = error.path.clone();
            Err(Diagnostic::provider_bug(format!("A value does not fit the provider's own schema: {error}."))
                .at(path))
        }
    }
}

/// Encodes a value, or adds the fault to `diagnostics`.
pub(crate) fn value_or_report(
    ty: &Type,
    raw: &RawValue,
    diagnostics: &mut Diagnostics,
) -> Option<pb::DynamicValue> {
    value(ty, raw).map_err(|diagnostic| diagnostics.push(diagnostic)).ok()
}

/// Encodes the identity of an object, or adds the fault to `diagnostics`.
pub(crate) fn identity(
    identity: Option<Identified>,
    diagnostics: &mut Diagnostics,
) -> Option<pb::ResourceIdentityData> {
    let Identified { ty, value } = identity?;
    let identity_data = value_or_report(&ty, &value, diagnostics)?;
    Some(pb::ResourceIdentityData { identity_data: Some(identity_data) })
}

/// Diagnostics about a value of type `ty`: their paths lead to what Terraform can point at.
pub(crate) fn diagnostics_within(ty: &Type, diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    self::diagnostics(diagnostics.within(ty))
}

pub(crate) fn diagnostics(diagnostics: Diagnostics) -> Vec<pb::Diagnostic> {
    diagnostics
        .into_iter()
        .map(|diagnostic| pb::Diagnostic {
            severity: match diagnostic.severity {
                Severity::Error => pb::diagnostic::Severity::Error.into(),
                Severity::Warning => pb::diagnostic::Severity::Warning.into(),
            },
            summary: diagnostic.summary,
            detail: diagnostic.detail,
            attribute: (!diagnostic.path.is_root()).then(|| path(&diagnostic.path)),
        })
        .collect()
}

pub(crate) fn path(path: &AttributePath) -> pb::AttributePath {
    use pb::attribute_path::step::Selector;
    let step = |step: &Step| pb::attribute_path::Step {
        selector: Some(match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(i64::try_from(*index).unwrap_or(i64::MAX)),
        }),
    };
    pb::AttributePath { steps: path.steps().iter().map(step).collect() }
}

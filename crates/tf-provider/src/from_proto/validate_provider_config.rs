//! ValidateProviderConfig: request.

use crate::diagnostics::Diagnostics;
use crate::proto::tfplugin6::validate_provider_config as pb;
use crate::schema::Definition;
use crate::value::RawValue;

pub(crate) fn request(definition: &Definition, request: pb::Request) -> Result<RawValue, Diagnostics> {
    super::value(&definition.ty(), "provider configuration", request.config)
}

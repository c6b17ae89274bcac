//! ValidateEphemeralResourceConfig: checks an ephemeral resource's configuration; may see unknowns, and runs
//! unconfigured.

use std::sync::Arc;

use super::validate_values;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyEphemeralResource;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) ephemeral: Arc<dyn AnyEphemeralResource<C>>,
    pub(crate) config: RawValue,
}

pub(crate) fn handle<C>(request: Request<C>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_values(request.ephemeral.definition(), &request.config, &mut diagnostics);
    request.ephemeral.validate_config(&request.config, &mut diagnostics);
    diagnostics.pointing_into(request.ephemeral.definition())
}

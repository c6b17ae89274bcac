//! ValidateActionConfig: checks an action's configuration; may see unknowns, and runs unconfigured.

use std::sync::Arc;

use super::validate_values;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyAction;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) action: Arc<dyn AnyAction<C>>,
    pub(crate) config: RawValue,
}

pub(crate) fn handle<C>(request: Request<C>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_values(request.action.definition(), &request.config, &mut diagnostics);
    request.action.validate_config(&request.config, &mut diagnostics);
    diagnostics.pointing_into(request.action.definition())
}

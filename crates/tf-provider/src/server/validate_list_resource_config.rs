//! ValidateListResourceConfig: checks a search's configuration; may see unknowns, and runs unconfigured.

use std::sync::Arc;

use super::validate_values;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyListResource;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) list: Arc<dyn AnyListResource<C>>,
    pub(crate) config: RawValue,
}

pub(crate) fn handle<C>(request: Request<C>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_values(request.list.definition(), &request.config, &mut diagnostics);
    request.list.validate_config(&request.config, &mut diagnostics);
    diagnostics.pointing_into(request.list.definition())
}

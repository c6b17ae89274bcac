//! ValidateDataResourceConfig: checks a data source's configuration; may see unknowns, and runs unconfigured.

use std::sync::Arc;

use super::validate_values;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyDataSource;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) data_source: Arc<dyn AnyDataSource<C>>,
    pub(crate) config: RawValue,
}

pub(crate) fn handle<C>(request: Request<C>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    validate_values(request.data_source.definition(), &request.config, &mut diagnostics);
    request.data_source.validate_config(&request.config, &mut diagnostics);
    diagnostics.pointing_into(request.data_source.definition())
}

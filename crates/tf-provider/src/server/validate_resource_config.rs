//! ValidateResourceConfig: checks a resource's configuration; may see unknowns, and runs unconfigured.

use std::sync::Arc;

use super::{validate_values, walk};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) config: RawValue,
    pub(crate) write_only_allowed: bool,
}

pub(crate) fn handle<C>(request: Request<C>) -> Diagnostics {
    let definition = request.resource.definition();
    let mut diagnostics = Diagnostics::new();
    validate_values(definition, &request.config, &mut diagnostics);
    if !request.write_only_allowed {
        let level = walk::Level { attributes: &definition.attributes, blocks: &definition.blocks };
        let mut scratch = request.config.clone();
        walk::walk(level, &request.config, None, &mut scratch, &mut |visit| {
            if visit.attribute.write_only && !visit.config.is_null() {
                let name = &visit.attribute.name;
                let detail = format!(
                    "{name} is write-only: it is kept in no plan and no state. This needs Terraform 1.11 or newer."
                );
                diagnostics.push(
                    Diagnostic::error("Write-only attribute not supported", detail).at(visit.path.clone()),
                );
            }
        });
    }
    request.resource.validate_config(&request.config, &mut diagnostics);
    diagnostics.pointing_into(definition)
}

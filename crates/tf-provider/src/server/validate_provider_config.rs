//! ValidateProviderConfig: checks the provider block. Answers with diagnostics only: no default can enter here.

use super::{ProviderServer, validate_values};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Provider;
use crate::schema::Convert;
use crate::value::RawValue;

pub(crate) fn handle<P: Provider>(server: &ProviderServer<P>, config: &RawValue) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if config.is_null() {
        return diagnostics;
    }
    validate_values(&server.definition, config, &mut diagnostics);
    match P::Plan::from_raw(config) {
        Ok(config) => P::validate(&config, &mut diagnostics),
        // A value that its validators refused already need not fit its type.
        Err(_) if diagnostics.has_errors() => {}
        Err(error) => {
            diagnostics.push(Diagnostic::provider_bug(error.problem).at(error.path));
        }
    }
    diagnostics.pointing_into(&server.definition)
}

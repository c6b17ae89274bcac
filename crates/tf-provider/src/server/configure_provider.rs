//! ConfigureProvider: makes the client. A second call replaces it.

use std::sync::{Arc, PoisonError};

use super::{Configured, ProviderServer};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::provider::Provider;
use crate::schema::Convert;
use crate::value::RawValue;

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, config: RawValue) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    // An absent configuration is one in which everything is null.
    let config = if config.is_null() { RawValue::Mapping(Default::default()) } else { config };
    let config = match P::Plan::from_raw(&config) {
        Ok(config) => config,
        Err(error) => return Diagnostic::provider_bug(error.problem).at(error.path).into(),
    };
    match P::configure(config, &mut diagnostics).await {
        Ok(client) => {
            let client = client.map_or(Configured::Deferred, |client| Configured::Ready(Arc::new(client)));
            *server.client.write().unwrap_or_else(PoisonError::into_inner) = client;
        }
        Err(errors) => diagnostics.extend(errors),
    }
    diagnostics
}

//! RenewEphemeralResource: keeps an open object alive.

use std::sync::Arc;

use super::{ProviderServer, limit, operate};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyEphemeralResource, Lease};
use crate::private::Private;
use crate::provider::Provider;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) ephemeral: Arc<dyn AnyEphemeralResource<C>>,
    pub(crate) private: bytes::Bytes,
}

pub(crate) struct Response {
    pub(crate) lease: Option<Lease>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { ephemeral, private } = request;
    let definition = ephemeral.definition();
    let ctx = match server.context(limit(definition, &RawValue::Null, "read"), Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => return Response { lease: None, diagnostics },
    };
    let name = definition.type_name.clone();
    let outcome = operate(ctx, move |ctx| {
        Box::pin(async move {
            match ephemeral.renew(&private, ctx) {
                Some(renewed) => renewed.await,
                None => {
                    let detail = format!("Ephemeral resource {name} was to be renewed, which it cannot.");
                    Err(Diagnostic::provider_bug(detail).into())
                }
            }
        })
    })
    .await;
    Response { lease: outcome.result, diagnostics: outcome.diagnostics }
}

//! CloseEphemeralResource: the end of an open object, whatever came of the run.

use std::sync::Arc;

use super::{ProviderServer, limit, operate};
use crate::diagnostics::Diagnostics;
use crate::erased::AnyEphemeralResource;
use crate::private::Private;
use crate::provider::Provider;
use crate::value::RawValue;

pub(crate) struct Request<C> {
    pub(crate) ephemeral: Arc<dyn AnyEphemeralResource<C>>,
    pub(crate) private: bytes::Bytes,
}

pub(crate) async fn handle<P: Provider>(
    server: &ProviderServer<P>,
    request: Request<P::Client>,
) -> Diagnostics {
    let Request { ephemeral, private } = request;
    let limit = limit(ephemeral.definition(), &RawValue::Null, "read");
    let ctx = match server.context(limit, Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => return diagnostics,
    };
    let outcome = operate(ctx, move |ctx| {
        Box::pin(async move {
            match ephemeral.close(&private, ctx) {
                Some(closed) => closed.await,
                // Nothing is left to do.
                None => Ok(()),
            }
        })
    })
    .await;
    outcome.diagnostics
}

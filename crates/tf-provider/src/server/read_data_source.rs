//! ReadDataSource: reads a data source whose configuration is wholly known.

use std::sync::Arc;

use super::{ProviderServer, limit, operate, pending, refuse_unknown};
use crate::deferral::Deferral;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyDataSource;
use crate::private::Private;
use crate::provider::Provider;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) data_source: Arc<dyn AnyDataSource<C>>,
    pub(crate) config: RawValue,
    pub(crate) deferral_allowed: bool,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) state: Option<RawValue>,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { data_source, config, deferral_allowed } = request;
    let definition = data_source.definition();
    let ty = definition.ty();
    if let deferred @ Some(_) = server.deferral(deferral_allowed) {
        // Read in another round; what it would have found is unknown.
        let (state, diagnostics) = (Some(pending(definition, &config)), Diagnostics::new());
        return Response { ty, state, deferred, diagnostics };
    }
    let ctx = match server.context(limit(definition, &config, "read"), Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => return Response { ty, state: None, deferred: None, diagnostics },
    };
    let pending = pending(definition, &config);
    let mut outcome = {
        let data_source = Arc::clone(&data_source);
        operate(ctx, move |ctx| Box::pin(async move { data_source.read(&pending, ctx).await })).await
    };
    let state = outcome.result.map(|state| refuse_unknown(state.normalised(&ty), &mut outcome.diagnostics));
    let diagnostics = outcome.diagnostics.pointing_into(data_source.definition());
    Response { ty, state, deferred: None, diagnostics }
}

//! ImportResourceState: finds an object by id. Read follows at once.

use std::sync::Arc;

use super::{ProviderServer, limit, operate};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::private::Private;
use crate::provider::Provider;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) type_name: String,
    pub(crate) id: String,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) type_name: String,
    pub(crate) state: Option<RawValue>,
    pub(crate) private: Private,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { resource, type_name, id } = request;
    let definition = resource.definition();
    let ty = definition.ty();
    let ctx = match server.context(limit(definition, &RawValue::Null, "read"), Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => {
            return Response { ty, type_name, state: None, private: Private::default(), diagnostics };
        }
    };
    let name = type_name.clone();
    let outcome = operate(ctx, move |ctx| {
        Box::pin(async move {
            match resource.import(id, ctx) {
                Some(import) => import.await,
                None => Err(Diagnostic::error(
                    "Import is not supported",
                    format!("Objects of type {name} cannot be imported; write them into the configuration instead."),
                )
                .into()),
            }
        })
    })
    .await;
    let state = outcome.result.map(|state| with_null_timeouts(state.normalised(&ty), &ty));
    // What the import did not find out is for the read that follows.
    let state = state.map(RawValue::unknown_as_null);
    Response { ty, type_name, state, private: outcome.private, diagnostics: outcome.diagnostics }
}

/// An imported object has no time limits of its own.
fn with_null_timeouts(state: RawValue, ty: &Type) -> RawValue {
    match (state, ty) {
        (RawValue::Mapping(mut entries), Type::Object(attributes)) => {
            if attributes.contains_key("timeouts") {
                entries.entry("timeouts".to_owned()).or_insert(RawValue::Null);
            }
            RawValue::Mapping(entries)
        }
        (state, _) => state,
    }
}

//! MoveResourceState: an object of another type becomes one of ours. Never asks the network; Read follows.

use std::sync::Arc;

use super::ProviderServer;
use super::identity::{IMPORTED, Identified, known};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::AnyResource;
use crate::movement::MoveSource;
use crate::private::Private;
use crate::provider::Provider;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) source: MoveSource,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) state: RawValue,
    pub(crate) identity: Option<Identified>,
    pub(crate) private: Private,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<P: Provider>(
    server: &ProviderServer<P>,
    request: Request<P::Client>,
) -> Result<Response, Diagnostics> {
    let Request { resource, source } = request;
    let ty = resource.definition().ty();
    let Some(moved) = resource.move_state(&source) else {
        return Err(unsupported(&*resource, &source));
    };
    let (state, keeps_private) = moved?;
    let state = super::with_null_timeouts(state.normalised(&ty), &ty).unknown_as_null();
    let mut private = if keeps_private { Private::decode(&source.private)? } else { Private::default() };
    // The move may run unconfigured; then the read that follows tells the identity.
    let identity = server.client().and_then(|client| known(&*resource, &state, &client));
    if resource.identity().is_some() {
        private.set(IMPORTED, true);
    }
    Ok(Response { ty, state, identity, private, diagnostics: Diagnostics::new() })
}

fn unsupported<C>(resource: &dyn AnyResource<C>, source: &MoveSource) -> Diagnostics {
    let sources = resource.move_sources();
    let possible = if sources.is_empty() {
        String::new()
    } else {
        format!(" It can take over: {}.", sources.join(", "))
    };
    let detail = format!(
        "A {} of provider {} cannot be moved to a {}.{possible} Remove the moved block, and import the object instead.",
        source.type_name,
        source.provider_address,
        resource.definition().type_name
    );
    Diagnostic::error("Move is not supported", detail).into()
}

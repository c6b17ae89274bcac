//! OpenEphemeralResource: opens an object for the length of a run. Its configuration is wholly known.

use std::sync::Arc;

use super::walk::{Level, walk};
use super::{ProviderServer, limit, operate, pending, refuse_unknown};
use crate::deferral::Deferral;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyEphemeralResource, Lease};
use crate::private::Private;
use crate::provider::Provider;
use crate::schema::{AttributeKind, Definition};
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) ephemeral: Arc<dyn AnyEphemeralResource<C>>,
    pub(crate) config: RawValue,
    pub(crate) deferral_allowed: bool,
}

pub(crate) struct Response {
    pub(crate) ty: Type,
    pub(crate) opened: Option<(RawValue, Lease)>,
    pub(crate) deferred: Option<Deferral>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) async fn handle<P: Provider>(server: &ProviderServer<P>, request: Request<P::Client>) -> Response {
    let Request { ephemeral, config, deferral_allowed } = request;
    let definition = ephemeral.definition();
    let ty = definition.ty();
    if let deferred @ Some(_) = server.deferral(deferral_allowed) {
        // Opened in another round; there is nothing to close.
        let lease = Lease { private: bytes::Bytes::new(), renew_at: None };
        let opened = Some((pending(definition, &config), lease));
        return Response { ty, opened, deferred, diagnostics: Diagnostics::new() };
    }
    let ctx = match server.context(limit(definition, &config, "read"), Private::default()) {
        Ok(ctx) => ctx,
        Err(diagnostics) => return Response { ty, opened: None, deferred: None, diagnostics },
    };
    let pending = pending(definition, &config);
    let mut outcome = {
        let ephemeral = Arc::clone(&ephemeral);
        operate(ctx, move |ctx| Box::pin(async move { ephemeral.open(&pending, ctx).await })).await
    };
    let opened = outcome.result.map(|(result, lease)| {
        let result = refuse_unknown(result.normalised(&ty), &mut outcome.diagnostics);
        refuse_changed(definition, &config, &result, &mut outcome.diagnostics);
        (result, lease)
    });
    let diagnostics = outcome.diagnostics.pointing_into(definition);
    Response { ty, opened, deferred: None, diagnostics }
}

/// What is configured comes back as it is: Terraform refuses anything else.
fn refuse_changed(
    definition: &Definition,
    config: &RawValue,
    result: &RawValue,
    diagnostics: &mut Diagnostics,
) {
    let level = Level { attributes: &definition.attributes, blocks: &definition.blocks };
    walk(level, config, None, &mut result.clone(), &mut |visit| {
        let plain = matches!(visit.attribute.kind, AttributeKind::Plain(_));
        if plain && !visit.config.is_null() && visit.config != &*visit.planned {
            let detail = format!("The provider changed {}, which the configuration sets.", visit.path);
            diagnostics.push(Diagnostic::provider_bug(detail).at(visit.path.clone()));
        }
    });
}

//! ListResource: finds objects, one event each, and only as many as are wanted.

use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use super::events::{Part, followed_by_end};
use super::identity::Identified;
use super::{ProviderServer, limit, operate, pending, refuse_unknown, with_null_timeouts};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::erased::{AnyListResource, AnyResource};
use crate::list::{Listed, Search};
use crate::private::Private;
use crate::provider::Provider;
use crate::value::{RawValue, Type};

pub(crate) struct Request<C> {
    pub(crate) list: Arc<dyn AnyListResource<C>>,
    pub(crate) resource: Arc<dyn AnyResource<C>>,
    pub(crate) config: RawValue,
    pub(crate) includes_object: bool,
    pub(crate) limit: Option<u64>,
}

/// An object found, or what is wrong.
#[derive(Default)]
pub(crate) struct Event {
    pub(crate) identity: Option<Identified>,
    pub(crate) display_name: String,
    pub(crate) object: Option<(Type, RawValue)>,
    pub(crate) diagnostics: Diagnostics,
}

pub(crate) fn handle<P: Provider>(
    server: &ProviderServer<P>,
    request: Request<P::Client>,
) -> Result<impl Stream<Item = Event> + Send + use<P>, Diagnostics> {
    let Request { list, resource, config, includes_object, limit: wanted } = request;
    let ctx = server.context(limit(list.definition(), &config, "read"), Private::default())?;
    // One at a time: whoever searches waits until somebody wants more.
    let (found, events) = mpsc::channel(1);
    let search = Search { found, includes_object, limit: wanted };
    let config = pending(list.definition(), &config);
    let run = async move {
        let searching = Arc::clone(&list);
        let outcome =
            operate(ctx, move |ctx| Box::pin(async move { searching.list(&config, search, ctx).await }))
                .await;
        outcome.diagnostics.pointing_into(list.definition())
    };
    let mut left = wanted;
    let events = followed_by_end(events, run).scan(false, move |over, part| {
        // After the last one that is wanted, or an error, nothing follows.
        let event = match part {
            _ if *over => None,
            Part::Event(listed) => {
                left = left.map(|left| left.saturating_sub(1));
                Some(event(&*resource, listed, includes_object))
            }
            Part::End(diagnostics) if diagnostics.is_empty() => None,
            Part::End(diagnostics) => Some(Event { diagnostics, ..Event::default() }),
        };
        *over = left == Some(0) || event.as_ref().is_none_or(|event| event.diagnostics.has_errors());
        std::future::ready(event)
    });
    Ok(events)
}

fn event<C>(resource: &dyn AnyResource<C>, listed: Listed, includes_object: bool) -> Event {
    let Listed { identity, display_name, object, mut diagnostics } = listed;
    let ty = resource.definition().ty();
    let object = object.map(|object| {
        let object = with_null_timeouts(object.normalised(&ty), &ty);
        refuse_unknown(object, &mut diagnostics)
    });
    if includes_object && object.is_none() {
        let detail = format!("{display_name} was found, but not told as a whole.");
        diagnostics.push(Diagnostic::provider_bug(detail));
    }
    let identity = resource.identity().map(|schema| {
        let ty = schema.definition().ty();
        Identified { value: identity.normalised(&ty), ty }
    });
    Event { identity, display_name, object: object.map(|object| (ty, object)), diagnostics }
}

//! InvokeAction: does it. Any number of messages, then the end, which comes exactly once.

use std::sync::Arc;

use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;

use super::events::{Part, followed_by_end};
use super::{ProviderServer, limit, operate, pending};
use crate::action::Progress;
use crate::diagnostics::Diagnostics;
use crate::erased::AnyAction;
use crate::private::Private;
use crate::provider::Provider;
use crate::value::RawValue;

/// Messages that may wait for the host.
const MESSAGES: usize = 16;

pub(crate) struct Request<C> {
    pub(crate) action: Arc<dyn AnyAction<C>>,
    pub(crate) config: RawValue,
}

pub(crate) enum Event {
    Progress(String),
    Completed(Diagnostics),
}

pub(crate) fn handle<P: Provider>(
    server: &ProviderServer<P>,
    request: Request<P::Client>,
) -> Result<impl Stream<Item = Event> + Send + use<P>, Diagnostics> {
    let Request { action, config } = request;
    let ctx = server.context(limit(action.definition(), &config, "create"), Private::default())?;
    let (messages, told) = mpsc::channel(MESSAGES);
    let config = pending(action.definition(), &config);
    let run = async move {
        let invoked = Arc::clone(&action);
        let progress = Progress::new(messages);
        let outcome =
            operate(ctx, move |ctx| Box::pin(async move { invoked.invoke(&config, &progress, ctx).await }))
                .await;
        outcome.diagnostics.pointing_into(action.definition())
    };
    Ok(followed_by_end(told, run).map(|part| match part {
        Part::Event(message) => Event::Progress(message),
        Part::End(diagnostics) => Event::Completed(diagnostics),
    }))
}

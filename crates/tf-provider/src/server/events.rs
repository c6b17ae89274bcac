//! Answers that are streams: what an operation tells on its way, then its end.

use std::pin::Pin;

use futures::{Stream, stream};
use tokio::sync::mpsc;

/// A part of an answer.
pub(crate) enum Part<T, E> {
    /// Told on the way.
    Event(T),
    /// How it ended; the last part.
    End(E),
}

/// Runs `run` for as long as the stream is read: what it sends to `events`, in order, then what it returns.
///
/// Whoever drops the stream ends the operation at its next wait.
pub(crate) fn followed_by_end<T, E>(
    events: mpsc::Receiver<T>,
    run: impl Future<Output = E> + Send + 'static,
) -> impl Stream<Item = Part<T, E>> + Send
where
    T: Send + 'static,
    E: Send + 'static,
{
    struct State<T, E> {
        events: mpsc::Receiver<T>,
        run: Option<Pin<Box<dyn Future<Output = E> + Send>>>,
        end: Option<E>,
    }
    let state = State { events, run: Some(Box::pin(run)), end: None };
    stream::unfold(state, |mut state| async move {
        loop {
            let Some(run) = &mut state.run else {
                // What was sent before the end comes before it.
                return match state.events.recv().await {
                    Some(event) => Some((Part::Event(event), state)),
                    None => state.end.take().map(|end| (Part::End(end), state)),
                };
            };
            tokio::select! {
                biased;
                Some(event) = state.events.recv() => return Some((Part::Event(event), state)),
                end = run => {
                    state.end = Some(end);
                    state.run = None;
                    // A sender that outlives the operation is not waited for.
                    state.events.close();
                }
            }
        }
    })
}

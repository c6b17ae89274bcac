//! Actions: what a practitioner can have done to objects without changing their configuration.

use std::future::Future;

use tokio::sync::mpsc;

use crate::diagnostics::Diagnostics;
use crate::resource::Context;
use crate::schema::Schema;

/// Something to do: the struct is the configuration of an `action` block.
///
/// An action leaves nothing in state. What it did to a managed resource, the next refresh finds.
pub trait Action: Schema {
    /// What the provider's `configure` made.
    type Client: Send + Sync + 'static;

    /// Does it.
    fn invoke(
        self,
        progress: &Progress,
        ctx: &mut Context<Self::Client>,
    ) -> impl Future<Output = Result<(), Diagnostics>> + Send;
}

/// Ability: to have a word when the action is planned.
pub trait PlanAction: Action {
    /// Adds what the practitioner should know; an error fails the plan. `config` may hold unknowns.
    ///
    /// `client` is what the provider's `configure` made; `None` while the provider's configuration is unknown.
    fn plan(config: &Self::Plan, client: Option<&Self::Client>, diagnostics: &mut Diagnostics);
}

/// Tells the practitioner how far an action is.
#[derive(Clone, Debug)]
pub struct Progress {
    messages: mpsc::Sender<String>,
}

impl Progress {
    pub(crate) fn new(messages: mpsc::Sender<String>) -> Self {
        Progress { messages }
    }

    /// Shows one line.
    pub async fn report(&self, message: impl Into<String>) {
        // Fails when nobody listens any more, and then there is nobody to tell.
        let _ = self.messages.send(message.into()).await;
    }
}

//! InvokeAction: one event of the answer.

use crate::proto::tfplugin6::invoke_action as pb;
use crate::proto::tfplugin6::invoke_action::event::{Completed, Progress, Type};
use crate::server::invoke_action::Event;

pub(crate) fn event(event: Event) -> pb::Event {
    // Terraform panics on an event that is neither.
    let event = match event {
        Event::Progress(message) => Type::Progress(Progress { message }),
        Event::Completed(diagnostics) => {
            Type::Completed(Completed { diagnostics: super::diagnostics(diagnostics) })
        }
    };
    pb::Event { r#type: Some(event) }
}

//! The calls about actions.

use futures::TryStreamExt as _;
use serde_json::Value;
use tf_provider::proto::tfplugin6 as pb;

use super::answer::ActionEvent;
use super::diagnostic::Diagnostics;
use super::{Server, answer, capabilities, whole};

impl Server {
    /// ValidateActionConfig.
    pub async fn validate_action(&self, action_type: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.action(action_type);
        let request = pb::validate_action_config::Request {
            type_name: action_type.to_owned(),
            config: shape.sent(&shape.config(&config)),
        };
        let response = self.client().validate_action_config(request).await;
        Diagnostics::from(answer("ValidateActionConfig", response).diagnostics)
    }

    /// PlanAction.
    pub async fn plan_action(&self, action_type: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.action(action_type);
        let request = pb::plan_action::Request {
            action_type: action_type.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        Diagnostics::from(answer("PlanAction", self.client().plan_action(request).await).diagnostics)
    }

    /// InvokeAction: all that comes until the stream ends.
    pub async fn invoke_action(&self, action_type: &str, config: Value) -> Vec<ActionEvent> {
        let shape = self.schemas.action(action_type);
        let request = pb::invoke_action::Request {
            action_type: action_type.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let events = answer("InvokeAction", self.client().invoke_action(request).await);
        whole("InvokeAction", events.map_ok(ActionEvent::of).try_collect().await)
    }
}

impl ActionEvent {
    fn of(event: pb::invoke_action::Event) -> Self {
        use pb::invoke_action::event::Type;
        match event.r#type {
            Some(Type::Progress(progress)) => Self::Progress(progress.message),
            Some(Type::Completed(completed)) => Self::Completed(Diagnostics::from(completed.diagnostics)),
            None => panic!("an event of an action is neither progress nor its end: Terraform panics on it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use pb::invoke_action::event::{Completed, Progress, Type};

    use super::*;

    fn event(event: Option<Type>) -> ActionEvent {
        ActionEvent::of(pb::invoke_action::Event { r#type: event })
    }

    #[test]
    fn action_tells_its_progress_and_its_end() {
        let progress = event(Some(Type::Progress(Progress { message: "half".into() })));
        assert_eq!(progress, ActionEvent::Progress("half".to_owned()));
        let completed = event(Some(Type::Completed(Completed::default())));
        assert_eq!(completed, ActionEvent::Completed(Diagnostics::default()));
    }

    #[test]
    #[should_panic(expected = "neither progress nor its end")]
    fn event_of_an_action_that_says_nothing_is_a_fault() {
        event(None);
    }
}

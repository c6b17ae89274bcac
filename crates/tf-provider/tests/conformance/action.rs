//! Item 62, spoken to directly: actions.

use std::time::Duration;

use futures::StreamExt as _;
use tf_provider::proto::tfplugin6::invoke_action::event::Type;
use tf_provider::proto::tfplugin6::{invoke_action, plan_action, stop_provider, validate_action_config};
use tf_provider::value::RawValue;
use tokio::time::timeout;

use crate::support::host::{Host, Object, told};

const LIMIT: Duration = Duration::from_secs(20);

async fn shout() -> Object {
    Host::configured().await.action("conformance_shout")
}

fn at(action: &Object, name: &str) -> RawValue {
    action.config([("name", RawValue::from(name))])
}

/// The messages, then the diagnostics of the one end.
async fn invoke(action: &Object, config: &RawValue) -> (Vec<String>, Vec<String>) {
    let request = invoke_action::Request {
        action_type: action.name.into(),
        config: action.encoded(config),
        ..Default::default()
    };
    let events = action.host.client.clone().invoke_action(request).await.unwrap().into_inner();
    let events = timeout(LIMIT, events.collect::<Vec<_>>()).await.expect("the action should have ended");
    let mut events: Vec<Type> =
        events.into_iter().map(|event| event.unwrap().r#type.expect("an event of neither kind")).collect();
    let Some(Type::Completed(completed)) = events.pop() else { panic!("the end is not the last event") };
    let messages = events.into_iter().map(|event| match event {
        Type::Progress(progress) => progress.message,
        Type::Completed(_) => panic!("the end comes twice"),
    });
    (messages.collect(), told(&completed.diagnostics))
}

#[tokio::test]
async fn item_62_action_tells_its_progress_in_order_and_ends_once() {
    let action = shout().await;
    let (messages, told) = invoke(&action, &at(&action, "a")).await;
    assert_eq!((messages, told), (vec!["a 1".into(), "a 2".into()], vec!["warning : Hoarse".to_owned()]));
    let config = action.config([
        ("name", RawValue::from("b")),
        ("times", RawValue::from(200)),
        ("secret_wo", RawValue::from("s3cret")),
    ]);
    let (messages, told) = invoke(&action, &config).await;
    assert_eq!((messages.len(), messages[200].as_str()), (201, "6 letters more"));
    assert!(messages[..200].iter().enumerate().all(|(at, message)| *message == format!("b {}", at + 1)));
    assert_eq!(told, ["warning : Hoarse"]);
    let (messages, told) = invoke(&action, &at(&action, "careless")).await;
    assert_eq!((messages.len(), told), (2, vec!["warning : Hoarse".to_owned()]));
}

#[tokio::test]
async fn item_62_failing_hanging_and_panicking_actions_end_with_an_error() {
    let action = shout().await;
    for (name, summary) in [
        ("deaf", "error name: Not heard"),
        ("panic", "error : Provider error"),
        ("hangs", "error : Timed out"),
    ] {
        let (messages, told) = invoke(&action, &at(&action, name)).await;
        assert_eq!((messages.len(), told), (2, vec![summary.to_owned()]), "{name}");
    }
    let unconfigured = Host::unconfigured().await.action("conformance_shout");
    let (messages, told) = invoke(&unconfigured, &at(&unconfigured, "a")).await;
    assert_eq!((messages, told), (Vec::new(), vec!["error : Provider is not configured".to_owned()]));
}

#[tokio::test]
async fn item_62_action_is_cut_short_by_stop() {
    let action = shout().await;
    let request = invoke_action::Request {
        action_type: action.name.into(),
        config: action.encoded(&at(&action, "slow")),
        ..Default::default()
    };
    let mut client = action.host.client.clone();
    let mut events = client.invoke_action(request).await.unwrap().into_inner();
    for _ in 0..2 {
        timeout(LIMIT, events.next()).await.unwrap().unwrap().unwrap();
    }
    client.stop_provider(stop_provider::Request {}).await.unwrap();
    let end = timeout(LIMIT, events.next()).await.expect("stop should end it").unwrap().unwrap();
    assert!(matches!(end.r#type, Some(Type::Completed(_))));
}

#[tokio::test]
async fn item_62_action_is_validated_and_planned_without_configuration_of_the_provider() {
    let action = Host::unconfigured().await.action("conformance_shout");
    let mut client = action.host.client.clone();
    let mut asked = async |config: RawValue| {
        let config = action.encoded(&config);
        let validate =
            validate_action_config::Request { type_name: action.name.into(), config: config.clone() };
        let plan = plan_action::Request { action_type: action.name.into(), config, ..Default::default() };
        let validated = client.validate_action_config(validate).await.unwrap().into_inner();
        let planned = client.plan_action(plan).await.unwrap().into_inner();
        assert!(planned.deferred.is_none());
        (told(&validated.diagnostics), told(&planned.diagnostics))
    };
    let not_known = vec!["warning : Not known yet".to_owned()];
    assert_eq!(asked(at(&action, "a")).await, (Vec::new(), not_known.clone()));
    let unknown = action.config([("name", RawValue::unknown())]);
    assert_eq!(asked(unknown).await, (Vec::new(), not_known.clone()));
    assert_eq!(asked(at(&action, "")).await, (vec!["error name: Invalid name".to_owned()], not_known));
    let often = action.config([("name", RawValue::from("a")), ("times", RawValue::from(101))]);
    let (_, planned) = asked(often).await;
    assert_eq!(planned, ["error times: Too often", "warning : Not known yet"]);
    let configured = shout().await;
    let config = configured.encoded(&at(&configured, "a"));
    let plan = plan_action::Request { action_type: configured.name.into(), config, ..Default::default() };
    assert!(
        configured.host.client.clone().plan_action(plan).await.unwrap().into_inner().diagnostics.is_empty()
    );
}

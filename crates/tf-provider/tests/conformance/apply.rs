//! ApplyResourceChange: items 13, 20, 43, 44, 49, 50 and 57, where no `terraform` is needed to see them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tf_provider::proto::tfplugin6 as pb;
use tf_provider::value::RawValue;

use crate::support::host::{Host, Object, State, told};

const NOTHING: RawValue = RawValue::Null;

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

async fn everything() -> Object {
    Host::configured().await.resource("conformance_everything")
}

async fn create_with(object: &Object, fault: &str) -> State {
    let config = object.config([("name", text("a")), ("fault", text(fault))]);
    object.change(&NOTHING, &config).await
}

fn attribute<'a>(state: &'a State, name: &str) -> &'a RawValue {
    state.value.as_ref().unwrap().get(name).unwrap()
}

#[tokio::test]
async fn item_13_stop_ends_a_running_apply_with_its_state_and_service_goes_on() {
    let object = everything().await;
    let applying = object.clone();
    let mut apply = tokio::spawn(async move { create_with(&applying, "wait").await });
    let deadline = Instant::now() + Duration::from_secs(10);
    let state = loop {
        let answer = object.host.client.clone().stop_provider(pb::stop_provider::Request {}).await.unwrap();
        assert_eq!(answer.get_ref().error, "");
        match tokio::time::timeout(Duration::from_millis(20), &mut apply).await {
            Ok(state) => break state.unwrap(),
            Err(_) => assert!(Instant::now() < deadline, "apply went on"),
        }
    };
    assert_eq!(told(&state.diagnostics), ["error : Interrupted"]);
    assert_eq!(attribute(&state, "id"), &text("id-a"));
    let again = object.created(&object.config([("name", text("b"))])).await;
    assert_eq!(again.get("id"), Some(&text("id-b")));
}

#[tokio::test]
async fn item_20_panic_in_create_is_an_error_and_what_was_saved_stays() {
    let object = everything().await;
    let state = create_with(&object, "panic").await;
    assert_eq!(told(&state.diagnostics), ["error : Provider error"]);
    assert_eq!(state.value, Some(NOTHING));
    let state = create_with(&object, "late panic").await;
    assert_eq!(told(&state.diagnostics), ["error : Provider error"]);
    assert_eq!(attribute(&state, "id"), &text("id-a"));
    assert!(state.value.unwrap().is_wholly_known());
}

#[tokio::test]
async fn item_43_create_that_fails_first_leaves_nothing() {
    let state = create_with(&everything().await, "create").await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert_eq!(state.value, Some(NOTHING));
}

#[tokio::test]
async fn item_43_create_that_fails_half_way_returns_what_was_saved_without_unknowns() {
    let state = create_with(&everything().await, "half create").await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert_eq!(attribute(&state, "id"), &text("id-a"));
    assert_eq!(attribute(&state, "revision"), &NOTHING);
    assert!(state.value.unwrap().is_wholly_known());
}

#[tokio::test]
async fn item_43_value_left_unknown_is_the_providers_fault_and_keeps_the_object() {
    let state = create_with(&everything().await, "unknown").await;
    assert_eq!(told(&state.diagnostics), ["error chosen: Provider error"]);
    assert_eq!(attribute(&state, "id"), &text("id-a"));
}

#[tokio::test]
async fn item_43_state_that_does_not_fit_the_schema_does_not_lose_the_object() {
    let state = create_with(&everything().await, "misfit").await;
    assert_eq!(told(&state.diagnostics), ["error anything: Provider error"]);
    assert_eq!(attribute(&state, "name"), &text("a"));
    assert!(state.value.unwrap().is_wholly_known());
}

#[tokio::test]
async fn item_44_failed_update_keeps_the_prior_or_the_saved_state() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a")), ("text", text("1"))])).await;
    let change = |fault| object.config([("name", text("a")), ("text", text("2")), ("fault", text(fault))]);
    let state = object.change(&prior, &change("update")).await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert!(state.value.as_ref() == Some(&prior));
    let state = object.change(&prior, &change("half update")).await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert_eq!((attribute(&state, "text"), attribute(&state, "fault")), (&text("2"), &NOTHING));
}

#[tokio::test]
async fn item_44_failed_delete_keeps_state_and_private_data() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a")), ("fault", text("delete"))])).await;
    let private = Bytes::from_static(br#"{"k":1}"#);
    let state = object.apply(&prior, &NOTHING, &NOTHING, private.clone()).await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert!(state.value == Some(prior) && state.private == private);
}

#[tokio::test]
async fn item_44_delete_that_fails_half_way_keeps_what_it_noted_in_private_data() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a")), ("fault", text("half delete"))])).await;
    let state = object.apply(&prior, &NOTHING, &NOTHING, Bytes::from_static(br#"{"k":1}"#)).await;
    assert_eq!(told(&state.diagnostics), ["error : Fault on demand"]);
    assert!(state.value == Some(prior) && state.private.as_ref() == br#"{"k":1,"left":"half"}"#);
}

#[tokio::test]
async fn item_49_delete_drops_state_and_private_data() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a"))])).await;
    let state = object.apply(&prior, &NOTHING, &NOTHING, Bytes::from_static(br#"{"k":1}"#)).await;
    assert_eq!(told(&state.diagnostics), Vec::<String>::new());
    assert!(state.value == Some(NOTHING) && state.private.is_empty());
}

#[tokio::test]
async fn item_50_create_gets_the_write_only_value_and_returns_null() {
    let object = everything().await;
    let config = |password: &str| object.config([("name", text("a")), ("password_wo", text(password))]);
    let state = object.change(&NOTHING, &config("right")).await;
    assert_eq!(told(&state.diagnostics), Vec::<String>::new());
    assert_eq!(attribute(&state, "password_wo"), &NOTHING);
    let state = object.change(&NOTHING, &config("wrong")).await;
    assert_eq!(state.diagnostics[0].detail, "The password is wrong.");
    assert_eq!(attribute(&state, "password_wo"), &NOTHING);
}

#[tokio::test]
async fn item_57_timeout_ends_a_wait_and_a_hanging_create_with_saved_state() {
    let object = everything().await;
    for fault in ["wait", "hang"] {
        let timeouts = RawValue::from([("create", text("1s"))]);
        let config =
            object.config([("name", text("a")), ("fault", text(fault)), ("timeouts", timeouts.clone())]);
        let begin = Instant::now();
        let state = object.change(&NOTHING, &config).await;
        assert!(begin.elapsed() < Duration::from_secs(15), "{fault}");
        assert_eq!(told(&state.diagnostics), ["error : Timed out"]);
        assert!(state.diagnostics[0].detail.contains("within 1s"), "{:?}", state.diagnostics);
        assert_eq!(attribute(&state, "id"), &text("id-a"));
        assert_eq!(attribute(&state, "timeouts").get("create"), Some(&text("1s")));
    }
}

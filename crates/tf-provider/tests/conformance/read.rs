//! ReadResource: items 42, 45 and 49, where no `terraform` is needed to see them.

use bytes::Bytes;
use tf_provider::value::RawValue;

use crate::support::host::{Host, told};

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

const PRIVATE: &[u8] = br#"{"k":[1,"a"]}"#;

#[tokio::test]
async fn item_42_spelling_that_means_the_same_is_kept() {
    let object = Host::configured().await.resource("conformance_everything");
    let prior = object.created(&object.config([("name", text("a")), ("spelled", text("LoUd"))])).await;
    let state = object.read(&prior, Bytes::new()).await;
    assert!(state.value == Some(prior) && state.diagnostics.is_empty());
}

#[tokio::test]
async fn item_45_gone_object_is_null_with_a_warning_and_without_an_error() {
    let object = Host::configured().await.resource("conformance_everything");
    let prior = object.created(&object.config([("name", text("a")), ("text", text("gone"))])).await;
    let state = object.read(&prior, Bytes::from_static(PRIVATE)).await;
    assert_eq!(told(&state.diagnostics), ["warning : Object is gone (conformance_everything)"]);
    assert_eq!(state.value, Some(RawValue::Null));
}

#[tokio::test]
async fn item_45_failed_read_keeps_state_and_private_data() {
    let object = Host::configured().await.resource("conformance_everything");
    for (fault, summary) in [
        ("forbidden", "error : Fault on demand"),
        ("forgotten", "error chosen: Provider error"),
        ("panic in read", "error : Provider error"),
    ] {
        let prior = object.created(&object.config([("name", text("a")), ("text", text(fault))])).await;
        let state = object.read(&prior, Bytes::from_static(PRIVATE)).await;
        assert_eq!(told(&state.diagnostics), [summary]);
        assert!(state.value == Some(prior), "{fault}");
        assert_eq!(state.private, PRIVATE, "{fault}");
    }
}

#[tokio::test]
async fn item_49_private_data_survives_a_read() {
    let object = Host::configured().await.resource("conformance_everything");
    let prior = object.created(&object.config([("name", text("a"))])).await;
    assert_eq!(object.read(&prior, Bytes::from_static(PRIVATE)).await.private, PRIVATE);
}

#[tokio::test]
async fn item_49_unreadable_private_data_is_an_error() {
    let object = Host::configured().await.resource("conformance_everything");
    let prior = object.created(&object.config([("name", text("a"))])).await;
    let state = object.read(&prior, Bytes::from_static(b"\x00garbage")).await;
    assert_eq!(told(&state.diagnostics), ["error : Provider error"]);
}

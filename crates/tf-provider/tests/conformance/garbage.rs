//! Items 20, 26 and 27: requests that no host sends.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tf_provider::proto::tfplugin6::{self as pb, DynamicValue};
use tf_provider::value::RawValue;

use crate::support::host::{Host, Object, told};

/// Bytes that are no value of any object type.
fn garbage() -> Vec<(&'static str, Bytes)> {
    let bytes = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
    let deep_array = [vec![0x91; 200_000], vec![0xc0]].concat();
    let deep_map = [b"\x81\xa1a".repeat(200_000), vec![0xc0]].concat();
    vec![
        ("truncated map", bytes(b"\x82\xa4name")),
        ("truncated string", bytes(b"\x81\xd9\xff")),
        ("a text", bytes(b"\xa1a")),
        ("a number", bytes(b"\x07")),
        ("a reserved byte", bytes(b"\xc1")),
        ("array of 4 Gi elements", bytes(b"\xdd\xff\xff\xff\xff")),
        ("map of 4 Gi entries", bytes(b"\xdf\xff\xff\xff\xff")),
        ("text of 4 GiB", bytes(b"\xdb\xff\xff\xff\xff")),
        ("map with numbers for keys", bytes(b"\x81\x01\x01")),
        ("array 200 000 deep", deep_array.into()),
        ("map 200 000 deep", deep_map.into()),
    ]
}

fn sent(msgpack: Bytes) -> Option<DynamicValue> {
    Some(DynamicValue { msgpack, json: Bytes::new() })
}

async fn everything() -> Object {
    Host::configured().await.resource("conformance_everything")
}

#[tokio::test]
async fn item_26_garbage_for_a_value_is_an_error_in_every_call_and_service_goes_on() {
    let object = everything().await;
    let begin = Instant::now();
    for (what, bytes) in garbage() {
        let (type_name, value) = (object.name.to_owned(), sent(bytes));
        let mut client = object.host.client.clone();
        let refused = |diagnostics: Vec<pb::Diagnostic>| {
            let told = told(&diagnostics);
            assert!(
                told.len() == 1 && told[0].ends_with("Undecodable value from Terraform"),
                "{what}: {told:?}"
            );
        };
        refused(object.validate_sent(value.clone(), true).await);
        let request = pb::plan_resource_change::Request {
            type_name: type_name.clone(),
            proposed_new_state: value.clone(),
            ..Default::default()
        };
        refused(client.plan_resource_change(request).await.unwrap().into_inner().diagnostics);
        let request = pb::apply_resource_change::Request {
            type_name: type_name.clone(),
            planned_state: value.clone(),
            ..Default::default()
        };
        refused(client.apply_resource_change(request).await.unwrap().into_inner().diagnostics);
        let request =
            pb::read_resource::Request { type_name, current_state: value.clone(), ..Default::default() };
        refused(client.read_resource(request).await.unwrap().into_inner().diagnostics);
        let request = pb::configure_provider::Request { config: value, ..Default::default() };
        refused(client.configure_provider(request).await.unwrap().into_inner().diagnostics);
    }
    assert!(begin.elapsed() < Duration::from_secs(30));
    object.created(&object.config([("name", RawValue::from("a"))])).await;
}

#[tokio::test]
async fn item_26_deep_and_wrong_json_is_an_error() {
    let object = everything().await;
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    for json in [deep.as_str(), "{", "[]", r#"{"name":[]}"#, "\u{0}"] {
        let value =
            Some(DynamicValue { msgpack: Bytes::new(), json: Bytes::copy_from_slice(json.as_bytes()) });
        assert_eq!(object.validate_sent(value, true).await.len(), 1);
        let state = object.upgrade(0, json).await;
        assert_eq!(told(&state.diagnostics), ["error : Unreadable state"]);
    }
}

#[tokio::test]
async fn item_26_message_that_is_no_message_is_refused_and_service_goes_on() {
    let object = everything().await;
    let mut client = tonic::client::Grpc::new(object.host.channel());
    client.ready().await.unwrap();
    // A text where the call's first field is a message.
    let codec = tonic_prost::ProstCodec::<String, ()>::default();
    let path = http::uri::PathAndQuery::from_static("/tfplugin6.Provider/ConfigureProvider");
    let status = client.unary(tonic::Request::new("\u{7f}\u{7f}\u{7f}".to_owned()), path, codec).await;
    // Field 1 of the request is the Terraform version, so this one is well formed; the next is not.
    assert!(status.is_ok());
    client.ready().await.unwrap();
    let codec = tonic_prost::ProstCodec::<String, ()>::default();
    let path = http::uri::PathAndQuery::from_static("/tfplugin6.Provider/ValidateProviderConfig");
    let status = client.unary(tonic::Request::new("\u{7f}\u{7f}\u{7f}".to_owned()), path, codec).await;
    assert!(status.is_err());
    object.created(&object.config([("name", RawValue::from("a"))])).await;
}

#[tokio::test]
async fn item_27_undeclared_attribute_in_configuration_is_an_error() {
    let object = everything().await;
    let sane = object.encoded(&object.config([("name", RawValue::from("a"))])).unwrap().msgpack;
    // The same length of name, so that nothing else changes.
    let at = sane.windows(9).position(|window| window == b"\xa8revision").unwrap();
    let mut strange = sane.to_vec();
    strange[at + 1..at + 9].copy_from_slice(b"division");
    let told = told(&object.validate_sent(sent(strange.into()), true).await);
    assert_eq!(told, ["error division: Undecodable value from Terraform"]);
}

#[tokio::test]
async fn item_20_panic_in_a_function_is_an_error_and_the_next_call_answers() {
    use crate::support::host::{decoded, encoded};
    use tf_provider::value::Type;
    let mut client = Host::unconfigured().await.client;
    let call = |text: &str| pb::call_function::Request {
        name: "shout".into(),
        arguments: vec![encoded(&Type::String, &RawValue::from(text))],
    };
    let answer = client.call_function(call("panic")).await.unwrap().into_inner();
    assert!(answer.error.is_some() && answer.result.is_none());
    let answer = client.call_function(call("")).await.unwrap().into_inner();
    assert_eq!(answer.error.unwrap().function_argument, Some(0));
    let answer = client.call_function(call("a")).await.unwrap().into_inner();
    assert_eq!(decoded(&Type::String, answer.result), Some(RawValue::from("A")));
}

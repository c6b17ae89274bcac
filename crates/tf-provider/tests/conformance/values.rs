//! Items 28 to 32: values on the wire, seen through validation and planning.

use bytes::Bytes;
use tf_provider::proto::tfplugin6::DynamicValue;
use tf_provider::value::{Number, RawValue, Refinements, Type, json};

use crate::support::host::{Host, Object, told};

const NOTHING: RawValue = RawValue::Null;

async fn everything() -> Object {
    Host::configured().await.resource("conformance_everything")
}

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

/// The configuration as sent, with the bytes of one value replaced by others.
fn with(object: &Object, config: &RawValue, from: &[u8], to: &[u8]) -> DynamicValue {
    let bytes = object.encoded(config).unwrap().msgpack;
    let at = bytes.windows(from.len()).position(|window| window == from).expect("the bytes should be there");
    assert!(!bytes[at + 1..].windows(from.len()).any(|window| window == from), "the bytes occur twice");
    DynamicValue {
        msgpack: [&bytes[..at], to, &bytes[at + from.len()..]].concat().into(),
        json: Bytes::new(),
    }
}

#[tokio::test]
async fn item_28_unknown_in_every_encoding_gives_the_same_diagnostics() {
    let object = everything().await;
    let config = object.config([("name", text("")), ("text", RawValue::unknown())]);
    let encodings: [&[u8]; 7] = [
        b"\xd4\x00\x00",
        b"\xd4\x05\x00",
        b"\xd4\x07\x00",
        b"\xd4\x0c\x00",
        b"\xc7\x00\x00",
        b"\xc7\x03\x0c\x81\x01\xc2",
        b"\xc7\x09\x0c\x82\x01\xc2\x02\xa4ami-",
    ];
    for encoding in encodings {
        let value = with(&object, &config, b"\xd4\x00\x00", encoding);
        let told = told(&object.validate_sent(Some(value), true).await);
        assert_eq!(told, ["error name: Invalid name"], "{encoding:02x?}");
    }
}

#[tokio::test]
async fn item_29_number_one_is_the_same_in_all_twelve_encodings() {
    let object = everything().await;
    let config =
        object.config([("name", text("a")), ("whole", RawValue::from(1)), ("number", RawValue::from(77))]);
    let expected =
        object.config([("name", text("a")), ("whole", RawValue::from(1)), ("number", RawValue::from(1))]);
    let expected = object.plan(&NOTHING, &expected).await.value;
    let encodings: [&[u8]; 12] = [
        b"\x01",
        b"\xcc\x01",
        b"\xcd\x00\x01",
        b"\xce\x00\x00\x00\x01",
        b"\xcf\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\xd0\x01",
        b"\xd1\x00\x01",
        b"\xd2\x00\x00\x00\x01",
        b"\xd3\x00\x00\x00\x00\x00\x00\x00\x01",
        b"\xca\x3f\x80\x00\x00",
        b"\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
        b"\xa11",
    ];
    for encoding in encodings {
        let from = b"\xa6number\x4d";
        let to = [b"\xa6number".as_slice(), encoding].concat();
        let sent = with(&object, &config, from, &to);
        let request = tf_provider::proto::tfplugin6::plan_resource_change::Request {
            type_name: object.name.into(),
            proposed_new_state: Some(sent.clone()),
            config: Some(sent),
            ..Default::default()
        };
        let answer = object.host.client.clone().plan_resource_change(request).await.unwrap().into_inner();
        assert!(answer.diagnostics.is_empty(), "{encoding:02x?}");
        let planned = crate::support::host::decoded(&object.ty, answer.planned_state);
        assert!(planned.as_ref() == Some(&expected), "{encoding:02x?}");
    }
}

#[tokio::test]
async fn item_29_numbers_of_any_size_come_back_as_they_were() {
    let object = everything().await;
    for number in
        ["0.1", "18446744073709551616", "1e400", "1234567890.123456789012345678901234567890", "-0.5"]
    {
        let value = RawValue::Number(number.parse().unwrap());
        let config = object.config([("name", text("a")), ("number", value.clone())]);
        let state = object.created(&config).await;
        assert!(state.get("number") == Some(&value), "{number}");
        let read = object.read(&state, Bytes::new()).await;
        assert!(read.value == Some(state), "{number}");
    }
}

#[tokio::test]
async fn item_29_machine_numbers_come_back_as_they_were_configured() {
    let object = everything().await;
    for number in ["0.1", "0.5", "2", "-1e300", "3.141592653589793"] {
        let value = RawValue::Number(number.parse().unwrap());
        let state = object.created(&object.config([("name", text("a")), ("float", value.clone())])).await;
        assert!(state.get("float") == Some(&value), "{number}");
    }
}

#[tokio::test]
async fn item_29_fraction_and_overflow_for_a_whole_number_are_told() {
    let object = everything().await;
    for number in ["0.5", "9223372036854775808"] {
        let value = RawValue::Number(number.parse().unwrap());
        let config = object.config([("name", text("a")), ("whole", value)]);
        assert_eq!(told(&object.validate(&config).await)[0], "error whole: Invalid whole", "{number}");
    }
}

#[tokio::test]
async fn item_30_dynamic_values_come_back_as_they_were() {
    let object = everything().await;
    let dynamic = |ty: Type, value: RawValue| RawValue::Dynamic(Box::new((ty, value)));
    let tuple = Type::Tuple(vec![Type::Number, Type::object([("a", Type::list(Type::Bool))])]);
    let tuple_value = RawValue::Sequence(vec![
        RawValue::Number(Number::from(1)),
        RawValue::from([("a", RawValue::Sequence(vec![RawValue::Bool(true)]))]),
    ]);
    for value in [
        NOTHING,
        dynamic(Type::String, NOTHING),
        dynamic(Type::String, text("x")),
        dynamic(tuple, tuple_value),
        RawValue::unknown(),
        dynamic(Type::String, RawValue::refined(Refinements::not_null())),
    ] {
        let config = object.config([("name", text("a")), ("anything", value.clone())]);
        assert_eq!(told(&object.validate(&config).await), Vec::<String>::new());
        let planned = object.plan(&NOTHING, &config).await;
        assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
        assert!(
            planned.value.get("anything") == Some(&value),
            "{value:?}: {:?}",
            planned.value.get("anything")
        );
        if value.is_wholly_known() {
            assert!(object.created(&config).await.get("anything") == Some(&value), "{value:?}");
        }
    }
}

#[tokio::test]
async fn item_31_json_is_accepted_where_messagepack_is() {
    let object = everything().await;
    let config = object.config([("name", text("")), ("number", RawValue::Number("0.1".parse().unwrap()))]);
    let bytes = json::encode(&object.ty, &config).unwrap().to_string();
    let sent = DynamicValue { msgpack: Bytes::new(), json: bytes.into() };
    let as_json = object.validate_sent(Some(sent), true).await;
    assert_eq!(as_json, object.validate(&config).await);
    assert_eq!(told(&as_json), ["error name: Invalid name"]);
}

#[tokio::test]
async fn item_32_text_of_64_mib_is_planned_and_created() {
    let object = everything().await;
    let long = "x".repeat(64 << 20);
    let config = object.config([("name", text("a")), ("text", RawValue::String(long))]);
    let state = object.created(&config).await;
    assert!(state.get("text") == config.get("text"));
}

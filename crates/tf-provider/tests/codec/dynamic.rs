//! Dynamic values bring their own type along.

use tf_provider::value::json::Extra;
use tf_provider::value::{RawValue, Refinements, Type, json, msgpack};

fn dynamic(ty: Type, value: RawValue) -> RawValue {
    RawValue::Dynamic(Box::new((ty, value)))
}

#[test]
fn the_four_kinds_of_nothing_stay_apart() {
    let cases: [(&[u8], RawValue); 5] = [
        (b"\xc0", RawValue::Null),
        (b"\x92\xc4\x08\"string\"\xc0", dynamic(Type::String, RawValue::Null)),
        (b"\xd4\0\0", RawValue::unknown()),
        (b"\x92\xc4\x08\"string\"\xd4\0\0", dynamic(Type::String, RawValue::unknown())),
        (
            b"\x92\xc4\x08\"string\"\xc7\x03\x0c\x81\x01\xc2",
            dynamic(Type::String, RawValue::refined(Refinements::not_null())),
        ),
    ];
    for (bytes, value) in cases {
        assert!(msgpack::decode(&Type::Dynamic, bytes).unwrap() == value, "{bytes:02x?}");
        assert_eq!(msgpack::encode(&Type::Dynamic, &value).unwrap(), bytes);
    }
}

#[test]
fn nested_objects_and_tuples_survive_both_forms() {
    let ty = Type::object([
        ("list", Type::Tuple(vec![Type::String, Type::Number])),
        ("free", Type::Dynamic),
        ("none", Type::Dynamic),
    ]);
    let value = RawValue::from([
        ("list", RawValue::Sequence(vec!["a".into(), 5_i64.into()])),
        ("free", dynamic(Type::list(Type::Bool), RawValue::Sequence(vec![true.into()]))),
        ("none", RawValue::Null),
    ]);
    let value = dynamic(ty, value);
    let bytes = msgpack::encode(&Type::Dynamic, &value).unwrap();
    assert!(msgpack::decode(&Type::Dynamic, &bytes).unwrap() == value);
    let json = json::encode(&Type::Dynamic, &value).unwrap().to_string();
    let expected = concat!(
        r#"{"type":["object",{"free":"dynamic","list":["tuple",["string","number"]],"none":"dynamic"}],"#,
        r#""value":{"free":{"type":["list","bool"],"value":[true]},"list":["a",5],"none":null}}"#
    );
    assert_eq!(json, expected);
    assert!(json::decode(&Type::Dynamic, json.as_bytes(), Extra::Ignore).unwrap() == value);
}

#[test]
fn the_type_may_be_text_or_binary() {
    let value = dynamic(Type::Bool, true.into());
    assert!(msgpack::decode(&Type::Dynamic, b"\x92\xa6\"bool\"\xc3").unwrap() == value);
    assert!(msgpack::decode(&Type::Dynamic, b"\x92\xc4\x06\"bool\"\xc3").unwrap() == value);
}

#[test]
fn a_wrapper_around_a_wrapper_collapses() {
    let bytes = b"\x92\xc4\x09\"dynamic\"\x92\xc4\x06\"bool\"\xc3";
    let value = dynamic(Type::Bool, true.into());
    assert!(msgpack::decode(&Type::Dynamic, bytes).unwrap() == value);
    let doubled = dynamic(Type::Dynamic, value.clone());
    let written = msgpack::encode(&Type::Dynamic, &doubled).unwrap();
    assert_eq!(written, msgpack::encode(&Type::Dynamic, &value).unwrap());
}

#[test]
fn malformed_wrappers_are_errors() {
    for bytes in [
        &b"\x90"[..],
        b"\x91\xc4\x06\"bool\"",
        b"\x93\xc4\x06\"bool\"\xc3\xc3",
        b"\x92\xc4\x05\"int\"\x01",
        b"\x92\xc4\x06\"bool\"\x01",
        b"\x92\x01\xc3",
        b"\x92\xc0\xc3",
        b"\x92\xc4\0\xc3",
        b"\xa1a",
        b"\x01",
        b"\x80",
    ] {
        assert!(msgpack::decode(&Type::Dynamic, bytes).is_err(), "{bytes:02x?}");
    }
    for text in [
        r#""a""#,
        "1",
        "{}",
        r#"{"type":"string"}"#,
        r#"{"value":"a"}"#,
        r#"{"type":"string","value":"a","more":1}"#,
        r#"{"type":"string","value":1}"#,
        r#"{"type":"text","value":"a"}"#,
    ] {
        assert!(json::decode(&Type::Dynamic, text.as_bytes(), Extra::Ignore).is_err(), "{text}");
    }
}

#[test]
fn a_value_without_its_type_is_not_written() {
    assert!(msgpack::encode(&Type::Dynamic, &RawValue::from("a")).is_err());
    assert!(json::encode(&Type::Dynamic, &RawValue::from("a")).is_err());
    assert!(msgpack::encode(&Type::String, &dynamic(Type::String, "a".into())).is_err());
    let error = msgpack::encode(&Type::Dynamic, &dynamic(Type::Bool, "a".into())).unwrap_err();
    assert_eq!(error.to_string(), "expected bool, found string");
}

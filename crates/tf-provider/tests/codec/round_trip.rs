//! What is written reads back.

use proptest::prelude::*;
use tf_provider::value::json::Extra;
use tf_provider::value::{RawValue, Type, json, msgpack};

use crate::arbitrary::{any_type, typed_value};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_value_survives_msgpack((ty, value) in typed_value(true)) {
        let bytes = msgpack::encode(&ty, &value).unwrap();
        prop_assert!(msgpack::decode(&ty, &bytes).unwrap() == value, "{ty:?} {value:?}");
    }

    #[test]
    fn every_known_value_survives_json((ty, value) in typed_value(false)) {
        let text = json::encode(&ty, &value).unwrap().to_string();
        for extra in [Extra::Ignore, Extra::Refuse] {
            prop_assert!(json::decode(&ty, text.as_bytes(), extra).unwrap() == value, "{ty:?} {text}");
        }
    }

    #[test]
    fn every_type_survives_json(ty in any_type()) {
        prop_assert_eq!(Type::from_json(ty.to_json_string().as_bytes()).unwrap(), ty);
    }

    #[test]
    fn input_cut_anywhere_is_an_error((ty, value) in typed_value(true)) {
        let bytes = msgpack::encode(&ty, &value).unwrap();
        // Long texts have many places to cut that are all alike.
        let step = 1 + bytes.len() / 500;
        for length in (1..bytes.len()).step_by(step) {
            prop_assert!(msgpack::decode(&ty, &bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }
}

#[test]
fn no_bytes_are_null() {
    for ty in [Type::String, Type::object([("a", Type::Bool)]), Type::Dynamic] {
        assert_eq!(msgpack::decode(&ty, b"").unwrap(), RawValue::Null);
        assert_eq!(json::decode(&ty, b"", Extra::Refuse).unwrap(), RawValue::Null);
    }
}

#[test]
fn strings_of_8_and_64_mebibytes_survive() {
    for size in [8 << 20, 64 << 20] {
        let value = RawValue::String("a".repeat(size));
        let bytes = msgpack::encode(&Type::String, &value).unwrap();
        assert!(msgpack::decode(&Type::String, &bytes).unwrap() == value);
    }
}

#[test]
fn collections_beyond_16_bits_survive() {
    let ty = Type::list(Type::Bool);
    let value = RawValue::Sequence(vec![RawValue::Bool(true); 70_000]);
    assert!(msgpack::decode(&ty, &msgpack::encode(&ty, &value).unwrap()).unwrap() == value);
    let ty = Type::map(Type::Number);
    let entries = (0..70_000).map(|index| (format!("k{index}"), RawValue::from(i64::from(index)))).collect();
    let value = RawValue::Mapping(entries);
    assert!(msgpack::decode(&ty, &msgpack::encode(&ty, &value).unwrap()).unwrap() == value);
}

#[test]
fn text_is_read_in_normal_form_c() {
    let decomposed = "e\u{301}";
    let composed = RawValue::from("\u{e9}");
    let bytes = msgpack::encode(&Type::String, &RawValue::from(decomposed)).unwrap();
    assert_eq!(msgpack::decode(&Type::String, &bytes).unwrap(), composed);
    let json = format!("{{\"{decomposed}\":\"{decomposed}\"}}");
    let map = json::decode(&Type::map(Type::String), json.as_bytes(), Extra::Refuse).unwrap();
    assert_eq!(map, RawValue::from([("\u{e9}", composed)]));
}

#[test]
fn a_set_is_read_sorted_and_without_duplicates() {
    let ty = Type::set(Type::String);
    let set = RawValue::set(vec!["b".into(), "a".into()]);
    assert_eq!(msgpack::decode(&ty, b"\x93\xa1b\xa1a\xa1b").unwrap(), set);
    assert_eq!(json::decode(&ty, br#"["b","a","b"]"#, Extra::Refuse).unwrap(), set);
}

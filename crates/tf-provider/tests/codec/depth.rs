//! Nesting that would exhaust the stack is an error. Test threads have the small stack of 2 MiB.

use tf_provider::value::json::Extra;
use tf_provider::value::{RawValue, Type, json, msgpack};

const DEEP: usize = 200_000;

/// Type and value nested `depth` times by `wrap`.
fn nested_type(depth: usize, wrap: fn(Type) -> Type) -> Type {
    (0..depth).fold(Type::Bool, |inner, _| wrap(inner))
}

#[test]
fn msgpack_200_000_deep_is_an_error() {
    let wrapped_in_dynamic = b"\x92\xc4\x09\"dynamic\"".repeat(DEEP);
    let lists_of_dynamic = b"\x92\xc4\x12[\"list\",\"dynamic\"]\x91".repeat(DEEP);
    let arrays = vec![0x91; DEEP];
    let maps = b"\x81\xa1a".repeat(DEEP);
    let pairs = vec![0x92; DEEP];
    for bytes in [wrapped_in_dynamic, lists_of_dynamic, arrays, maps, pairs] {
        for ty in
            [Type::Dynamic, Type::list(Type::Dynamic), Type::map(Type::Dynamic), nested_type(255, Type::list)]
        {
            assert!(msgpack::decode(&ty, &bytes).is_err(), "{:02x?}… as {}", &bytes[..4], ty.name());
        }
    }
}

#[test]
fn json_200_000_deep_is_an_error() {
    let arrays = "[".repeat(DEEP);
    let closed = format!("{arrays}{}", "]".repeat(DEEP));
    let objects = "{\"a\":".repeat(DEEP);
    let dynamic = "{\"type\":\"dynamic\",\"value\":".repeat(DEEP);
    for text in [arrays, closed, objects, dynamic] {
        for ty in [Type::Dynamic, Type::list(Type::Dynamic), nested_type(255, Type::list)] {
            for extra in [Extra::Ignore, Extra::Refuse] {
                assert!(json::decode(&ty, text.as_bytes(), extra).is_err());
            }
        }
    }
}

#[test]
fn a_type_200_000_deep_inside_msgpack_is_an_error() {
    let json = format!("{}\"bool\"{}", "[\"list\",".repeat(DEEP), "]".repeat(DEEP));
    let head = [&[0x92, 0xc6][..], &u32::try_from(json.len()).unwrap().to_be_bytes()].concat();
    let bytes = [&head[..], json.as_bytes(), &[0xc0]].concat();
    assert!(msgpack::decode(&Type::Dynamic, &bytes).is_err());
}

#[test]
fn refinements_nested_deep_are_passed_over_without_recursion() {
    // Key 99, whose value is an array in an array, and so on up to the end of the payload.
    let payload = [&[0x81, 99][..], &[0x91; 1000], &[0xc0]].concat();
    let head = [&[0xc8][..], &u16::try_from(payload.len()).unwrap().to_be_bytes(), &[12]].concat();
    let bytes = [head, payload].concat();
    assert!(msgpack::decode(&Type::String, &bytes).unwrap() == RawValue::unknown());
}

#[test]
fn nesting_up_to_the_bound_survives_and_one_more_is_an_error() {
    for wrap in
        [Type::list, Type::map, |inner| Type::object([("a", inner)]), |inner| Type::Tuple(vec![inner])]
    {
        let shape = wrap(Type::Bool);
        for (depth, fits) in [(256, true), (257, false)] {
            let value = (0..depth).fold(RawValue::Bool(true), |inner, _| match shape {
                Type::Map(_) | Type::Object(_) => [("a", inner)].into(),
                _ => RawValue::Sequence(vec![inner]),
            });
            let ty = nested_type(depth, wrap);
            let written = msgpack::encode(&ty, &value);
            assert_eq!(written.is_ok(), fits);
            assert_eq!(json::encode(&ty, &value).is_ok(), fits);
            if let Ok(bytes) = written {
                assert!(msgpack::decode(&ty, &bytes).unwrap() == value);
                let deeper = Type::list(ty);
                assert!(msgpack::decode(&deeper, &[&[0x91], &bytes[..]].concat()).is_err());
            }
        }
    }
}

//! Unknown values: any extension, and what its payload says.

use tf_provider::value::{DecodeError, Number, RawValue, Refinements, Type, msgpack};

fn refined(ty: &Type, payload: &[u8]) -> Result<RawValue, DecodeError> {
    let head = [0xc7, u8::try_from(payload.len()).unwrap(), 12];
    msgpack::decode(ty, &[&head[..], payload].concat())
}

#[test]
fn every_extension_is_an_unknown_value() {
    let encodings: [&[u8]; 12] = [
        b"\xd4\0\0",
        b"\xd4\x05\x01",
        b"\xd4\x07\xff",
        b"\xd4\x0c\0",
        b"\xd5\x05ab",
        b"\xd6\x07abcd",
        b"\xd7\0abcdefgh",
        b"\xd8\xffabcdefghijklmnop",
        b"\xc7\0\x0c",
        b"\xc7\0\0",
        b"\xc8\0\x01\x05a",
        b"\xc9\0\0\0\x02\x07ab",
    ];
    for bytes in encodings {
        for ty in [Type::String, Type::Dynamic, Type::object([("a", Type::Bool)]), Type::set(Type::Number)] {
            assert!(msgpack::decode(&ty, bytes).unwrap() == RawValue::unknown(), "{bytes:02x?} as {ty:?}");
        }
    }
}

#[test]
fn unknown_values_are_written_as_terraform_writes_them() {
    for ty in [Type::String, Type::Dynamic, Type::list(Type::Bool)] {
        assert_eq!(msgpack::encode(&ty, &RawValue::unknown()).unwrap(), b"\xd4\0\0");
    }
    let not_null = RawValue::refined(Refinements::not_null());
    assert_eq!(msgpack::encode(&Type::String, &not_null).unwrap(), b"\xc7\x03\x0c\x81\x01\xc2");
    // Nothing can be said of an unknown value of unknown type.
    assert_eq!(msgpack::encode(&Type::Dynamic, &not_null).unwrap(), b"\xd4\0\0");
}

#[test]
fn each_refinement_is_read() {
    let not_null = Refinements::not_null();
    let cases = [
        (Type::Bool, &b"\x81\x01\xc2"[..], not_null.clone()),
        (Type::Bool, b"\x81\x01\xc3", Refinements { null: Some(true), ..Refinements::default() }),
        (
            Type::String,
            b"\x82\x01\xc2\x02\xa4ami-",
            Refinements { string_prefix: Some("ami-".to_owned()), ..not_null.clone() },
        ),
        (
            Type::Number,
            b"\x82\x03\x92\x01\xc3\x04\x92\xa30.1\xc2",
            Refinements {
                number_min: Some((Number::from(1), true)),
                number_max: Some(("0.1".parse().unwrap(), false)),
                ..Refinements::default()
            },
        ),
        (
            Type::set(Type::String),
            b"\x83\x01\xc2\x05\x01\x06\xcc\xff",
            Refinements { length_min: Some(1), length_max: Some(255), ..not_null },
        ),
    ];
    for (ty, payload, expected) in cases {
        assert_eq!(refined(&ty, payload).unwrap(), RawValue::refined(expected.clone()), "{ty:?}");
        // `Debug` of values hides refinements, so compare by equality too.
        assert!(refined(&ty, payload).unwrap() == RawValue::refined(expected));
    }
}

#[test]
fn refinements_of_later_versions_are_passed_over() {
    let payload = b"\x84\x07\xc3\x63\x81\xa1a\x93\x01\x02\x03\xff\xc0\x01\xc2";
    assert!(refined(&Type::String, payload).unwrap() == RawValue::refined(Refinements::not_null()));
    // Bytes after the description are room for more.
    assert!(
        refined(&Type::String, b"\x81\x01\xc2\0\0").unwrap() == RawValue::refined(Refinements::not_null())
    );
    assert!(refined(&Type::Dynamic, b"\x81\x02\xa1a").unwrap() == RawValue::unknown());
}

#[test]
fn malformed_refinements_are_errors() {
    for (ty, payload) in [
        (Type::String, &b"\xc0\xc0"[..]),
        (Type::String, b"\x81\x01\xa1a"),
        (Type::String, b"\x81\xa1a\xc2"),
        (Type::String, b"\x82\x01\xc2"),
        (Type::String, b"\x81\x02\x01"),
        (Type::String, b"\x81\x02\xa1\xff"),
        (Type::String, b"\x81\x05\x01"),
        (Type::Bool, b"\x81\x02\xa1a"),
        (Type::Number, b"\x81\x03\x01"),
        (Type::Number, b"\x81\x03\x93\x01\xc3\xc3"),
        (Type::Number, b"\x81\x03\x92\xc0\xc3"),
        (Type::Number, b"\x81\x03\x92\x01\x01"),
        (Type::list(Type::Bool), b"\x81\x05\xff"),
        (Type::list(Type::Bool), b"\x81\x05\xc2"),
        (Type::Tuple(vec![]), b"\x81\x05\x01"),
        (Type::list(Type::Bool), b"\x81\x06\xcf\xff\xff\xff\xff\xff\xff\xff\xff"),
        (Type::String, b"\xdf\xff\xff\xff\xff"),
    ] {
        assert!(refined(&ty, payload).is_err(), "{payload:02x?} as {ty:?}");
    }
    let oversize = [&[0xc8, 0x04, 0x01, 12][..], &[0x80; 0x401]].concat();
    assert!(msgpack::decode(&Type::String, &oversize).is_err());
}

#[test]
fn refinements_that_the_type_cannot_have_are_not_written() {
    let prefix = |text: String| Refinements { string_prefix: Some(text), ..Refinements::default() };
    let write = |ty: &Type, known: Refinements| msgpack::encode(ty, &RawValue::refined(known));
    assert!(write(&Type::Bool, prefix("a".to_owned())).is_err());
    assert!(write(&Type::String, Refinements { length_min: Some(1), ..Refinements::default() }).is_err());
    let bound = Some((Number::from(1), true));
    assert!(write(&Type::String, Refinements { number_max: bound, ..Refinements::default() }).is_err());
    let error = write(&Type::Bool, prefix("hunter2".to_owned())).unwrap_err();
    assert_eq!(error.to_string(), "a string prefix on an unknown bool");
}

#[test]
fn long_prefixes_are_cut_at_a_character() {
    let prefix = |text: String| Refinements { string_prefix: Some(text), ..Refinements::default() };
    let bytes = msgpack::encode(&Type::String, &RawValue::refined(prefix("ä".repeat(300)))).unwrap();
    let expected = RawValue::refined(prefix("ä".repeat(128)));
    assert!(msgpack::decode(&Type::String, &bytes).unwrap() == expected);
    let longer = [&b"\x81\x02\xda\x02\x58"[..], "ä".repeat(300).as_bytes()].concat();
    let head = [&[0xc8][..], &u16::try_from(longer.len()).unwrap().to_be_bytes(), &[12]].concat();
    assert!(msgpack::decode(&Type::String, &[head, longer].concat()).unwrap() == expected);
}

#[test]
fn bounds_that_do_not_fit_are_left_out() {
    let long: Number = "7".repeat(600).parse().unwrap();
    let known = Refinements {
        null: Some(false),
        number_min: Some((long.clone(), true)),
        number_max: Some((long.clone(), true)),
        ..Refinements::default()
    };
    let bytes = msgpack::encode(&Type::Number, &RawValue::refined(known.clone())).unwrap();
    let expected = Refinements { number_max: None, ..known };
    assert!(msgpack::decode(&Type::Number, &bytes).unwrap() == RawValue::refined(expected));
}

#[test]
fn refinements_that_say_nothing_are_left_out() {
    for (ty, known) in [
        (Type::String, Refinements { string_prefix: Some(String::new()), ..Refinements::default() }),
        (Type::list(Type::Bool), Refinements { length_max: Some(u64::MAX), ..Refinements::default() }),
    ] {
        assert_eq!(msgpack::encode(&ty, &RawValue::refined(known)).unwrap(), b"\xd4\0\0");
    }
}

#[test]
fn a_value_stays_small() {
    let size = std::mem::size_of::<RawValue>();
    assert!(size <= 48, "{size} bytes");
}

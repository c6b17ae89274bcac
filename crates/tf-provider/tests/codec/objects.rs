//! Objects have exactly their attributes, and errors say where without saying what.

use tf_provider::value::{AttributePath, RawValue, Type, msgpack};

fn server() -> Type {
    Type::object([("name", Type::String), ("ports", Type::list(Type::object([("from", Type::Number)])))])
}

#[test]
fn the_order_of_attributes_is_free() {
    let expected = RawValue::from([("name", "a".into()), ("ports", RawValue::Sequence(vec![]))]);
    assert!(msgpack::decode(&server(), b"\x82\xa5ports\x90\xa4name\xa1a").unwrap() == expected);
    assert!(msgpack::decode(&server(), b"\x82\xa4name\xa1a\xa5ports\x90").unwrap() == expected);
}

#[test]
fn missing_unknown_and_doubled_attributes_are_errors_that_name_them() {
    for (bytes, message) in [
        (&b"\x81\xa4name\xa1a"[..], "ports: attribute missing"),
        (b"\x80", "name: attribute missing"),
        (b"\x83\xa4name\xa1a\xa4size\x01\xa5ports\xc0", "size: unsupported attribute"),
        (b"\x82\xa4name\xa1a\xa4name\xa1a", "name: the same attribute twice"),
        (b"\x82\xa4name\xa1a\xa5ports\x91\x80", "ports[0].from: attribute missing"),
        (b"\x82\xa4name\xa1a\xa5ports\x91\x81\xa2to\x01", "ports[0].to: unsupported attribute"),
        (b"\x81\x01\xa1a", "expected a string as key, found a number"),
    ] {
        assert_eq!(msgpack::decode(&server(), bytes).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_key_twice_in_a_map_is_an_error() {
    let error = msgpack::decode(&Type::map(Type::Bool), b"\x82\xa1a\xc2\xa1a\xc3").unwrap_err();
    assert_eq!(error.to_string(), "[\"a\"]: the same key twice");
}

#[test]
fn errors_tell_kinds_and_never_contents() {
    let secret = b"\xa6hunter";
    for ty in [
        Type::Bool,
        Type::Number,
        Type::Dynamic,
        Type::list(Type::Bool),
        Type::set(Type::Bool),
        Type::map(Type::Bool),
        Type::Tuple(vec![]),
        server(),
    ] {
        let error = msgpack::decode(&ty, secret).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
        let error = msgpack::encode(&ty, &RawValue::from("hunter")).unwrap_err();
        assert!(!error.to_string().contains("hunter"), "{error}");
    }
    let error = msgpack::decode(&Type::list(Type::Bool), b"\x92\xc2\xa1a").unwrap_err();
    assert_eq!(error.to_string(), "[1]: expected bool, found a string");
}

#[test]
fn the_path_of_an_error_stops_at_a_set() {
    let ty = Type::object([("tags", Type::set(Type::object([("key", Type::String)])))]);
    let error = msgpack::decode(&ty, b"\x81\xa4tags\x91\x81\xa3key\x01").unwrap_err();
    assert_eq!(error.path, AttributePath::attribute("tags"));
    assert_eq!(error.to_string(), "tags: expected string, found a number");
}

#[test]
fn values_that_do_not_conform_are_not_written() {
    let ports = |from: RawValue| {
        RawValue::from([("name", "a".into()), ("ports", RawValue::Sequence(vec![[("from", from)].into()]))])
    };
    let cases = [
        (ports("x".into()), "ports[0].from: expected number, found string"),
        (RawValue::from([("name", "a".into())]), "ports: attribute missing"),
        (RawValue::from([("nom", "a".into())]), "nom: unsupported attribute"),
        (RawValue::from("a"), "expected object, found string"),
        (RawValue::Sequence(vec![]), "expected object, found sequence"),
    ];
    for (value, message) in cases {
        assert_eq!(msgpack::encode(&server(), &value).unwrap_err().to_string(), message);
    }
    assert!(msgpack::encode(&server(), &ports(RawValue::Null)).is_ok());
    let pair = Type::Tuple(vec![Type::Bool, Type::Bool]);
    let error = msgpack::encode(&pair, &RawValue::Sequence(vec![true.into()])).unwrap_err();
    assert_eq!(error.to_string(), "a tuple of 1 elements, expected 2");
}

#[test]
fn bytes_after_the_value_are_an_error() {
    assert!(msgpack::decode(&Type::Bool, b"\xc2\xc2").is_err());
    assert!(msgpack::decode(&Type::Bool, b"\xc0\xc0").is_err());
}

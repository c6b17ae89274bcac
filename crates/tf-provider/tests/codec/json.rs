//! State is JSON, and may be older than the schema it is read under.

use tf_provider::value::json::Extra;
use tf_provider::value::{RawValue, Refinements, Type, json};

fn server() -> Type {
    Type::object([
        ("name", Type::String),
        ("rules", Type::list(Type::object([("from", Type::Number), ("to", Type::Number)]))),
    ])
}

#[test]
fn attributes_that_state_has_too_many_are_dropped_at_every_level() {
    let state = br#"{"name":"a","size":{"gib":[1]},"rules":[{"from":1,"to":2,"protocol":"tcp"}]}"#;
    let rule = RawValue::from([("from", 1_i64.into()), ("to", 2_i64.into())]);
    let expected = RawValue::from([("name", "a".into()), ("rules", RawValue::Sequence(vec![rule]))]);
    assert!(json::decode(&server(), state, Extra::Ignore).unwrap() == expected);
    let error = json::decode(&server(), state, Extra::Refuse).unwrap_err();
    assert_eq!(error.to_string(), "rules[0].protocol: unsupported attribute");
}

#[test]
fn attributes_that_are_missing_are_null_at_every_level() {
    let rule = RawValue::from([("from", RawValue::Null), ("to", 2_i64.into())]);
    let expected = RawValue::from([("name", RawValue::Null), ("rules", RawValue::Sequence(vec![rule]))]);
    for extra in [Extra::Ignore, Extra::Refuse] {
        assert!(json::decode(&server(), br#"{"rules":[{"to":2}]}"#, extra).unwrap() == expected);
    }
}

#[test]
fn a_dynamic_value_lacks_nothing_and_has_nothing_extra() {
    for value in ["{}", r#"{"a":true,"b":true}"#] {
        let text = format!(r#"{{"type":["object",{{"a":"bool"}}],"value":{value}}}"#);
        assert!(json::decode(&Type::Dynamic, text.as_bytes(), Extra::Ignore).is_err(), "{text}");
    }
}

#[test]
fn a_wide_type_over_many_empty_objects_asks_for_no_memory() {
    let attributes: Vec<String> = (0..20_000).map(|index| format!("\"a{index}\":\"bool\"")).collect();
    let (attributes, objects) = (attributes.join(","), vec!["{}"; 50_000].join(","));
    let text = format!(r#"{{"type":["list",["object",{{{attributes}}}]],"value":[{objects}]}}"#);
    assert!(json::decode(&Type::Dynamic, text.as_bytes(), Extra::Ignore).is_err());
}

#[test]
fn numbers_keep_every_digit_also_as_text() {
    let wide = "123456789012345678901234567890.000000000000000000001";
    let number = RawValue::Number(wide.parse().unwrap());
    assert!(json::decode(&Type::Number, wide.as_bytes(), Extra::Refuse).unwrap() == number);
    assert!(json::decode(&Type::Number, format!("\"{wide}\"").as_bytes(), Extra::Refuse).unwrap() == number);
    assert_eq!(json::encode(&Type::Number, &number).unwrap().to_string(), wide);
    assert!(json::decode(&Type::Number, b"1e99999999999", Extra::Refuse).is_err());
}

#[test]
fn what_json_cannot_hold_is_not_written() {
    let ty = Type::object([("a", Type::Number)]);
    for value in
        [RawValue::refined(Refinements::not_null()), RawValue::Number(tf_provider::value::Number::INFINITY)]
    {
        let error = json::encode(&ty, &[("a", value)].into()).unwrap_err();
        assert_eq!(error.path.to_string(), "a");
    }
}

#[test]
fn wrong_kinds_are_errors_without_contents() {
    for (ty, text, message) in [
        (Type::String, "7", "expected string, found a number"),
        (Type::String, "true", "expected string, found a bool"),
        (Type::Bool, r#""hunter2""#, "expected bool, found a string"),
        (Type::Number, r#""hunter2""#, "expected a number, found text that is not a decimal number"),
        (Type::list(Type::String), r#"{"hunter2":1}"#, "expected list of string, found an object"),
        (Type::map(Type::Bool), r#"{"a":1}"#, "[\"a\"]: expected bool, found a number"),
        (Type::Tuple(vec![Type::Bool]), "[]", "a tuple of 0 elements, expected 1"),
        (server(), "[]", "expected object, found an array"),
    ] {
        let error = json::decode(&ty, text.as_bytes(), Extra::Ignore).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn text_that_is_not_json_is_an_error_without_contents() {
    for text in
        ["hunter2", "{\"a\":hunter2}", "\"hunter2", "[1,]", "\u{feff}1", "1 2", "\"\\ud800\"", "{\"a\":1"]
    {
        let error = json::decode(&Type::String, text.as_bytes(), Extra::Ignore).unwrap_err();
        assert!(error.problem.starts_with("not JSON") && !error.problem.contains("hunter"), "{error}");
    }
    assert!(json::decode(&Type::String, b"\"\xff\"", Extra::Ignore).is_err());
}

#[test]
fn the_key_that_serde_json_reserves_makes_an_error() {
    // serde_json reads this object as a number: it must not come out as anything else than an error.
    let text = br#"{"$serde_json::private::Number":"12"}"#;
    assert!(json::decode(&Type::map(Type::String), text, Extra::Ignore).is_err());
}

//! Item 58, spoken to directly: signatures and arguments of functions.

use tf_provider::proto::tfplugin6::{self as pb, call_function};
use tf_provider::value::{RawValue, Type};

use crate::support::host::{connect, decoded, encoded};

/// The result, or the error with the position of its argument.
async fn call(name: &str, arguments: Vec<(Type, RawValue)>) -> Result<String, (String, Option<i64>)> {
    let arguments = arguments.iter().map(|(ty, value)| encoded(ty, value)).collect();
    let request = call_function::Request { name: name.into(), arguments };
    // A process that was never configured.
    let answer = connect().await.call_function(request).await.unwrap().into_inner();
    if let Some(error) = answer.error {
        assert!(answer.result.is_none());
        return Err((error.text, error.function_argument));
    }
    match decoded(&Type::String, answer.result) {
        Some(RawValue::String(text)) => Ok(text),
        Some(RawValue::Null) => Ok("nothing".to_owned()),
        Some(RawValue::Unknown(_)) => Ok("something".to_owned()),
        other => panic!("{other:?}"),
    }
}

fn text(text: &str) -> (Type, RawValue) {
    (Type::String, RawValue::from(text))
}

fn number(value: RawValue) -> (Type, RawValue) {
    (Type::Number, value)
}

fn limits() -> (Type, RawValue) {
    (Type::map(Type::Number), RawValue::from([("few", RawValue::from(3)), ("many", RawValue::from(100))]))
}

#[tokio::test]
async fn item_58_signature_is_that_of_the_closure() {
    let functions =
        connect().await.get_functions(pb::get_functions::Request {}).await.unwrap().into_inner().functions;
    let join = &functions["join"];
    let [separator] = &join.parameters[..] else { panic!("{join:?}") };
    assert_eq!((separator.name.as_str(), separator.r#type.as_ref()), ("separator", b"\"string\"".as_slice()));
    assert!(separator.allow_null_value && !separator.allow_unknown_values);
    let parts = join.variadic_parameter.as_ref().unwrap();
    assert!(parts.name == "parts" && !parts.allow_null_value && !parts.allow_unknown_values);
    let describe = &functions["describe"];
    let [value, limits] = &describe.parameters[..] else { panic!("{describe:?}") };
    assert!(value.allow_null_value && value.allow_unknown_values && describe.variadic_parameter.is_none());
    assert_eq!(limits.r#type.as_ref(), b"[\"map\",\"number\"]");
    assert_eq!(describe.r#return.as_ref().unwrap().r#type.as_ref(), b"\"string\"");
}

#[tokio::test]
async fn item_58_null_unknown_and_any_number_of_arguments_arrive() {
    let null = (Type::String, RawValue::Null);
    assert_eq!(call("join", vec![text("-"), text("a"), text("b"), text("c")]).await.unwrap(), "a-b-c");
    assert_eq!(call("join", vec![null.clone(), text("a"), text("b")]).await.unwrap(), "a,b");
    assert_eq!(call("join", vec![null]).await.unwrap(), "");
    assert_eq!(call("describe", vec![number(RawValue::Null), limits()]).await.unwrap(), "nothing");
    assert_eq!(call("describe", vec![number(RawValue::unknown()), limits()]).await.unwrap(), "something");
    assert_eq!(call("describe", vec![number(RawValue::from(7)), limits()]).await.unwrap(), "7 is below many");
}

#[tokio::test]
async fn item_58_error_names_the_argument_also_a_variadic_one() {
    let (told, argument) = call("join", vec![text("-"), text("a"), text("")]).await.unwrap_err();
    assert_eq!((told.as_str(), argument), ("must not be empty", Some(2)));
    let unknown = (Type::String, RawValue::unknown());
    assert_eq!(call("join", vec![text("-"), text("a"), unknown]).await.unwrap_err().1, Some(2));
    let fraction = number(RawValue::Number("0.5".parse().unwrap()));
    let (told, argument) = call("describe", vec![fraction, limits()]).await.unwrap_err();
    assert!(told.contains("whole number") && argument == Some(0), "{told}");
    let (told, argument) = call("describe", vec![number(RawValue::from(1))]).await.unwrap_err();
    assert!(told.contains("takes 2 arguments, but 1") && argument.is_none(), "{told}");
    let (told, _) = call("shout", vec![text("a"), text("b")]).await.unwrap_err();
    assert!(told.contains("takes 1 arguments, but 2"), "{told}");
    let (_, argument) = call("join", vec![(Type::Number, RawValue::from(1))]).await.unwrap_err();
    assert_eq!(argument, Some(0));
}

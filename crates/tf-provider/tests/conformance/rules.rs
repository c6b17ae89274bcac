//! Items 35, 39, 41 and 42 where the schema alone decides: arguments that depend on each other, values that mean the
//! same, replacement under conditions.

use bytes::Bytes;
use tf_provider::value::RawValue;

use crate::support::host::{Host, Object, told};

async fn ruled() -> Object {
    Host::configured().await.resource("conformance_ruled")
}

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

fn list(elements: impl IntoIterator<Item = RawValue>) -> RawValue {
    RawValue::Sequence(elements.into_iter().collect())
}

/// A valid configuration with these arguments on top.
fn config(object: &Object, entries: &[(&'static str, RawValue)]) -> RawValue {
    let base = [("inline", text("a")), ("part", list([]))];
    let base = base.into_iter().filter(|(name, _)| entries.iter().all(|(other, _)| other != name));
    object.config(base.chain(entries.iter().cloned()))
}

#[tokio::test]
async fn item_35_combinations_of_arguments_are_checked_at_the_argument() {
    let object = ruled().await;
    const FAULT: &str = "Invalid combination of arguments";
    let part = || list([RawValue::from([("one", text("1")), ("other", RawValue::Null)])]);
    for (entries, fault) in [
        (vec![("file", text("f"))], Some("file")),
        (vec![("inline", RawValue::Null)], Some("")),
        (vec![("inline", RawValue::Null), ("file", text("f"))], None),
        (vec![("left", RawValue::from(1))], None),
        (vec![("left", RawValue::from(1)), ("right", RawValue::from(0))], Some("right")),
        (vec![("part", part())], None),
        (vec![("left", RawValue::from(1)), ("part", part())], Some("part")),
        (vec![("user", text("u"))], Some("user")),
        (vec![("user", text("u")), ("password", text("p"))], None),
        (vec![("choice", RawValue::from([("one", text("1"))]))], None),
    ] {
        let expected: Vec<_> = fault.iter().map(|path| format!("error {path}: {FAULT}")).collect();
        let config = config(&object, &entries);
        assert_eq!(
            told(&object.validate(&config).await),
            expected,
            "{:?}",
            entries.iter().map(|it| it.0).collect::<Vec<_>>()
        );
    }
}

#[tokio::test]
async fn item_35_rules_hold_in_nested_objects_and_blocks() {
    let object = ruled().await;
    let empty = || RawValue::from([("one", RawValue::Null), ("other", RawValue::Null)]);
    let nested = config(&object, &[("choice", empty())]);
    assert_eq!(told(&object.validate(&nested).await), ["error choice: Invalid choice"]);
    let nested = config(&object, &[("choices", list([RawValue::from([("one", text("1"))]), empty()]))]);
    assert_eq!(told(&object.validate(&nested).await), ["error choices[1]: Invalid choices"]);
    let blocks = config(&object, &[("part", list([empty()]))]);
    assert_eq!(told(&object.validate(&blocks).await), ["error part[0]: Invalid combination of arguments"]);
}

#[tokio::test]
async fn item_39_unknown_values_break_no_rule() {
    let object = ruled().await;
    let unknown = RawValue::unknown;
    for entries in [
        vec![("inline", unknown())],
        vec![("inline", unknown()), ("file", unknown())],
        vec![("inline", unknown()), ("file", text("f"))],
        vec![("left", unknown()), ("right", RawValue::from(0))],
        vec![("user", text("u")), ("password", unknown())],
        vec![("policy", unknown()), ("names", list([unknown()])), ("size", unknown())],
        vec![("choice", RawValue::from([("one", unknown()), ("other", RawValue::Null)]))],
    ] {
        let config = config(&object, &entries);
        assert_eq!(told(&object.validate(&config).await), Vec::<String>::new());
    }
}

#[tokio::test]
async fn item_35_values_are_checked_by_expression_and_bounds() {
    let object = ruled().await;
    for (name, wrong, right) in [
        ("inline", text("Upper"), text("lower case")),
        ("left", RawValue::from(11), RawValue::from(10)),
        ("right", RawValue::from(1), RawValue::Number("0.5".parse().unwrap())),
        ("policy", text("{"), text("{}")),
    ] {
        let told_of = async |value| told(&object.validate(&config(&object, &[(name, value)])).await);
        assert_eq!(told_of(wrong).await, [format!("error {name}: Invalid {name}")]);
        assert_eq!(told_of(right).await, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn item_42_what_means_the_same_keeps_its_spelling_through_create_read_and_plan() {
    let object = ruled().await;
    let choice = |json: &str| RawValue::from([("one", RawValue::Null), ("other", text(json))]);
    let spelled = |json: &str, name: &str| {
        config(
            &object,
            &[
                ("policy", text(json)),
                ("names", list([text(name)])),
                ("choice", choice(json)),
                ("choices", list([choice(json)])),
                ("part", list([choice(json)])),
            ],
        )
    };
    let written = spelled("{ \"b\": [1, 2], \"a\": null }", "Ann");
    let state = object.created(&written).await;
    for name in ["policy", "names", "choice", "choices", "part"] {
        assert_eq!(state.get(name), written.get(name), "{name} after create");
    }
    let read = object.read(&state, Bytes::new()).await;
    assert!(read.diagnostics.is_empty() && read.value.as_ref() == Some(&state), "{read:?}");
    let planned = object.plan(&state, &spelled("{\"a\":null,\"b\":[1,2]}", "ANN")).await;
    assert!(planned.value == state && planned.replace.is_empty(), "{planned:?}");
    // And a change is a change.
    let changed = object.plan(&state, &spelled("{\"a\":null,\"b\":[2,1]}", "Bob")).await;
    assert_eq!(changed.value.get("policy"), Some(&text("{\"a\":null,\"b\":[2,1]}")));
    assert!(changed.value.get("revision").unwrap().is_unknown());
}

#[tokio::test]
async fn item_41_condition_decides_about_replacement() {
    let object = ruled().await;
    let size = |size: RawValue| config(&object, &[("size", size)]);
    let state = object.created(&size(RawValue::from(5))).await;
    for (planned, replaced) in [
        (RawValue::from(4), true),
        (RawValue::Null, true),
        (RawValue::from(5), false),
        (RawValue::from(6), false),
        (RawValue::unknown(), false),
    ] {
        let replace = object.plan(&state, &size(planned.clone())).await.replace;
        assert_eq!(replace, if replaced { vec!["size"] } else { Vec::new() }, "{planned:?}");
    }
    assert!(object.plan(&RawValue::Null, &size(RawValue::from(1))).await.replace.is_empty());
}

//! PlanResourceChange: items 38, 40, 41, 53 and 54.

use bytes::Bytes;
use tf_provider::value::{AttributePath, RawValue, Refinements};

use crate::support::host::{Host, Object, told};

const NOTHING: RawValue = RawValue::Null;

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

fn list<const N: usize>(elements: [RawValue; N]) -> RawValue {
    RawValue::Sequence(elements.into())
}

fn part(key: &str) -> RawValue {
    RawValue::from([("key", text(key))])
}

async fn everything() -> Object {
    Host::configured().await.resource("conformance_everything")
}

/// A configuration that nests everywhere, with a value to change.
fn nested(object: &Object, value: &str) -> RawValue {
    object.config([
        ("name", text("a")),
        ("text", text(value)),
        ("single", part("s")),
        ("list", list([part("l0"), part("l1")])),
        ("set", list([part("x"), part("y")])),
        ("map", RawValue::from([("k", part("m"))])),
        ("one", part("o")),
        ("many", list([part("b0")])),
    ])
}

/// Paths of everything unknown in `value`, in the order of names.
fn unknowns(value: &RawValue) -> Vec<String> {
    fn find(value: &RawValue, path: &AttributePath, found: &mut Vec<String>) {
        match value {
            RawValue::Unknown(_) => found.push(path.to_string()),
            RawValue::Mapping(entries) => {
                entries.iter().for_each(|(name, value)| find(value, &path.with_attribute(name), found));
            }
            RawValue::Sequence(elements) => {
                elements.iter().enumerate().for_each(|(i, value)| find(value, &path.with_index(i), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    find(value, &AttributePath::root(), &mut found);
    found
}

#[tokio::test]
async fn item_38_plan_without_change_equals_the_prior_state() {
    let object = everything().await;
    let config = nested(&object, "1");
    let prior = object.created(&config).await;
    let planned = object.plan(&prior, &config).await;
    assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
    assert!(planned.value == prior, "{:?}\n{prior:?}", planned.value);
    assert_eq!(planned.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_38_update_marks_only_unset_computed_values_unknown() {
    let object = everything().await;
    let prior = object.created(&nested(&object, "1")).await;
    let planned = object.plan(&prior, &nested(&object, "2")).await;
    assert_eq!(
        unknowns(&planned.value),
        [
            "chosen",
            "list[0].mark",
            "list[1].mark",
            "many[0].mark",
            "map.k.mark",
            "one.mark",
            "replaced",
            "revision",
            "set[0].mark",
            "set[1].mark",
            "single.mark",
        ]
    );
    assert_eq!(planned.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_38_update_keeps_values_that_are_configured_or_never_change() {
    let object = everything().await;
    let config =
        |value| object.config([("name", text("a")), ("text", text(value)), ("chosen", text("mine"))]);
    let prior = object.created(&config("1")).await;
    let planned = object.plan(&prior, &config("2")).await.value;
    assert_eq!(planned.get("chosen"), Some(&text("mine")));
    assert_eq!(planned.get("settled"), Some(&text("chosen")));
    assert_eq!(planned.get("id"), Some(&text("id-a")));
}

#[tokio::test]
async fn item_38_planning_is_deterministic() {
    let object = everything().await;
    let config = nested(&object, "1");
    let first = object.plan(&NOTHING, &config).await;
    let second = object.plan(&NOTHING, &config).await;
    assert!(first.value == second.value && first.private == second.private);
}

#[tokio::test]
async fn item_38_refinements_of_configured_unknowns_survive_a_plan_hook() {
    let object = everything().await;
    let prefix =
        RawValue::refined(Refinements { string_prefix: Some("ami-".into()), ..Refinements::not_null() });
    let config = object.config([
        ("name", text("a")),
        ("text", prefix.clone()),
        ("words", list([text("w"), prefix.clone()])),
        ("list", list([RawValue::from([("key", text("k")), ("value", prefix.clone())])])),
    ]);
    let planned = object.plan(&NOTHING, &config).await.value;
    assert!(planned.get("text") == Some(&prefix));
    assert!(planned.get("words") == config.get("words"));
    let RawValue::Sequence(parts) = planned.get("list").unwrap() else { panic!("no list") };
    assert!(parts[0].get("value") == Some(&prefix));
}

#[tokio::test]
async fn item_40_defaults_appear_in_the_plan_also_in_nested_and_set_elements() {
    let object = everything().await;
    let planned = object.plan(&NOTHING, &nested(&object, "1")).await.value;
    let low = Some(text("low"));
    let levels = |name: &str| -> Vec<Option<RawValue>> {
        let parts: Vec<RawValue> = match planned.get(name).unwrap() {
            RawValue::Sequence(parts) => parts.clone(),
            RawValue::Mapping(entries) if name == "map" => entries.values().cloned().collect(),
            part => vec![part.clone()],
        };
        parts.iter().map(|part| part.get("level").cloned()).collect()
    };
    assert_eq!(planned.get("level"), Some(&text("info")));
    for (name, count) in [("single", 1), ("list", 2), ("set", 2), ("map", 1), ("one", 1), ("many", 1)] {
        assert_eq!(levels(name), vec![low.clone(); count], "{name}");
    }
}

#[tokio::test]
async fn item_40_default_comes_back_when_the_argument_is_removed() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a")), ("level", text("debug"))])).await;
    let planned = object.plan(&prior, &object.config([("name", text("a"))])).await;
    assert_eq!(planned.value.get("level"), Some(&text("info")));
}

#[tokio::test]
async fn item_41_nothing_is_replaced_on_create_or_without_change() {
    let object = everything().await;
    let config = object.config([("name", text("a")), ("text", text("another")), ("settled", text("s"))]);
    assert_eq!(object.plan(&NOTHING, &config).await.replace, Vec::<String>::new());
    let prior = object.created(&config).await;
    assert_eq!(object.plan(&prior, &config).await.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_41_change_of_a_replacing_argument_replaces() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a"))])).await;
    let planned = object.plan(&prior, &object.config([("name", text("b"))])).await;
    assert_eq!(planned.replace, ["name"]);
    let planned = object.plan(&prior, &object.config([("name", text("a")), ("settled", text("mine"))])).await;
    assert_eq!(planned.replace, ["settled"]);
    let unknown = object.config([("name", RawValue::unknown())]);
    assert_eq!(object.plan(&prior, &unknown).await.replace, ["name"]);
}

#[tokio::test]
async fn item_41_value_that_the_provider_chooses_does_not_replace_by_being_unknown() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a"))])).await;
    let planned = object.plan(&prior, &object.config([("name", text("a")), ("text", text("new"))])).await;
    assert!(planned.value.get("replaced").unwrap().is_unknown());
    assert_eq!(planned.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_41_plan_hook_replaces_only_where_something_changes() {
    let object = everything().await;
    let config = |text_: &str| object.config([("name", text("a")), ("text", text(text_))]);
    let prior = object.created(&config("one")).await;
    assert_eq!(object.plan(&prior, &config("another")).await.replace, ["text"]);
    assert_eq!(object.plan(&prior, &config("two")).await.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_41_replacing_argument_inside_a_set_names_the_set() {
    let object = everything().await;
    let config = |kind: &str, value: &str| {
        let element = RawValue::from([("key", text("x")), ("kind", text(kind)), ("value", text(value))]);
        object.config([("name", text("a")), ("set", list([element]))])
    };
    let prior = object.created(&config("k", "1")).await;
    assert_eq!(object.plan(&prior, &config("other", "1")).await.replace, ["set"]);
    assert_eq!(object.plan(&prior, &config("k", "1")).await.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_41_replacing_argument_inside_list_and_map_is_named_to_the_element() {
    let object = everything().await;
    let part = |kind: &str| RawValue::from([("key", text("x")), ("kind", text(kind))]);
    let config = |kind: &str| {
        let map = RawValue::from([("m", part(kind))]);
        object.config([("name", text("a")), ("list", list([part("k"), part(kind)])), ("map", map)])
    };
    let prior = object.created(&config("k")).await;
    assert_eq!(object.plan(&prior, &config("o")).await.replace, ["list[1].kind", "map[\"m\"].kind"]);
}

#[tokio::test]
async fn item_50_write_only_value_is_null_in_the_plan() {
    let object = everything().await;
    let config = object.config([("name", text("a")), ("password_wo", text("hunter2"))]);
    let planned = object.plan(&NOTHING, &config).await.value;
    assert_eq!(planned.get("password_wo"), Some(&NOTHING));
}

#[tokio::test]
async fn item_53_destroy_plan_is_null_and_keeps_private_data() {
    let object = everything().await;
    let prior = object.created(&object.config([("name", text("a"))])).await;
    let private = Bytes::from_static(br#"{"k":1}"#);
    let planned = object.plan_with(&prior, &NOTHING, &NOTHING, private.clone()).await;
    assert!(planned.value.is_null() && planned.diagnostics.is_empty() && planned.replace.is_empty());
    assert_eq!(planned.private, private);
}

#[tokio::test]
async fn item_53_destroy_plan_can_warn_refuse_and_leave_private_data() {
    let object = everything().await;
    let destroyed = async |text_: &str| {
        let prior = object.created(&object.config([("name", text("a")), ("text", text(text_))])).await;
        object.plan_with(&prior, &NOTHING, &NOTHING, Bytes::new()).await
    };
    let planned = destroyed("regretted").await;
    assert_eq!(told(&planned.diagnostics), ["warning : Parts go too"]);
    assert!(planned.value.is_null());
    assert_eq!(planned.private, Bytes::from_static(br#"{"farewell":"a"}"#));
    assert_eq!(told(&destroyed("kept").await.diagnostics), ["error : Object is kept"]);
    assert_eq!(told(&destroyed("panic in destroy plan").await.diagnostics), ["error : Provider error"]);
    assert_eq!(told(&destroyed("fine").await.diagnostics), Vec::<String>::new());
}

#[tokio::test]
async fn item_50_plan_hook_can_replace_for_a_write_only_value() {
    let object = everything().await;
    let config = |text_: &str| object.config([("name", text("a")), ("text", text(text_))]);
    let prior = object.created(&config("one")).await;
    assert_eq!(object.plan(&prior, &config("another password")).await.replace, ["password_wo"]);
    assert_eq!(object.plan(&NOTHING, &config("another password")).await.replace, Vec::<String>::new());
}

#[tokio::test]
async fn item_54_planning_works_without_a_known_provider_configuration() {
    let host = Host::unconfigured().await;
    host.configure(RawValue::unknown()).await;
    let object = host.resource("conformance_everything");
    let planned = object.plan(&NOTHING, &object.config([("name", text("a"))])).await;
    assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
    let state =
        object.apply(&NOTHING, &planned.value, &object.config([("name", text("a"))]), Bytes::new()).await;
    assert_eq!(told(&state.diagnostics), ["error : Provider configuration is not known yet"]);
    assert_eq!(state.value, Some(NOTHING));
}

#[tokio::test]
async fn item_54_read_without_a_known_provider_configuration_keeps_the_state() {
    let host = Host::configured().await;
    let object = host.resource("conformance_everything");
    let prior = object.created(&object.config([("name", text("a"))])).await;
    host.configure(RawValue::unknown()).await;
    let private = Bytes::from_static(br#"{"k":1}"#);
    let state = object.read(&prior, private.clone()).await;
    assert_eq!(told(&state.diagnostics), ["warning : Object not refreshed"]);
    assert!(state.value == Some(prior) && state.private == private);
}

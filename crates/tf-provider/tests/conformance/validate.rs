//! ValidateResourceConfig: items 34 and 35, where no `terraform` is needed to see them.

use tf_provider::value::RawValue;

use crate::support::host::{Host, told};

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

fn list<const N: usize>(elements: [RawValue; N]) -> RawValue {
    RawValue::Sequence(elements.into())
}

const LONG: &str = "much too long";

#[tokio::test]
async fn item_34_write_only_value_without_the_capability_is_an_error_that_names_the_version() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let config = object.config([("name", text("a")), ("password_wo", text("hunter2"))]);
    let told_ = told(&object.validate_sent(object.encoded(&config), false).await);
    assert_eq!(told_, ["error password_wo: Write-only attribute not supported"]);
    let diagnostics = object.validate_sent(object.encoded(&config), false).await;
    assert!(diagnostics[0].detail.contains("1.11") && !diagnostics[0].detail.contains("hunter2"));
    assert!(object.validate(&config).await.is_empty());
    let without = object.config([("name", text("a"))]);
    assert!(object.validate_sent(object.encoded(&without), false).await.is_empty());
}

#[tokio::test]
async fn item_35_faults_are_all_told_and_each_names_its_argument() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let part = |key: &str| RawValue::from([("key", text(key))]);
    let bad = RawValue::from([("key", text("k")), ("value", text("bad"))]);
    let config = object.config([
        ("name", text("")),
        ("words", list([text("w"), text(LONG)])),
        ("pairs", RawValue::from([("p", text(LONG))])),
        ("single", part(LONG)),
        ("list", list([part("k"), part(LONG), bad])),
        ("map", RawValue::from([("m.n", part(LONG))])),
        ("one", part(LONG)),
        ("many", list([part("k"), part(LONG)])),
        ("timeouts", RawValue::from([("create", text("soon"))])),
    ]);
    let diagnostics = object.validate(&config).await;
    // Terraform finds nothing within a nested attribute's element: the text says where there.
    let deep = diagnostics.iter().find(|diagnostic| diagnostic.summary == "Bad value").unwrap();
    assert_eq!(deep.detail, "At list[2].value: It is bad.");
    let mut told = told(&diagnostics);
    told.sort();
    assert_eq!(
        told,
        [
            "error list[1]: Invalid key",
            "error list[2]: Bad value",
            "error many[1].key: Invalid key",
            "error map[\"m.n\"]: Invalid key",
            "error name: Invalid name",
            "error one.key: Invalid key",
            "error pairs[\"p\"]: Invalid pairs",
            "error single: Invalid key",
            "error timeouts.create: Invalid create",
            "error words[1]: Invalid words",
        ]
    );
}

#[tokio::test]
async fn item_35_null_for_a_required_argument_is_a_fault_of_it() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let config = |name: RawValue, key: RawValue| {
        object.config([("name", name), ("list", list([RawValue::from([("key", key)])]))])
    };
    let told_ = told(&object.validate(&config(RawValue::Null, RawValue::Null)).await);
    assert_eq!(told_, ["error name: Missing required argument", "error list[0]: Missing required argument"]);
    // What is not known yet may come to have a value.
    assert!(object.validate(&config(RawValue::unknown(), RawValue::unknown())).await.is_empty());
}

#[tokio::test]
async fn item_35_path_into_a_set_stops_at_the_set() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let config = object.config([
        ("name", text("a")),
        ("tags", list([text(LONG)])),
        ("set", list([RawValue::from([("key", text(LONG))])])),
    ]);
    let told = told(&object.validate(&config).await);
    assert_eq!(told, ["error tags: Invalid tags", "error set: Invalid key"]);
}

#[tokio::test]
async fn item_36_deprecated_argument_is_a_warning_and_only_where_it_is_set() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let config = |old| object.config([("name", text("a")), ("old", old)]);
    assert_eq!(told(&object.validate(&config(text("x"))).await), ["warning old: Deprecated attribute"]);
    assert!(object.validate(&config(RawValue::Null)).await.is_empty());
    assert!(object.validate(&config(RawValue::unknown())).await.is_empty());
}

#[tokio::test]
async fn item_20_panic_in_validation_and_planning_is_an_error_and_the_next_call_answers() {
    let object = Host::configured().await.resource("conformance_everything");
    let config = |value: &str| object.config([("name", text("a")), ("text", text(value))]);
    let told_ = told(&object.validate(&config("panic in validate")).await);
    assert_eq!(told_, ["error : Provider error"]);
    let planned = object.plan(&RawValue::Null, &config("panic in plan")).await;
    assert_eq!(told(&planned.diagnostics), ["error : Provider error"]);
    assert!(object.validate(&config("fine")).await.is_empty());
}

//! ReadDataSource: item 55.

use tf_provider::value::RawValue;

use crate::support::host::{Host, told};

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

#[tokio::test]
async fn item_55_result_is_known_and_leaves_the_configuration_as_it_is() {
    let lookup = Host::configured().await.data_source("conformance_lookup");
    let place = RawValue::from([("shelf", text("s"))]);
    let config = lookup.config([("name", text("n")), ("places", RawValue::Sequence(vec![place]))]);
    let state = lookup.read_data(&config).await;
    assert_eq!(told(&state.diagnostics), Vec::<String>::new());
    let found = state.value.unwrap();
    assert!(found.is_wholly_known());
    assert_eq!(found.get("name"), Some(&text("n")));
    assert_eq!(found.get("found"), Some(&text("n quickly")));
}

#[tokio::test]
async fn item_55_defaults_and_computed_values_of_nested_objects_are_set() {
    let lookup = Host::configured().await.data_source("conformance_lookup");
    let place = RawValue::from([("shelf", text("s"))]);
    let config = lookup.config([("name", text("n")), ("places", RawValue::Sequence(vec![place]))]);
    let found = lookup.read_data(&config).await.value.unwrap();
    let RawValue::Sequence(places) = found.get("places").unwrap() else { panic!("{found:?}") };
    assert_eq!(places[0].get("floor"), Some(&RawValue::from(1)));
    assert_eq!(places[0].get("found"), Some(&text("n at 1.s")));
}

#[tokio::test]
async fn item_55_not_found_and_unknown_results_are_errors() {
    let lookup = Host::configured().await.data_source("conformance_lookup");
    let state = lookup.read_data(&lookup.config([("name", text("missing"))])).await;
    assert_eq!(told(&state.diagnostics), ["error name: Not found"]);
    assert!(state.value.is_none());
    let state = lookup.read_data(&lookup.config([("name", text("unknown"))])).await;
    assert_eq!(told(&state.diagnostics), ["error found: Provider error"]);
}

//! Items 33 and 56: calls side by side.

use futures::future::join_all;
use tf_provider::value::RawValue;

use crate::support::host::{Host, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn item_33_parallel_validations_give_the_sequential_answers() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let configs: Vec<RawValue> = (0..64)
        .map(|number| object.config([("name", RawValue::from("x".repeat(number).as_str()))]))
        .collect();
    let mut sequential = Vec::new();
    for config in &configs {
        sequential.push(told(&object.validate(config).await));
    }
    let parallel = join_all(configs.iter().map(async |config| told(&object.validate(config).await))).await;
    assert_eq!(parallel, sequential);
    assert_eq!(sequential.iter().filter(|told| !told.is_empty()).count(), 24);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn item_56_fifty_objects_in_parallel_stay_separate() {
    let object = Host::configured().await.resource("conformance_everything");
    let created = join_all((0..50).map(async |number| {
        let name = format!("object-{number}");
        let state = object.created(&object.config([("name", RawValue::from(name.as_str()))])).await;
        assert_eq!(state.get("id"), Some(&RawValue::from(format!("id-{name}").as_str())));
    }))
    .await;
    assert_eq!(created.len(), 50);
}

#[tokio::test]
async fn item_56_configuring_again_replaces_the_client() {
    let host = Host::configured().await;
    host.configure(RawValue::unknown()).await;
    host.configure(RawValue::from("two")).await;
    let object = host.resource("conformance_everything");
    object.created(&object.config([("name", RawValue::from("a"))])).await;
}

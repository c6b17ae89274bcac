//! Item 59, spoken to directly: opening, renewing and closing what enters no state.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tf_provider::proto::tfplugin6::{self as pb, close_ephemeral_resource, open_ephemeral_resource};
use tf_provider::proto::tfplugin6::{renew_ephemeral_resource, validate_ephemeral_resource_config};
use tf_provider::value::RawValue;

use crate::support::host::{Host, Object, decoded, told};

async fn open(object: &Object, config: &RawValue) -> open_ephemeral_resource::Response {
    let request = open_ephemeral_resource::Request {
        type_name: object.name.into(),
        config: object.encoded(config),
        ..Default::default()
    };
    object.host.client.clone().open_ephemeral_resource(request).await.unwrap().into_inner()
}

async fn renew(object: &Object, private: Option<Bytes>) -> renew_ephemeral_resource::Response {
    let request = renew_ephemeral_resource::Request { type_name: object.name.into(), private };
    object.host.client.clone().renew_ephemeral_resource(request).await.unwrap().into_inner()
}

async fn close(object: &Object, private: Option<Bytes>) -> Vec<pb::Diagnostic> {
    let request = close_ephemeral_resource::Request { type_name: object.name.into(), private };
    object.host.client.clone().close_ephemeral_resource(request).await.unwrap().into_inner().diagnostics
}

fn seconds_until(time: &prost_types::Timestamp) -> u64 {
    let time = SystemTime::try_from(*time).unwrap();
    time.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO).as_secs()
}

#[tokio::test]
async fn item_59_ephemeral_resource_is_opened_renewed_and_closed_with_its_private_data() {
    let lease = Host::configured().await.ephemeral("conformance_lease");
    let config = lease.config([("name", RawValue::from("a")), ("seconds", RawValue::from(300))]);
    let opened = open(&lease, &config).await;
    assert_eq!(told(&opened.diagnostics), ["warning : Lent"]);
    let result = decoded(&lease.ty, opened.result).unwrap();
    let expected = lease.config([
        ("name", RawValue::from("a")),
        ("manner", RawValue::from("briefly")),
        ("seconds", RawValue::from(300)),
        ("token", RawValue::from("t0ken-of-a-briefly")),
    ]);
    assert!(result == expected, "{result:?}");
    assert!((290..=300).contains(&seconds_until(&opened.renew_at.unwrap())));

    let renewed = renew(&lease, opened.private.clone()).await;
    assert_eq!(told(&renewed.diagnostics), Vec::<String>::new());
    assert!(renewed.renew_at.is_some() && renewed.private != opened.private);
    let again = renew(&lease, renewed.private).await;
    assert!(again.renew_at.is_none() && again.private.is_some(), "{again:?}");
    assert_eq!(told(&close(&lease, opened.private).await), Vec::<String>::new());
}

#[tokio::test]
async fn item_59_faults_of_ephemeral_resources_are_told() {
    let lease = Host::configured().await.ephemeral("conformance_lease");
    let named = |name: &str| lease.config([("name", RawValue::from(name)), ("file", RawValue::Null)]);
    let refused = open(&lease, &named("refused")).await;
    assert_eq!(told(&refused.diagnostics), ["error name: Refused"]);
    assert!(refused.result.is_none() && refused.private.is_none());
    for (name, path) in [("panic", ""), ("unknown", "token")] {
        let faulty = open(&lease, &named(name)).await;
        let expected = format!("error {path}: Provider error");
        assert!(told(&faulty.diagnostics).contains(&expected), "{name}: {:?}", faulty.diagnostics);
    }
    let config = lease.config([("name", RawValue::from("changed")), ("manner", RawValue::from("briefly"))]);
    let told_of = told(&open(&lease, &config).await.diagnostics);
    assert_eq!(told_of, ["warning : Lent", "error manner: Provider error"]);

    let opened = open(&lease, &named("not renewed")).await;
    assert_eq!(told(&renew(&lease, opened.private).await.diagnostics), ["error : Not renewed"]);
    let opened = open(&lease, &named("not closed")).await;
    assert_eq!(told(&close(&lease, opened.private).await), ["error : Not closed"]);
    for garbage in [None, Some(Bytes::from_static(b"\x00"))] {
        assert_eq!(told(&close(&lease, garbage.clone()).await), ["error : Provider error"]);
        assert_eq!(told(&renew(&lease, garbage).await.diagnostics), ["error : Provider error"]);
    }
}

#[tokio::test]
async fn item_59_what_is_neither_renewed_nor_closed_has_no_end() {
    let plain = Host::configured().await.ephemeral("conformance_plain");
    let opened = open(&plain, &plain.config([])).await;
    assert!(opened.renew_at.is_none() && opened.diagnostics.is_empty());
    assert_eq!(told(&close(&plain, opened.private.clone()).await), Vec::<String>::new());
    assert_eq!(told(&renew(&plain, opened.private).await.diagnostics), ["error : Provider error"]);
}

#[tokio::test]
async fn item_59_ephemeral_configuration_is_validated_unconfigured_and_opened_configured() {
    let lease = Host::unconfigured().await.ephemeral("conformance_lease");
    let validated = async |config: RawValue| {
        let request = validate_ephemeral_resource_config::Request {
            type_name: lease.name.into(),
            config: lease.encoded(&config),
        };
        let answer = lease.host.client.clone().validate_ephemeral_resource_config(request).await;
        told(&answer.unwrap().into_inner().diagnostics)
    };
    let config =
        |name: RawValue, seconds: i64| lease.config([("name", name), ("seconds", RawValue::from(seconds))]);
    assert_eq!(validated(config(RawValue::from("a"), 1)).await, Vec::<String>::new());
    assert_eq!(validated(config(RawValue::unknown(), 1)).await, Vec::<String>::new());
    let faults = ["error name: Invalid name", "error seconds: Too short"];
    assert_eq!(validated(config(RawValue::from(""), 0)).await, faults);
    let opened = open(&lease, &config(RawValue::from("a"), 1)).await;
    assert_eq!(told(&opened.diagnostics), ["error : Provider is not configured"]);
}

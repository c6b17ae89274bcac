//! UpgradeResourceState: item 46.

use tf_provider::proto::tfplugin6 as pb;
use tf_provider::value::RawValue;

use crate::support::host::{Host, told};

const BIG: &str = "123456789012345678901234567890.5";

#[tokio::test]
async fn item_46_same_version_drops_unknown_attributes_fills_missing_ones_and_keeps_big_numbers() {
    let upgraded = Host::unconfigured().await.resource("conformance_upgraded");
    let state = upgraded.upgrade(3, &format!(r#"{{"title":"t","amount":{BIG},"colour":"red"}}"#)).await;
    assert_eq!(told(&state.diagnostics), Vec::<String>::new());
    let expected =
        upgraded.config([("title", RawValue::from("t")), ("amount", RawValue::Number(BIG.parse().unwrap()))]);
    assert!(state.value == Some(expected));
}

#[tokio::test]
async fn item_46_every_old_version_is_upgraded_also_unconfigured() {
    let upgraded = Host::unconfigured().await.resource("conformance_upgraded");
    let expected = upgraded.config([
        ("title", RawValue::from("t")),
        ("amount", RawValue::Number(BIG.parse().unwrap())),
        ("id", RawValue::from("7")),
    ]);
    for (version, json) in [
        (0, format!(r#"{{"name":"t","amount":"{BIG}","id":"7"}}"#)),
        (1, format!(r#"{{"title":"t","amount":"{BIG}","id":"7"}}"#)),
        (2, format!(r#"{{"title":"t","amount":{BIG},"id":"7"}}"#)),
    ] {
        let state = upgraded.upgrade(version, &json).await;
        assert_eq!(told(&state.diagnostics), Vec::<String>::new(), "version {version}");
        assert!(state.value.as_ref() == Some(&expected), "version {version}: {:?}", state.value);
    }
}

#[tokio::test]
async fn item_46_newer_versions_missing_upgraders_and_unreadable_states_are_errors() {
    let host = Host::unconfigured().await;
    let upgraded = host.resource("conformance_upgraded");
    let journal = host.resource("conformance_journal");
    for (object, version, json, summary) in [
        (&upgraded, 4, "{}", "error : State from a newer provider"),
        (&upgraded, 0, r#"{"title":"t"}"#, "error : Unreadable state"),
        (&upgraded, 0, "{", "error : Unreadable state"),
        (&upgraded, 3, "{", "error : Unreadable state"),
        (&upgraded, 3, r#"{"title":[]}"#, "error : Unreadable state"),
        (&journal, 1, "{}", "error : State from a newer provider"),
        (&journal, -1, "{}", "error : Provider error"),
    ] {
        let state = object.upgrade(version, json).await;
        assert_eq!(told(&state.diagnostics), [summary], "{version} {json}");
        assert!(state.value.is_none());
    }
}

#[tokio::test]
async fn item_46_flatmap_state_is_refused_with_a_remedy() {
    let host = Host::unconfigured().await;
    let raw_state = Some(pb::RawState { flatmap: [("id".into(), "1".into())].into(), ..Default::default() });
    let type_name = "conformance_upgraded".into();
    let request = pb::upgrade_resource_state::Request { type_name, version: 3, raw_state };
    let answer = host.client.clone().upgrade_resource_state(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error : State from an unsupported Terraform version"]);
    assert!(answer.diagnostics[0].detail.contains("apply once with Terraform 0.12"));
}

#[tokio::test]
async fn item_46_state_of_everything_survives_the_way_through_json() {
    let host = Host::configured().await;
    let object = host.resource("conformance_everything");
    let set = RawValue::set(vec![
        RawValue::from([("key", RawValue::from("x"))]),
        RawValue::from([("key", RawValue::from("y"))]),
    ]);
    let config = object.config([
        ("name", RawValue::from("a")),
        ("number", RawValue::Number("1e400".parse().unwrap())),
        ("set", set),
        ("timeouts", RawValue::from([("create", RawValue::from("9s"))])),
    ]);
    let state = object.created(&config).await;
    let json = tf_provider::value::json::encode(&object.ty, &state).unwrap().to_string();
    let upgraded = object.upgrade(0, &json).await;
    assert_eq!(told(&upgraded.diagnostics), Vec::<String>::new());
    assert!(upgraded.value == Some(state));
}

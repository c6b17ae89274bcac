//! ImportResourceState and MoveResourceState: items 47 and 52, where no `terraform` is needed to see them.

use tf_provider::proto::tfplugin6 as pb;
use tf_provider::value::RawValue;

use crate::support::host::{Host, decoded, told};

async fn import(host: &Host, type_name: &str, id: &str) -> pb::import_resource_state::Response {
    let request = pb::import_resource_state::Request {
        type_name: type_name.into(),
        id: id.into(),
        ..Default::default()
    };
    host.client.clone().import_resource_state(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn item_47_import_yields_one_known_object_with_type_and_private_data_and_read_follows() {
    let host = Host::configured().await;
    let object = host.resource("conformance_everything");
    let answer = import(&host, object.name, "id-a").await;
    assert_eq!(told(&answer.diagnostics), Vec::<String>::new());
    let [imported] = &answer.imported_resources[..] else { panic!("{answer:?}") };
    assert_eq!(imported.type_name, object.name);
    assert_eq!(imported.private.as_ref(), br#"{"imported":true}"#);
    let state = decoded(&object.ty, imported.state.clone()).unwrap();
    assert!(state.is_wholly_known());
    assert_eq!(state.get("name"), Some(&RawValue::from("a")));
    let read = object.read(&state, imported.private.clone()).await;
    assert!(read.diagnostics.is_empty() && read.value == Some(state));
}

#[tokio::test]
async fn item_47_wrong_id_empty_id_and_unsupported_import_are_errors() {
    let host = Host::configured().await;
    for (type_name, id, summary) in [
        ("conformance_everything", "nonsense", "error : Fault on demand"),
        ("conformance_everything", "", "error : Import needs an id"),
        ("conformance_upgraded", "1", "error : Import is not supported"),
    ] {
        let answer = import(&host, type_name, id).await;
        assert_eq!(told(&answer.diagnostics), [summary]);
        assert!(answer.imported_resources.is_empty());
    }
}

#[tokio::test]
async fn item_52_move_is_refused_with_both_types_and_a_remedy() {
    let host = Host::configured().await;
    let request = pb::move_resource_state::Request {
        source_type_name: "other_thing".into(),
        target_type_name: "conformance_everything".into(),
        ..Default::default()
    };
    let answer = host.client.clone().move_resource_state(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error : Move is not supported"]);
    let detail = &answer.diagnostics[0].detail;
    assert!(detail.contains("other_thing") && detail.contains("conformance_everything"), "{detail}");
    assert!(detail.contains("import"), "{detail}");
}

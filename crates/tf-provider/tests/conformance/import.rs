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

async fn move_to(
    host: &Host,
    source: (&str, &str),
    state: &str,
    private: &'static str,
) -> pb::move_resource_state::Response {
    let request = pb::move_resource_state::Request {
        source_provider_address: source.0.into(),
        source_type_name: source.1.into(),
        source_schema_version: 7,
        source_state: Some(pb::RawState { json: state.to_owned().into_bytes().into(), ..Default::default() }),
        source_private: private.into(),
        target_type_name: "conformance_identified".into(),
        ..Default::default()
    };
    host.client.clone().move_resource_state(request).await.unwrap().into_inner()
}

const BUILTIN: (&str, &str) = ("terraform.io/builtin/terraform", "terraform_data");
const OLD: (&str, &str) = ("registry.terraform.io/example/conformance", "conformance_old");

#[tokio::test]
async fn item_52_first_mover_that_fits_makes_state_private_data_and_identity() {
    let host = Host::configured().await;
    let object = host.resource("conformance_identified");
    let moved =
        move_to(&host, BUILTIN, r#"{"input":{"value":"a","type":"string"},"id":"x"}"#, "not ours").await;
    assert_eq!(told(&moved.diagnostics), Vec::<String>::new());
    let state = decoded(&object.ty, moved.target_state).unwrap();
    assert!(state == object.config([("name", RawValue::from("a")), ("id", RawValue::from("id-a"))]));
    assert!(moved.target_identity.is_some());
    assert_eq!(
        moved.target_private.as_ref(),
        br#"{".imported":true}"#,
        "foreign private data is left behind"
    );

    // Another registry's copy of the provider is the same provider.
    let mirrored = ("registry.opentofu.org/example/conformance", OLD.1);
    let moved = move_to(&host, mirrored, r#"{"title":"b"}"#, r#"{"k":1}"#).await;
    let state = decoded(&object.ty, moved.target_state).unwrap();
    assert_eq!(state.get("note"), Some(&RawValue::from("version 7")));
    assert_eq!(moved.target_private.as_ref(), br#"{".imported":true,"k":1}"#);

    // Without configuration too; the identity follows with the read.
    let unconfigured = Host::unconfigured().await;
    let moved = move_to(&unconfigured, OLD, r#"{"title":"b"}"#, "").await;
    assert_eq!(told(&moved.diagnostics), Vec::<String>::new());
    assert!(moved.target_state.is_some() && moved.target_identity.is_none());
}

#[tokio::test]
async fn item_52_unknown_source_and_unreadable_state_are_errors() {
    let host = Host::configured().await;
    for (source, state, summary) in [
        (("registry.terraform.io/other/conformance", OLD.1), "{}", "error : Move is not supported"),
        (("registry.terraform.io/myexample/conformance", OLD.1), "{}", "error : Move is not supported"),
        ((OLD.0, "other"), "{}", "error : Move is not supported"),
        (OLD, "{}", "error : Unreadable state"),
        (OLD, "", "error : Unreadable state"),
        (BUILTIN, "{}", "error : No input"),
    ] {
        let answer = move_to(&host, source, state, "").await;
        assert_eq!(told(&answer.diagnostics), [summary], "{source:?}");
        assert!(answer.target_state.is_none());
    }
    let answer = move_to(&host, (OLD.0, "other"), "{}", "").await;
    assert!(answer.diagnostics[0].detail.contains("terraform_data of builtin/terraform"));
}

//! Item 60, spoken to directly: identities are stored beside states, stay the same, and find objects again.

use bytes::Bytes;
use tf_provider::proto::tfplugin6::{self as pb, ResourceIdentityData};
use tf_provider::value::{RawValue, Type};

use crate::support::host::{Host, Object, decoded, encoded, told};

const NOTHING: RawValue = RawValue::Null;

fn name_type() -> Type {
    Type::object([("name", Type::String), ("owner", Type::String)])
}

fn name(name: &str, owner: Option<&str>) -> RawValue {
    RawValue::from([("name", RawValue::from(name)), ("owner", owner.map_or(RawValue::Null, RawValue::from))])
}

fn sent(identity: &RawValue) -> Option<ResourceIdentityData> {
    Some(ResourceIdentityData { identity_data: Some(encoded(&name_type(), identity)) })
}

fn told_identity(identity: Option<ResourceIdentityData>) -> Option<RawValue> {
    decoded(&name_type(), identity?.identity_data)
}

async fn identified() -> Object {
    Host::configured().await.resource("conformance_identified")
}

fn config(object: &Object, name: &str, note: Option<&str>) -> RawValue {
    object.config([("name", RawValue::from(name)), ("note", note.map_or(NOTHING, RawValue::from))])
}

async fn plan(
    object: &Object,
    prior: &RawValue,
    config: &RawValue,
    identity: Option<ResourceIdentityData>,
) -> pb::plan_resource_change::Response {
    let request = pb::plan_resource_change::Request {
        type_name: object.name.into(),
        prior_state: object.encoded(prior),
        proposed_new_state: object.encoded(config),
        config: object.encoded(config),
        prior_identity: identity,
        ..Default::default()
    };
    object.host.client.clone().plan_resource_change(request).await.unwrap().into_inner()
}

/// Plans and applies with `identity` as the stored one.
async fn apply(
    object: &Object,
    prior: &RawValue,
    config: &RawValue,
    identity: Option<ResourceIdentityData>,
) -> pb::apply_resource_change::Response {
    let planned = plan(object, prior, config, identity).await;
    assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
    let request = pb::apply_resource_change::Request {
        type_name: object.name.into(),
        prior_state: object.encoded(prior),
        planned_state: planned.planned_state,
        config: object.encoded(config),
        planned_identity: planned.planned_identity,
        ..Default::default()
    };
    object.host.client.clone().apply_resource_change(request).await.unwrap().into_inner()
}

async fn read(
    object: &Object,
    state: &RawValue,
    private: Bytes,
    identity: Option<ResourceIdentityData>,
) -> pb::read_resource::Response {
    let request = pb::read_resource::Request {
        type_name: object.name.into(),
        current_state: object.encoded(state),
        private,
        current_identity: identity,
        ..Default::default()
    };
    object.host.client.clone().read_resource(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn item_60_identity_schemas_tell_what_import_needs() {
    let mut client = Host::unconfigured().await.client;
    let answer = client.get_resource_identity_schemas(pb::get_resource_identity_schemas::Request {}).await;
    let schemas = answer.unwrap().into_inner().identity_schemas;
    assert_eq!(schemas.keys().collect::<Vec<_>>(), ["conformance_drifter", "conformance_identified"]);
    let schema = &schemas["conformance_identified"];
    let attributes: Vec<_> = schema
        .identity_attributes
        .iter()
        .map(|it| (it.name.as_str(), it.required_for_import, it.optional_for_import, it.r#type.as_ref()))
        .collect();
    let string: &[u8] = b"\"string\"";
    assert_eq!(attributes, [("name", true, false, string), ("owner", false, true, string)]);
    assert_eq!((schema.version, schema.identity_attributes[0].description.as_str()), (2, "Its name."));
}

#[tokio::test]
async fn item_60_identity_is_told_after_create_and_kept_by_plan_update_and_read() {
    let object = identified().await;
    let created = apply(&object, &NOTHING, &config(&object, "a", None), None).await;
    assert_eq!(told(&created.diagnostics), Vec::<String>::new());
    let identity = told_identity(created.new_identity.clone());
    assert_eq!(identity, Some(name("a", Some("one"))));
    let state = decoded(&object.ty, created.new_state).unwrap();

    let planned =
        plan(&object, &state, &config(&object, "a", Some("other")), created.new_identity.clone()).await;
    assert_eq!(told_identity(planned.planned_identity), identity);
    let replaced = plan(&object, &state, &config(&object, "b", None), created.new_identity.clone()).await;
    assert!(!replaced.requires_replace.is_empty() && replaced.planned_identity.is_none());
    let destroyed = plan(&object, &state, &NOTHING, created.new_identity.clone()).await;
    assert_eq!(told_identity(destroyed.planned_identity), identity);

    let updated =
        apply(&object, &state, &config(&object, "a", Some("other")), created.new_identity.clone()).await;
    assert_eq!(
        (told(&updated.diagnostics), told_identity(updated.new_identity)),
        (Vec::new(), identity.clone())
    );
    // A state from before the provider had identities gets one by being read.
    for stored in [created.new_identity, None] {
        let read = read(&object, &state, Bytes::new(), stored).await;
        assert_eq!(
            (told(&read.diagnostics), told_identity(read.new_identity)),
            (Vec::new(), identity.clone())
        );
    }
}

#[tokio::test]
async fn item_60_another_identity_is_a_fault_of_the_provider_unless_it_may_change() {
    let object = identified().await;
    let stored = sent(&name("a", Some("one")));
    let state = object.created(&config(&object, "a", None)).await;
    let wandered = apply(&object, &state, &config(&object, "a", Some("wanders")), stored.clone()).await;
    assert_eq!(told(&wandered.diagnostics), ["error : Provider error"]);
    assert_eq!(told_identity(wandered.new_identity), Some(name("a", Some("one"))));
    assert!(wandered.new_state.is_some());

    let wandering = object.created(&config(&object, "a", Some("wanders"))).await;
    let read = read(&object, &wandering, Bytes::new(), stored).await;
    assert_eq!(told(&read.diagnostics), ["error : Provider error"]);
    assert_eq!(told_identity(read.new_identity), Some(name("a", Some("one"))));

    let nameless = apply(&object, &NOTHING, &config(&object, "a", Some("nameless")), None).await;
    assert_eq!(told(&nameless.diagnostics), ["error : Provider error"]);
    assert!(nameless.new_state.is_some(), "the object is not lost");

    let drifter = Host::configured().await.resource("conformance_drifter");
    let at = |place: &str| drifter.config([("place", RawValue::from(place))]);
    let ty = Type::object([("place", Type::String)]);
    let first = apply(&drifter, &NOTHING, &at("here"), None).await;
    let second = apply(&drifter, &at("here"), &at("there"), first.new_identity).await;
    assert_eq!(told(&second.diagnostics), Vec::<String>::new());
    assert!(decoded(&ty, second.new_identity.unwrap().identity_data) == Some(at("there")));
}

#[tokio::test]
async fn item_60_failed_operations_keep_what_is_known_of_the_identity() {
    let object = identified().await;
    let half = apply(&object, &NOTHING, &config(&object, "a", Some("half")), None).await;
    assert_eq!(told(&half.diagnostics), ["error : Failed half way"]);
    assert_eq!(told_identity(half.new_identity), Some(name("a", Some("one"))));
    let state = object.created(&config(&object, "a", None)).await;
    let stored = name("a", Some("one"));
    let broken = apply(&object, &state, &config(&object, "a", Some("broken")), sent(&stored)).await;
    assert_eq!(told(&broken.diagnostics), ["error : Failed"]);
    assert_eq!(told_identity(broken.new_identity), Some(stored.clone()));
    let gone = object.created(&config(&object, "a", Some("gone"))).await;
    let gone = read(&object, &gone, Bytes::new(), sent(&stored)).await;
    assert!(gone.new_identity.is_none() && decoded(&object.ty, gone.new_state) == Some(NOTHING));
}

#[tokio::test]
async fn item_60_import_by_identity_returns_it_and_the_read_that_follows_completes_it() {
    let object = identified().await;
    let import = async |type_name: &str, identity: &RawValue| {
        let request = pb::import_resource_state::Request {
            type_name: type_name.into(),
            identity: sent(identity),
            ..Default::default()
        };
        object.host.client.clone().import_resource_state(request).await.unwrap().into_inner()
    };
    let given = name("a", None);
    let answer = import(object.name, &given).await;
    assert_eq!(told(&answer.diagnostics), Vec::<String>::new());
    let imported = answer.imported_resources.into_iter().next().unwrap();
    assert_eq!(told_identity(imported.identity.clone()), Some(given));
    let state = decoded(&object.ty, imported.state).unwrap();
    let first = read(&object, &state, imported.private, imported.identity.clone()).await;
    assert_eq!(told(&first.diagnostics), Vec::<String>::new());
    assert_eq!(told_identity(first.new_identity), Some(name("a", Some("one"))));
    // Only that one read may: the mark is gone.
    assert!(first.private.is_empty());
    let second = read(&object, &state, first.private, imported.identity).await;
    assert_eq!(told(&second.diagnostics), ["error : Provider error"]);

    let answer = import(object.name, &name("a", Some("nobody"))).await;
    assert_eq!(told(&answer.diagnostics), ["error : Not ours"]);
    assert!(answer.imported_resources.is_empty());
    let request = pb::import_resource_state::Request {
        type_name: "conformance_drifter".into(),
        identity: Some(ResourceIdentityData {
            identity_data: Some(encoded(
                &Type::object([("place", Type::String)]),
                &RawValue::from([("place", RawValue::from("x"))]),
            )),
        }),
        ..Default::default()
    };
    let answer = object.host.client.clone().import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error : Import is not supported"]);
}

#[tokio::test]
async fn item_60_identities_of_old_versions_are_upgraded_also_unconfigured() {
    let object = Host::unconfigured().await.resource("conformance_identified");
    let upgrade = async |type_name: &str, version: i64, json: &str| {
        let json = Bytes::copy_from_slice(json.as_bytes());
        let request = pb::upgrade_resource_identity::Request {
            type_name: type_name.into(),
            version,
            raw_identity: Some(pb::RawState { json, ..Default::default() }),
        };
        object.host.client.clone().upgrade_resource_identity(request).await.unwrap().into_inner()
    };
    for (version, json) in [(0, r#"{"title":"a"}"#), (1, r#"{"name":"a"}"#), (2, r#"{"name":"a","more":1}"#)]
    {
        let answer = upgrade(object.name, version, json).await;
        assert_eq!(told(&answer.diagnostics), Vec::<String>::new(), "version {version}");
        assert_eq!(told_identity(answer.upgraded_identity), Some(name("a", None)));
    }
    for (type_name, version, json, summary) in [
        (object.name, 3, "{}", "error : Identity from a newer provider"),
        (object.name, 2, "{", "error : Unreadable identity"),
        (object.name, 1, "{}", "error : Unreadable"),
        ("conformance_drifter", -1, "{}", "error : Provider error"),
        ("conformance_journal", 0, "{}", "error : No identity"),
    ] {
        let answer = upgrade(type_name, version, json).await;
        assert_eq!(told(&answer.diagnostics), [summary], "{type_name} {version}");
        assert!(answer.upgraded_identity.is_none());
    }
}

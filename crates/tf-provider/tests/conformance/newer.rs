//! Items 63 to 65, spoken to directly: generated configuration, computed blocks, planned private data, state stores.

use bytes::Bytes;
use futures::{StreamExt as _, stream};
use tf_provider::proto::tfplugin6::{self as pb, ClientCapabilities, generate_resource_config};
use tf_provider::value::RawValue;

use crate::support::host::{Host, Object, decoded, told};

const NOTHING: RawValue = RawValue::Null;

fn text(text: &str) -> RawValue {
    RawValue::from(text)
}

async fn generate(object: &Object, state: &RawValue) -> RawValue {
    let request =
        generate_resource_config::Request { type_name: object.name.into(), state: object.encoded(state) };
    let answer = object.host.client.clone().generate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), Vec::<String>::new());
    decoded(&object.ty, answer.config).unwrap()
}

#[tokio::test]
async fn item_63_generated_configuration_is_valid_and_plans_empty() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    object.host.configure(text("one")).await;
    let part = |key: &str| RawValue::from([("key", text(key)), ("level", text("high"))]);
    let config = object.config([
        ("name", text("a")),
        ("text", text("some")),
        ("number", RawValue::from(3)),
        ("words", RawValue::Sequence(vec![text("w")])),
        ("replaced", text("given")),
        ("level", text("info")),
        ("secret", text("s3cret")),
        ("old", text("outdated")),
        ("spelled", text("")),
        ("single", part("s")),
        ("list", RawValue::Sequence(vec![part("l")])),
        ("map", RawValue::from([("k", part("m"))])),
        ("set", RawValue::set(vec![part("x")])),
        ("one", part("o")),
        ("many", RawValue::Sequence(vec![part("b")])),
    ]);
    let state = object.created(&config).await;
    let generated = generate(&object, &state).await;
    for (name, expected) in [
        ("name", text("a")),
        ("text", text("some")),
        ("number", RawValue::from(3)),
        ("replaced", text("given")),
        ("level", NOTHING),
        ("secret", NOTHING),
        ("old", NOTHING),
        ("spelled", NOTHING),
        ("id", NOTHING),
        ("revision", NOTHING),
        ("timeouts", NOTHING),
    ] {
        assert_eq!(generated.get(name), Some(&expected), "{name}");
    }
    for (name, step) in [("single", None), ("one", None), ("map", Some("k"))] {
        let nested = generated.get(name).unwrap();
        let nested = step.map_or(nested, |step| nested.get(step).unwrap());
        assert_eq!(
            (nested.get("level"), nested.get("mark")),
            (Some(&text("high")), Some(&NOTHING)),
            "{name}"
        );
    }
    assert_eq!(told(&object.validate(&generated).await), Vec::<String>::new());
    // What was left out for a reason would change; everything else stays.
    let without =
        object.config([("name", text("b")), ("text", text("t")), ("words", RawValue::Sequence(vec![]))]);
    let state = object.created(&without).await;
    let planned = object.plan(&state, &generate(&object, &state).await).await;
    assert!(planned.value == state && planned.replace.is_empty(), "{planned:?}");
}

#[tokio::test]
async fn item_63_author_has_a_word_and_an_absent_state_is_an_error() {
    let object = Host::unconfigured().await.resource("conformance_identified");
    let state = object.config([("name", text("a")), ("note", text("version 7")), ("id", text("id-a"))]);
    let generated = generate(&object, &state).await;
    assert!(generated == object.config([("name", text("a"))]), "notes of movers are not for configuration");
    let request = generate_resource_config::Request { type_name: object.name.into(), state: None };
    let answer = object.host.client.clone().generate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(told(&answer.diagnostics), ["error : No state to generate configuration from"]);
    assert!(answer.config.is_none());
}

async fn plan(
    object: &Object,
    prior: &RawValue,
    config: &RawValue,
    capabilities: ClientCapabilities,
    planned_private: Bytes,
) -> pb::plan_resource_change::Response {
    let request = pb::plan_resource_change::Request {
        type_name: object.name.into(),
        prior_state: object.encoded(prior),
        proposed_new_state: object.encoded(config),
        config: object.encoded(config),
        client_capabilities: Some(capabilities),
        planned_private,
        ..Default::default()
    };
    object.host.client.clone().plan_resource_change(request).await.unwrap().into_inner()
}

const NEWEST: ClientCapabilities = ClientCapabilities {
    deferral_allowed: false,
    write_only_attributes_allowed: true,
    store_planned_private: true,
    computed_blocks_allowed: true,
};

fn blocks(object: &Object, amount: i64) -> RawValue {
    object.config([
        ("name", text("a")),
        ("amount", RawValue::from(amount)),
        ("part", RawValue::Sequence(Vec::new())),
    ])
}

#[tokio::test]
async fn item_64_computed_blocks_are_announced_planned_unknown_and_set() {
    let object = Host::configured().await.resource("conformance_blocks");
    for nested in &object.block.block_types {
        let block = nested.block.as_ref().unwrap();
        assert!(block.computed && nested.min_items == 0, "{}", nested.type_name);
        assert!(block.attributes.iter().all(|it| it.computed && !it.required && !it.optional));
    }
    let config = blocks(&object, 2);
    let planned = plan(&object, &NOTHING, &config, NEWEST, Bytes::new()).await;
    assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
    let value = decoded(&object.ty, planned.planned_state).unwrap();
    for block in ["part", "summary"] {
        assert!(value.get(block).is_some_and(RawValue::is_unknown), "{block}");
    }
    let state = object.apply(&NOTHING, &value, &config, Bytes::new()).await;
    assert_eq!(told(&state.diagnostics), Vec::<String>::new());
    let part = |number: i64| {
        RawValue::from([("number", RawValue::from(number)), ("label", text(&format!("a {number}")))])
    };
    let state = state.value.unwrap();
    assert_eq!(state.get("part"), Some(&RawValue::Sequence(vec![part(0), part(1)])));
    assert_eq!(state.get("summary"), Some(&part(99)));
    // Core neither configures nor proposes such blocks.
    let absent = |amount: i64| {
        let none = [("part", NOTHING), ("summary", NOTHING)];
        object.config([("name", text("a")), ("amount", RawValue::from(amount))].into_iter().chain(none))
    };
    let again = async |amount| {
        let planned = plan(&object, &state, &absent(amount), NEWEST, Bytes::new()).await;
        decoded(&object.ty, planned.planned_state).unwrap()
    };
    assert!(again(2).await == state, "nothing changes");
    assert!(again(1).await.get("part").is_some_and(RawValue::is_unknown));
    let generated = generate(&object, &state).await;
    assert_eq!(generated.get("part"), Some(&RawValue::Sequence(Vec::new())));
    assert_eq!(generated.get("summary"), Some(&NOTHING));
}

#[tokio::test]
async fn item_64_computed_blocks_are_refused_by_name_of_the_version_that_has_them() {
    let object = Host::configured().await.resource("conformance_blocks");
    let older = ClientCapabilities { computed_blocks_allowed: false, ..NEWEST };
    let planned = plan(&object, &NOTHING, &blocks(&object, 1), older, Bytes::new()).await;
    assert_eq!(told(&planned.diagnostics), ["error : Computed blocks not supported"]);
    assert!(planned.diagnostics[0].detail.contains("1.16"));
}

#[tokio::test]
async fn item_64_second_plan_gets_the_private_data_of_the_first() {
    let object = Host::configured().await.resource("conformance_blocks");
    let config = blocks(&object, 1);
    let first = plan(&object, &NOTHING, &config, NEWEST, Bytes::new()).await;
    assert_eq!(first.planned_private.as_ref(), br#"{"planned":"once"}"#);
    let second = plan(&object, &NOTHING, &config, NEWEST, first.planned_private).await;
    assert_eq!(told(&second.diagnostics), ["warning : Planned before"]);
    let garbled = plan(&object, &NOTHING, &config, NEWEST, Bytes::from_static(b"\x00")).await;
    assert_eq!(told(&garbled.diagnostics), ["error : Provider error"]);
}

#[tokio::test]
async fn item_64_deprecation_message_is_announced_with_the_flag() {
    let object = Host::unconfigured().await.resource("conformance_blocks");
    let attribute = object.block.attributes.iter().find(|attribute| attribute.name == "amount").unwrap();
    assert!(attribute.deprecated);
    assert_eq!(attribute.deprecation_message, "There are as many as there are.");
}

#[tokio::test]
async fn item_65_state_stores_are_answered_as_unknown_with_capabilities_present() {
    let mut client = Host::configured().await.client;
    let summary = ["error : Unknown state store type"];
    let configured = client
        .configure_state_store(pb::configure_state_store::Request {
            type_name: "s3".into(),
            ..Default::default()
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(told(&configured.diagnostics), summary);
    // Terraform reads them before it reads the diagnostics.
    assert!(configured.capabilities.is_some());

    let chunk = |meta| pb::write_state_bytes::RequestChunk {
        meta,
        bytes: Bytes::from_static(b"{}"),
        total_length: 4,
        range: Some(pb::StateRange { start: 0, end: 1 }),
    };
    let meta = pb::RequestChunkMeta { type_name: "s3".into(), state_id: "default".into() };
    let chunks = stream::iter([chunk(Some(meta)), chunk(None)]);
    let written = client.write_state_bytes(chunks).await.unwrap().into_inner();
    assert_eq!(told(&written.diagnostics), summary);
    let nothing = stream::iter(Vec::<pb::write_state_bytes::RequestChunk>::new());
    let written = client.write_state_bytes(nothing).await.unwrap().into_inner();
    assert_eq!(told(&written.diagnostics), summary);

    let request = pb::read_state_bytes::Request { type_name: "s3".into(), state_id: "default".into() };
    let read: Vec<_> = client.read_state_bytes(request).await.unwrap().into_inner().collect().await;
    let [Ok(read)] = &read[..] else { panic!("{read:?}") };
    assert_eq!((told(&read.diagnostics), read.bytes.len()), (summary.map(str::to_owned).to_vec(), 0));
}

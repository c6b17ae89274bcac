//! Items 21 to 25: schemas, the order of calls, unknown names, empty requests.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use http::uri::PathAndQuery;
use prost::Message as _;
use tf_provider::proto::tfplugin6::schema::{Attribute, Block};
use tf_provider::proto::tfplugin6::{self as pb, provider_client::ProviderClient};
use tf_provider::value::{RawValue, Type};
use tokio::time::timeout;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::support::host::{Host, connect, decoded, encoded, told};

const LIMIT: Duration = Duration::from_secs(20);

async fn schema(client: &mut ProviderClient<Channel>) -> pb::get_provider_schema::Response {
    client.get_provider_schema(pb::get_provider_schema::Request {}).await.unwrap().into_inner()
}

#[tokio::test]
async fn item_21_schema_is_stable_and_small() {
    let (mut one, mut other) = (connect().await, connect().await);
    let first = schema(&mut one).await.encode_to_vec();
    assert_eq!(first, schema(&mut one).await.encode_to_vec());
    assert_eq!(first, schema(&mut other).await.encode_to_vec());
    assert!(first.len() < 64 << 20);
}

#[tokio::test]
async fn item_21_schema_is_whole_and_valid() {
    let schema = schema(&mut connect().await).await;
    assert!(schema.diagnostics.is_empty());
    check_block(schema.provider.unwrap().block.as_ref().unwrap());
    assert!(!schema.resource_schemas.is_empty() && !schema.data_source_schemas.is_empty());
    let actions = schema.action_schemas.iter().map(|(name, action)| {
        (name, action.schema.as_ref().unwrap_or_else(|| panic!("{name} has no schema")))
    });
    let schemas = schema.resource_schemas.iter().chain(&schema.data_source_schemas);
    let schemas = schemas.chain(&schema.ephemeral_resource_schemas).chain(&schema.list_resource_schemas);
    for (name, schema) in schemas.chain(actions) {
        let block = schema.block.as_ref().unwrap_or_else(|| panic!("{name} has no block"));
        check_block(block);
        for reserved in
            ["count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner"]
        {
            assert!(block.attributes.iter().all(|attribute| attribute.name != reserved), "{name}");
        }
    }
    for (name, function) in &schema.functions {
        let result = function.r#return.as_ref().unwrap_or_else(|| panic!("{name} has no return"));
        Type::from_json(&result.r#type).unwrap();
        for parameter in &function.parameters {
            Type::from_json(&parameter.r#type).unwrap();
        }
    }
    let capabilities = schema.server_capabilities.unwrap();
    assert!(capabilities.plan_destroy && capabilities.get_provider_schema_optional);
    assert!(capabilities.move_resource_state && capabilities.generate_resource_config);
}

fn check_block(block: &Block) {
    check_attributes(&block.attributes);
    for nested in &block.block_types {
        use pb::schema::nested_block::NestingMode::{Group, Invalid, List, Map, Set, Single};
        let (min, max) = (nested.min_items, nested.max_items);
        match nested.nesting() {
            Single => assert!(matches!((min, max), (0, 0) | (1, 1)), "{}", nested.type_name),
            List | Set => assert!(max == 0 || min <= max, "{}", nested.type_name),
            Group | Map => assert_eq!((min, max), (0, 0)),
            Invalid => panic!("{} has no nesting", nested.type_name),
        }
        assert!(block.attributes.iter().all(|attribute| attribute.name != nested.type_name));
        check_block(nested.block.as_ref().unwrap());
    }
}

fn check_attributes(attributes: &[Attribute]) {
    let names: BTreeSet<_> = attributes.iter().map(|attribute| &attribute.name).collect();
    assert_eq!(names.len(), attributes.len());
    for attribute in attributes {
        let name = &attribute.name;
        assert!(!name.is_empty() && name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_')), "{name}");
        assert_ne!(attribute.r#type.is_empty(), attribute.nested_type.is_none(), "{name}");
        match &attribute.nested_type {
            Some(nested) => check_attributes(&nested.attributes),
            None => {
                Type::from_json(&attribute.r#type).unwrap();
            }
        }
        let settable = attribute.optional || attribute.computed;
        assert!(attribute.required != settable, "{name} is required alone, or optional or computed");
        if attribute.write_only {
            assert!(!attribute.computed, "{name}");
        }
        assert!(attribute.deprecated || attribute.deprecation_message.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn item_22_metadata_functions_and_identities_agree_with_the_schema() {
    let mut client = connect().await;
    let metadata = client.get_metadata(pb::get_metadata::Request {}).await.unwrap().into_inner();
    let functions = client.get_functions(pb::get_functions::Request {}).await.unwrap().into_inner();
    let identities = client
        .get_resource_identity_schemas(pb::get_resource_identity_schemas::Request {})
        .await
        .unwrap()
        .into_inner();
    let schema = schema(&mut client).await;
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    assert!(metadata.resources.iter().map(|it| &it.type_name).eq(schema.resource_schemas.keys()));
    assert!(metadata.data_sources.iter().map(|it| &it.type_name).eq(schema.data_source_schemas.keys()));
    assert!(metadata.functions.iter().map(|it| &it.name).eq(schema.functions.keys()));
    let ephemeral = metadata.ephemeral_resources.iter().map(|it| &it.type_name);
    assert!(ephemeral.eq(schema.ephemeral_resource_schemas.keys()));
    assert!(metadata.list_resources.iter().map(|it| &it.type_name).eq(schema.list_resource_schemas.keys()));
    assert!(metadata.actions.iter().map(|it| &it.type_name).eq(schema.action_schemas.keys()));
    assert!(schema.list_resource_schemas.keys().all(|name| identities.identity_schemas.contains_key(name)));
    assert_eq!(functions.functions, schema.functions);
    assert!(identities.identity_schemas.keys().all(|name| schema.resource_schemas.contains_key(name)));
}

#[tokio::test]
async fn item_23_any_call_can_be_the_first_and_pure_ones_need_no_configuration() {
    // The schema was read over another connection, from another server.
    let mut object = Host::unconfigured().await.resource("conformance_everything");
    let config = object.config([("name", RawValue::from("a"))]);
    object.host.client = connect().await;
    assert!(object.validate(&config).await.is_empty());
    object.host.client = connect().await;
    assert!(object.upgrade(0, r#"{"name":"a"}"#).await.diagnostics.is_empty());
    object.host.client = connect().await;
    assert!(object.plan(&RawValue::Null, &config).await.diagnostics.is_empty());
    object.host.client = connect().await;
    object.host.configure(RawValue::from("first")).await;
    let call = pb::call_function::Request {
        name: "shout".into(),
        arguments: vec![encoded(&Type::String, &RawValue::from("a"))],
    };
    let answer = connect().await.call_function(call).await.unwrap().into_inner();
    assert!(answer.error.is_none());
    assert_eq!(decoded(&Type::String, answer.result), Some(RawValue::from("A")));
}

#[tokio::test]
async fn item_23_calls_that_need_the_configuration_say_so() {
    let object = Host::unconfigured().await.resource("conformance_everything");
    let config = object.config([("name", RawValue::from("a"))]);
    let planned = object.plan(&RawValue::Null, &config).await;
    let state = object.apply(&RawValue::Null, &planned.value, &config, planned.private).await;
    assert_eq!(told(&state.diagnostics), ["error : Provider is not configured"]);
    let state = object.read(&config, bytes::Bytes::new()).await;
    assert_eq!(told(&state.diagnostics), ["error : Provider is not configured"]);
    assert!(state.value == Some(config));
}

/// Asks each call for a type called `nonsense`, and checks for one error with that name.
macro_rules! ask_for_nonsense {
    ($client:ident: $($rpc:ident $message:ident $field:ident),+ $(,)?) => {$(
        #[allow(clippy::needless_update, reason = "some requests have no other field")]
        let request = pb::$message::Request { $field: "nonsense".into(), ..Default::default() };
        let answer = $client.$rpc(request).await.unwrap().into_inner();
        check_nonsense(stringify!($rpc), &answer.diagnostics);
    )+};
}

fn check_nonsense(rpc: &str, diagnostics: &[pb::Diagnostic]) {
    let [diagnostic] = diagnostics else { panic!("{rpc}: {diagnostics:?}") };
    assert_eq!(diagnostic.severity(), pb::diagnostic::Severity::Error, "{rpc}");
    assert!(diagnostic.detail.contains("nonsense"), "{rpc}: {}", diagnostic.detail);
}

#[tokio::test]
async fn item_24_unknown_type_is_one_error_in_every_call() {
    let mut client = connect().await;
    ask_for_nonsense!(client:
        validate_resource_config validate_resource_config type_name,
        upgrade_resource_state upgrade_resource_state type_name,
        upgrade_resource_identity upgrade_resource_identity type_name,
        import_resource_state import_resource_state type_name,
        read_resource read_resource type_name,
        plan_resource_change plan_resource_change type_name,
        apply_resource_change apply_resource_change type_name,
        move_resource_state move_resource_state target_type_name,
        generate_resource_config generate_resource_config type_name,
        validate_data_resource_config validate_data_resource_config type_name,
        read_data_source read_data_source type_name,
        validate_ephemeral_resource_config validate_ephemeral_resource_config type_name,
        open_ephemeral_resource open_ephemeral_resource type_name,
        renew_ephemeral_resource renew_ephemeral_resource type_name,
        close_ephemeral_resource close_ephemeral_resource type_name,
        validate_list_resource_config validate_list_resource_config type_name,
        validate_action_config validate_action_config type_name,
        plan_action plan_action action_type,
        validate_state_store_config validate_state_store type_name,
        configure_state_store configure_state_store type_name,
        get_states get_states type_name,
        delete_state delete_state type_name,
        lock_state lock_state type_name,
        unlock_state unlock_state type_name,
    );
    let request = pb::call_function::Request { name: "nonsense".into(), ..Default::default() };
    let error = client.call_function(request).await.unwrap().into_inner().error.unwrap();
    assert!(error.text.contains("nonsense"));
}

#[tokio::test]
async fn item_24_unknown_type_is_one_event_in_every_stream() {
    let mut client = connect().await;
    let request = pb::list_resource::Request { type_name: "nonsense".into(), ..Default::default() };
    let events: Vec<_> = client.list_resource(request).await.unwrap().into_inner().collect().await;
    let [Ok(event)] = &events[..] else { panic!("{events:?}") };
    check_nonsense("list_resource", &event.diagnostic);
    let request = pb::invoke_action::Request { action_type: "nonsense".into(), ..Default::default() };
    let events: Vec<_> = client.invoke_action(request).await.unwrap().into_inner().collect().await;
    let [Ok(pb::invoke_action::Event { r#type: Some(pb::invoke_action::event::Type::Completed(completed)) })] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    check_nonsense("invoke_action", &completed.diagnostics);
    let request = pb::read_state_bytes::Request { type_name: "nonsense".into(), ..Default::default() };
    let events: Vec<_> = client.read_state_bytes(request).await.unwrap().into_inner().collect().await;
    let [Ok(event)] = &events[..] else { panic!("{events:?}") };
    check_nonsense("read_state_bytes", &event.diagnostics);
}

/// Calls `method` with one message, empty for an empty text, and waits for the end of the answers.
async fn call(client: &mut tonic::client::Grpc<Channel>, method: &str, first: &str) -> Result<(), Status> {
    let path = PathAndQuery::try_from(format!("/tfplugin6.Provider/{method}")).unwrap();
    client.ready().await.unwrap();
    let requests = Request::new(stream::iter([first.to_owned()]));
    // A single message is a stream of one on the wire; a text is a message whose first field it is.
    let answers = client.streaming(requests, path, ProstCodec::<String, ()>::default()).await?;
    answers.into_inner().collect::<Vec<_>>().await.into_iter().collect()
}

async fn raw_client() -> tonic::client::Grpc<Channel> {
    let host = Host::unconfigured().await;
    tonic::client::Grpc::new(host.channel())
}

#[tokio::test]
async fn item_24_unknown_method_is_unimplemented() {
    let status = call(&mut raw_client().await, "BrewCoffee", "").await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
}

#[tokio::test]
async fn item_25_empty_request_to_every_call_is_answered() {
    let mut client = raw_client().await;
    let methods: Vec<&str> = include_str!("../../proto/tfplugin6.proto")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("rpc ")?.split('(').next())
        .collect();
    assert!(methods.len() > 30);
    for method in methods {
        let answer = timeout(LIMIT, call(&mut client, method, "")).await;
        answer
            .unwrap_or_else(|_| panic!("{method} hangs"))
            .unwrap_or_else(|status| panic!("{method}: {status}"));
    }
    call(&mut client, "GetProviderSchema", "").await.unwrap();
}

#[tokio::test]
async fn item_25_request_without_values_to_every_call_of_a_type_is_answered() {
    let mut client = raw_client().await;
    for method in [
        "ValidateResourceConfig",
        "UpgradeResourceState",
        "ImportResourceState",
        "ReadResource",
        "PlanResourceChange",
        "ApplyResourceChange",
    ] {
        call(&mut client, method, "conformance_everything").await.unwrap();
    }
    for method in ["UpgradeResourceIdentity", "ListResource", "ValidateListResourceConfig"] {
        call(&mut client, method, "conformance_identified").await.unwrap();
    }
    for method in ["Validate", "Open", "Renew", "Close"] {
        let method = format!("{method}EphemeralResource{}", if method == "Validate" { "Config" } else { "" });
        call(&mut client, &method, "conformance_lease").await.unwrap();
    }
    for method in ["ValidateActionConfig", "PlanAction", "InvokeAction"] {
        call(&mut client, method, "conformance_shout").await.unwrap();
    }
    call(&mut client, "ReadDataSource", "conformance_lookup").await.unwrap();
    call(&mut client, "CallFunction", "shout").await.unwrap();
}

//! A host that speaks gRPC with a server in this process.

use bytes::Bytes;
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tf_provider::proto::tfplugin6::{self as pb, DynamicValue};
use tf_provider::value::{RawValue, Type, msgpack};
use tf_provider_testing::server::{self, Diagnostics, client, path, schema};
use tonic::transport::Channel;

use crate::provider::Conformance;

/// A connection to a fresh server.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) client: ProviderClient<Channel>,
    channel: Channel,
    schemas: pb::get_provider_schema::Response,
}

/// A resource type as a host sees it.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) host: Host,
    pub(crate) name: &'static str,
    pub(crate) block: pb::schema::Block,
    pub(crate) ty: Type,
}

/// The answer to a plan.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) value: RawValue,
    pub(crate) replace: Vec<String>,
    pub(crate) private: Bytes,
    pub(crate) diagnostics: Vec<pb::Diagnostic>,
}

/// The answer to an apply, read or import.
#[derive(Debug)]
pub(crate) struct State {
    /// `None` when no state came at all.
    pub(crate) value: Option<RawValue>,
    pub(crate) private: Bytes,
    pub(crate) diagnostics: Vec<pb::Diagnostic>,
}

/// A connection on which nothing has been asked yet.
pub(crate) async fn connect() -> ProviderClient<Channel> {
    client(server::connect::<Conformance>().await)
}

impl Host {
    /// A host that has read the schema and configured the provider.
    pub(crate) async fn configured() -> Self {
        let host = Host::unconfigured().await;
        host.configure(RawValue::from("one")).await;
        host
    }

    /// A host that has only read the schema.
    pub(crate) async fn unconfigured() -> Self {
        let channel = server::connect::<Conformance>().await;
        let mut client = client(channel.clone());
        let schemas =
            client.get_provider_schema(pb::get_provider_schema::Request {}).await.unwrap().into_inner();
        Host { client, channel, schemas }
    }

    /// The connection, for calls that no client knows.
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Configures the provider with a label.
    pub(crate) async fn configure(&self, label: RawValue) {
        let ty = Type::object([("label", Type::String)]);
        let config = Some(encoded(&ty, &RawValue::from([("label", label)])));
        let request = pb::configure_provider::Request { config, ..Default::default() };
        let answer = self.client.clone().configure_provider(request).await.unwrap().into_inner();
        assert!(answer.diagnostics.is_empty(), "{:?}", answer.diagnostics);
    }

    /// A resource type.
    pub(crate) fn resource(&self, name: &'static str) -> Object {
        let block = self.schemas.resource_schemas[name].block.clone().unwrap();
        Object { host: self.clone(), name, ty: schema::object_type(&block), block }
    }

    /// An ephemeral resource.
    pub(crate) fn ephemeral(&self, name: &'static str) -> Object {
        let block = self.schemas.ephemeral_resource_schemas[name].block.clone().unwrap();
        Object { host: self.clone(), name, ty: schema::object_type(&block), block }
    }

    /// A list resource.
    pub(crate) fn list(&self, name: &'static str) -> Object {
        let block = self.schemas.list_resource_schemas[name].block.clone().unwrap();
        Object { host: self.clone(), name, ty: schema::object_type(&block), block }
    }

    /// An action.
    pub(crate) fn action(&self, name: &'static str) -> Object {
        let block = self.schemas.action_schemas[name].schema.clone().unwrap().block.unwrap();
        Object { host: self.clone(), name, ty: schema::object_type(&block), block }
    }

    /// A data source.
    pub(crate) fn data_source(&self, name: &'static str) -> Object {
        let block = self.schemas.data_source_schemas[name].block.clone().unwrap();
        Object { host: self.clone(), name, ty: schema::object_type(&block), block }
    }
}

/// `value` as a host sends it.
pub(crate) fn encoded(ty: &Type, value: &RawValue) -> DynamicValue {
    DynamicValue { msgpack: msgpack::encode(ty, value).unwrap().into(), json: Bytes::new() }
}

/// What came, if anything came.
pub(crate) fn decoded(ty: &Type, value: Option<DynamicValue>) -> Option<RawValue> {
    let value = value?;
    assert!(value.json.is_empty() && !value.msgpack.is_empty(), "answers are MessagePack");
    Some(msgpack::decode(ty, &value.msgpack).unwrap())
}

/// Diagnostics as `severity path: summary`.
pub(crate) fn told(diagnostics: &[pb::Diagnostic]) -> Vec<String> {
    Diagnostics::from(diagnostics.to_vec()).lines()
}

impl Object {
    /// A configuration with these arguments.
    pub(crate) fn config(&self, entries: impl IntoIterator<Item = (&'static str, RawValue)>) -> RawValue {
        let entries = entries.into_iter().map(|(name, value)| {
            assert!(self.ty.attributes().unwrap().contains_key(name), "there is no {name}");
            (name.to_owned(), value)
        });
        schema::complete(&self.block, RawValue::Mapping(entries.collect()))
    }

    pub(crate) fn encoded(&self, value: &RawValue) -> Option<DynamicValue> {
        Some(encoded(&self.ty, value))
    }

    pub(crate) async fn validate(&self, config: &RawValue) -> Vec<pb::Diagnostic> {
        self.validate_sent(self.encoded(config), true).await
    }

    pub(crate) async fn validate_sent(
        &self,
        config: Option<DynamicValue>,
        write_only: bool,
    ) -> Vec<pb::Diagnostic> {
        let client_capabilities = write_only
            .then(|| pb::ClientCapabilities { write_only_attributes_allowed: true, ..Default::default() });
        let request = pb::validate_resource_config::Request {
            type_name: self.name.into(),
            config,
            client_capabilities,
        };
        self.host.client.clone().validate_resource_config(request).await.unwrap().into_inner().diagnostics
    }

    /// Plans `config` over `prior` as a host would.
    pub(crate) async fn plan(&self, prior: &RawValue, config: &RawValue) -> Planned {
        let proposed = schema::proposed(&self.block, prior, config);
        self.plan_with(prior, &proposed, config, Bytes::new()).await
    }

    pub(crate) async fn plan_with(
        &self,
        prior: &RawValue,
        proposed: &RawValue,
        config: &RawValue,
        prior_private: Bytes,
    ) -> Planned {
        let request = pb::plan_resource_change::Request {
            type_name: self.name.into(),
            prior_state: self.encoded(prior),
            proposed_new_state: self.encoded(proposed),
            config: self.encoded(config),
            prior_private,
            ..Default::default()
        };
        let answer = self.host.client.clone().plan_resource_change(request).await.unwrap().into_inner();
        assert!(!answer.legacy_type_system && answer.deferred.is_none());
        Planned {
            value: decoded(&self.ty, answer.planned_state).unwrap_or(RawValue::Null),
            replace: answer.requires_replace.iter().map(path).collect(),
            private: answer.planned_private,
            diagnostics: answer.diagnostics,
        }
    }

    /// Plans, which has to succeed, and applies.
    pub(crate) async fn change(&self, prior: &RawValue, config: &RawValue) -> State {
        let planned = self.plan(prior, config).await;
        assert_eq!(told(&planned.diagnostics), Vec::<String>::new());
        self.apply(prior, &planned.value, config, planned.private).await
    }

    /// Creates an object, which has to succeed.
    pub(crate) async fn created(&self, config: &RawValue) -> RawValue {
        let state = self.change(&RawValue::Null, config).await;
        assert_eq!(told(&state.diagnostics), Vec::<String>::new());
        state.value.unwrap()
    }

    pub(crate) async fn apply(
        &self,
        prior: &RawValue,
        planned: &RawValue,
        config: &RawValue,
        planned_private: Bytes,
    ) -> State {
        let request = pb::apply_resource_change::Request {
            type_name: self.name.into(),
            prior_state: self.encoded(prior),
            planned_state: self.encoded(planned),
            config: self.encoded(config),
            planned_private,
            ..Default::default()
        };
        let answer = self.host.client.clone().apply_resource_change(request).await.unwrap().into_inner();
        assert!(!answer.legacy_type_system);
        State {
            value: decoded(&self.ty, answer.new_state),
            private: answer.private,
            diagnostics: answer.diagnostics,
        }
    }

    pub(crate) async fn read(&self, current: &RawValue, private: Bytes) -> State {
        let request = pb::read_resource::Request {
            type_name: self.name.into(),
            current_state: self.encoded(current),
            private,
            ..Default::default()
        };
        let answer = self.host.client.clone().read_resource(request).await.unwrap().into_inner();
        State {
            value: decoded(&self.ty, answer.new_state),
            private: answer.private,
            diagnostics: answer.diagnostics,
        }
    }

    pub(crate) async fn read_data(&self, config: &RawValue) -> State {
        let request = pb::read_data_source::Request {
            type_name: self.name.into(),
            config: self.encoded(config),
            ..Default::default()
        };
        let answer = self.host.client.clone().read_data_source(request).await.unwrap().into_inner();
        State {
            value: decoded(&self.ty, answer.state),
            private: Bytes::new(),
            diagnostics: answer.diagnostics,
        }
    }

    pub(crate) async fn upgrade(&self, version: i64, json: &str) -> State {
        let raw_state =
            Some(pb::RawState { json: Bytes::copy_from_slice(json.as_bytes()), ..Default::default() });
        let request = pb::upgrade_resource_state::Request { type_name: self.name.into(), version, raw_state };
        let answer = self.host.client.clone().upgrade_resource_state(request).await.unwrap().into_inner();
        State {
            value: decoded(&self.ty, answer.upgraded_state),
            private: Bytes::new(),
            diagnostics: answer.diagnostics,
        }
    }
}

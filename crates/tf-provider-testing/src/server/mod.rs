//! A provider spoken to as Terraform does it, by gRPC and MessagePack: in the test's own process without a socket, or in
//! a process of its own.

mod announced;
mod answer;
mod connection;
mod diagnostic;
mod json;
mod resource;
pub mod schema;

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::TryStreamExt as _;
use serde_json::Value;
use tf_provider::proto::tfplugin6 as pb;
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tf_provider::{FunctionError, Provider};
use tonic::transport::Channel;
use tonic::{Response, Status};

use self::announced::Schemas;

pub use self::answer::{ActionEvent, Listed, MoveSource, Opened, Planned, Renewed, State};
use self::connection::connect_to;
pub use self::connection::{client, connect};
pub use self::diagnostic::{Diagnostic, Diagnostics, path};
pub use self::json::UNKNOWN;
pub use tf_provider::Severity;

/// Version that the provider is told of: the first Terraform that speaks all of the protocol.
const TERRAFORM_VERSION: &str = "1.16.0";

/// A provider in this process, or in one of its own.
///
/// Values are JSON in Terraform's form; what is known only after apply reads [`UNKNOWN`], and a dynamic value is an
/// object of `type` and `value`. In a configuration, attributes and blocks can be left out.
/// Each call is one call of the protocol and nothing more: a host validates before it plans, and reads after an
/// import. Clones speak with the same provider.
///
/// What the provider refuses is in the answer's diagnostics. A call that breaks, a type that the provider does not
/// announce, and a value that is not of its schema are faults no host would get to see, and panic.
#[derive(Clone)]
pub struct Server {
    channel: Channel,
    schemas: Arc<Schemas>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

/// The answer of a call.
fn answer<T>(call: &str, answer: Result<Response<T>, Status>) -> T {
    match answer {
        Ok(response) => response.into_inner(),
        Err(status) => panic!("{call} broke: {status}"),
    }
}

/// All that came of a stream.
fn whole<T>(call: &str, events: Result<Vec<T>, Status>) -> Vec<T> {
    match events {
        Ok(events) => events,
        Err(status) => panic!("{call} broke: {status}"),
    }
}

impl Server {
    /// The provider `P` in this process, which has told its schemas, and is not configured.
    ///
    /// # Panics
    /// When its schemas have faults.
    pub async fn start<P: Provider>() -> Self {
        Self::over(connect::<P>().await).await
    }

    /// A provider in a process of its own, with an environment of its own: by what it says `TF_REATTACH_PROVIDERS` is
    /// ([`DebuggedProvider::reattach`](crate::terraform::DebuggedProvider::reattach)).
    ///
    /// # Panics
    /// When it cannot be reached, or its schemas have faults.
    pub async fn attach(reattach: &str) -> Self {
        Self::over(connect_to(reattach).await).await
    }

    async fn over(channel: Channel) -> Self {
        let mut client = client(channel.clone());
        let announced = client.get_provider_schema(pb::get_provider_schema::Request {}).await;
        let announced = answer("GetProviderSchema", announced);
        Diagnostics::from(announced.diagnostics.clone()).expect_success();
        let request = pb::get_resource_identity_schemas::Request {};
        let identities =
            answer("GetResourceIdentitySchemas", client.get_resource_identity_schemas(request).await);
        Diagnostics::from(identities.diagnostics).expect_success();
        let schemas = Arc::new(Schemas { announced, identities: identities.identity_schemas });
        Self { channel, schemas }
    }

    /// A client of the raw calls, for what no well-behaved host sends.
    pub fn client(&self) -> ProviderClient<Channel> {
        client(self.channel.clone())
    }

    /// The connection, for calls that no client knows.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// The schemas as the provider announced them.
    pub fn schemas(&self) -> &pb::get_provider_schema::Response {
        &self.schemas.announced
    }

    // === the provider itself ===

    /// ValidateProviderConfig.
    pub async fn validate_provider(&self, config: Value) -> Diagnostics {
        let shape = self.schemas.provider();
        let config = shape.sent(&shape.config(&config));
        let request = pb::validate_provider_config::Request { config };
        let response = self.client().validate_provider_config(request).await;
        Diagnostics::from(answer("ValidateProviderConfig", response).diagnostics)
    }

    /// ConfigureProvider.
    pub async fn configure(&self, config: Value) -> Diagnostics {
        let shape = self.schemas.provider();
        let request = pb::configure_provider::Request {
            terraform_version: TERRAFORM_VERSION.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let response = self.client().configure_provider(request).await;
        Diagnostics::from(answer("ConfigureProvider", response).diagnostics)
    }

    /// StopProvider: what runs is cut short, as by ctrl-C.
    pub async fn stop(&self) {
        let response = self.client().stop_provider(pb::stop_provider::Request {}).await;
        let error = answer("StopProvider", response).error;
        assert!(error.is_empty(), "StopProvider failed: {error}");
    }

    // === data sources and functions ===

    /// ValidateDataResourceConfig.
    pub async fn validate_data_source(&self, type_name: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.data_source(type_name);
        let request = pb::validate_data_resource_config::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
        };
        let response = self.client().validate_data_resource_config(request).await;
        Diagnostics::from(answer("ValidateDataResourceConfig", response).diagnostics)
    }

    /// ReadDataSource; the answer has neither identity nor private data.
    pub async fn read_data_source(&self, type_name: &str, config: Value) -> State {
        let shape = self.schemas.data_source(type_name);
        let request = pb::read_data_source::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
            ..Default::default()
        };
        let response = answer("ReadDataSource", self.client().read_data_source(request).await);
        State {
            value: shape.told(response.state),
            diagnostics: Diagnostics::from(response.diagnostics),
            ..State::absent()
        }
    }

    /// CallFunction.
    ///
    /// # Errors
    /// What the function finds wrong with its arguments.
    pub async fn call_function(&self, name: &str, arguments: &[Value]) -> Result<Value, FunctionError> {
        let function = self.schemas.function(name);
        let parameters = function.parameters.iter().chain(function.variadic_parameter.iter().cycle());
        let sent: Vec<_> = arguments
            .iter()
            .zip(parameters)
            .map(|(argument, parameter)| {
                let of = format!("parameter {} of {name}", parameter.name);
                announced::sent(&announced::parsed(&parameter.r#type, &of), argument, &of)
            })
            .collect();
        assert!(sent.len() == arguments.len(), "{name} has only {} parameters", sent.len());
        let request = pb::call_function::Request { name: name.to_owned(), arguments: sent };
        let response = answer("CallFunction", self.client().call_function(request).await);
        if let Some(error) = response.error {
            return Err(FunctionError { text: error.text, argument: error.function_argument });
        }
        let of = format!("result of {name}");
        let Some(result) = &function.r#return else { panic!("{name} announces no result") };
        Ok(announced::told(&announced::parsed(&result.r#type, &of), response.result, &of))
    }

    // === ephemeral resources ===

    /// ValidateEphemeralResourceConfig.
    pub async fn validate_ephemeral(&self, type_name: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.ephemeral(type_name);
        let request = pb::validate_ephemeral_resource_config::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
        };
        let response = self.client().validate_ephemeral_resource_config(request).await;
        Diagnostics::from(answer("ValidateEphemeralResourceConfig", response).diagnostics)
    }

    /// OpenEphemeralResource.
    pub async fn open_ephemeral(&self, type_name: &str, config: Value) -> Opened {
        let shape = self.schemas.ephemeral(type_name);
        let request = pb::open_ephemeral_resource::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let response = answer("OpenEphemeralResource", self.client().open_ephemeral_resource(request).await);
        Opened {
            value: shape.told(response.result),
            renew_at: response.renew_at.map(time),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// RenewEphemeralResource, with what opening or the last renewal left.
    pub async fn renew_ephemeral(&self, type_name: &str, private: Option<Bytes>) -> Renewed {
        let request = pb::renew_ephemeral_resource::Request { type_name: type_name.to_owned(), private };
        let response = self.client().renew_ephemeral_resource(request).await;
        let response = answer("RenewEphemeralResource", response);
        Renewed {
            renew_at: response.renew_at.map(time),
            private: response.private,
            diagnostics: Diagnostics::from(response.diagnostics),
        }
    }

    /// CloseEphemeralResource, with what opening left.
    pub async fn close_ephemeral(&self, type_name: &str, private: Option<Bytes>) -> Diagnostics {
        let request = pb::close_ephemeral_resource::Request { type_name: type_name.to_owned(), private };
        let response = self.client().close_ephemeral_resource(request).await;
        Diagnostics::from(answer("CloseEphemeralResource", response).diagnostics)
    }

    // === list resources ===

    /// ListResource: all that comes until the stream ends, at most `limit` objects.
    pub async fn list(
        &self,
        type_name: &str,
        config: Value,
        limit: i64,
        include_resource: bool,
    ) -> Vec<Listed> {
        let shape = self.schemas.list(type_name);
        let request = pb::list_resource::Request {
            type_name: type_name.to_owned(),
            config: shape.sent(&shape.config(&config)),
            include_resource_object: include_resource,
            limit,
        };
        let events = answer("ListResource", self.client().list_resource(request).await);
        let listed = events.map_ok(|event| Listed::of(&self.schemas, type_name, event));
        whole("ListResource", listed.try_collect().await)
    }

    // === actions ===

    /// PlanAction.
    pub async fn plan_action(&self, action_type: &str, config: Value) -> Diagnostics {
        let shape = self.schemas.action(action_type);
        let request = pb::plan_action::Request {
            action_type: action_type.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        Diagnostics::from(answer("PlanAction", self.client().plan_action(request).await).diagnostics)
    }

    /// InvokeAction: all that comes until the stream ends.
    pub async fn invoke_action(&self, action_type: &str, config: Value) -> Vec<ActionEvent> {
        let shape = self.schemas.action(action_type);
        let request = pb::invoke_action::Request {
            action_type: action_type.to_owned(),
            config: shape.sent(&shape.config(&config)),
            client_capabilities: capabilities(),
        };
        let events = answer("InvokeAction", self.client().invoke_action(request).await);
        whole("InvokeAction", events.map_ok(ActionEvent::of).try_collect().await)
    }

    fn identity(&self, type_name: &str, identity: Option<&Value>) -> Option<pb::ResourceIdentityData> {
        identity.map(|identity| self.schemas.identity_sent(type_name, identity))
    }

    fn told_identity(&self, type_name: &str, identity: Option<pb::ResourceIdentityData>) -> Option<Value> {
        identity.map(|identity| self.schemas.identity_told(type_name, identity))
    }
}

impl Listed {
    fn of(schemas: &Schemas, type_name: &str, event: pb::list_resource::Event) -> Self {
        Self {
            display_name: event.display_name,
            identity: event.identity.map(|it| schemas.identity_told(type_name, it)),
            resource: event.resource_object.map(|it| schemas.resource(type_name).told(Some(it))),
            diagnostics: Diagnostics::from(event.diagnostic),
        }
    }
}

impl ActionEvent {
    fn of(event: pb::invoke_action::Event) -> Self {
        use pb::invoke_action::event::Type;
        match event.r#type {
            Some(Type::Progress(progress)) => Self::Progress(progress.message),
            Some(Type::Completed(completed)) => Self::Completed(Diagnostics::from(completed.diagnostics)),
            None => panic!("an event of an action is neither progress nor its end: Terraform panics on it"),
        }
    }
}

/// What the host is able to do: nothing is deferred, so that every answer is whole.
#[allow(clippy::unnecessary_wraps, reason = "requests have it as an option")]
fn capabilities() -> Option<pb::ClientCapabilities> {
    Some(pb::ClientCapabilities { write_only_attributes_allowed: true, ..Default::default() })
}

fn time(timestamp: prost_types::Timestamp) -> SystemTime {
    match SystemTime::try_from(timestamp) {
        Ok(time) => time,
        Err(error) => panic!("a time to renew at that is none: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pb::invoke_action::event::{Completed, Progress, Type};
    use serde_json::json;
    use tf_provider::value::{RawValue, Type as ValueType, msgpack};

    use super::*;

    fn schemas() -> Schemas {
        let name = || pb::schema::Attribute {
            name: "name".into(),
            r#type: "\"string\"".into(),
            required: true,
            ..Default::default()
        };
        let block = pb::schema::Block { attributes: vec![name()], ..Default::default() };
        let schema = pb::Schema { version: 0, block: Some(block) };
        let identity = pb::resource_identity_schema::IdentityAttribute {
            name: "name".into(),
            r#type: "\"string\"".into(),
            ..Default::default()
        };
        let identity = pb::ResourceIdentitySchema { version: 0, identity_attributes: vec![identity] };
        Schemas {
            announced: pb::get_provider_schema::Response {
                resource_schemas: BTreeMap::from([("thing".to_owned(), schema)]),
                ..Default::default()
            },
            identities: BTreeMap::from([("thing".to_owned(), identity)]),
        }
    }

    fn named(name: &str) -> pb::DynamicValue {
        let ty = ValueType::object([("name", ValueType::String)]);
        let value = RawValue::from([("name", RawValue::from(name))]);
        pb::DynamicValue { msgpack: msgpack::encode(&ty, &value).unwrap().into(), json: Bytes::new() }
    }

    #[test]
    fn listed_object_has_its_identity_and_where_asked_for_its_value() {
        let identity = Some(pb::ResourceIdentityData { identity_data: Some(named("a")) });
        let event = pb::list_resource::Event {
            identity,
            display_name: "A".into(),
            resource_object: Some(named("a")),
            diagnostic: Vec::new(),
        };
        let listed = Listed::of(&schemas(), "thing", event);
        assert_eq!((listed.display_name.as_str(), listed.identity), ("A", Some(json!({"name": "a"}))));
        assert_eq!(listed.resource, Some(json!({"name": "a"})));
        let mut fault = pb::Diagnostic { summary: "No more".into(), ..Default::default() };
        fault.set_severity(pb::diagnostic::Severity::Error);
        let event = pb::list_resource::Event { diagnostic: vec![fault], ..Default::default() };
        let listed = Listed::of(&schemas(), "thing", event);
        assert!(listed.identity.is_none() && listed.resource.is_none());
        listed.diagnostics.expect_error("No more", "");
    }

    fn event(event: Option<Type>) -> ActionEvent {
        ActionEvent::of(pb::invoke_action::Event { r#type: event })
    }

    #[test]
    fn action_tells_its_progress_and_its_end() {
        let progress = event(Some(Type::Progress(Progress { message: "half".into() })));
        assert_eq!(progress, ActionEvent::Progress("half".to_owned()));
        let completed = event(Some(Type::Completed(Completed::default())));
        assert_eq!(completed, ActionEvent::Completed(Diagnostics::default()));
    }

    #[test]
    #[should_panic(expected = "neither progress nor its end")]
    fn event_of_an_action_that_says_nothing_is_a_fault() {
        event(None);
    }
}

//! A provider spoken to as Terraform does it, by gRPC and MessagePack: in the test's own process without a socket, or in
//! a process of its own.

mod action;
mod announced;
mod answer;
mod connection;
mod diagnostic;
mod ephemeral;
mod json;
mod list;
mod resource;
pub mod schema;

use std::fmt;
use std::sync::Arc;

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

    fn identity(&self, type_name: &str, identity: Option<&Value>) -> Option<pb::ResourceIdentityData> {
        identity.map(|identity| self.schemas.identity_sent(type_name, identity))
    }

    fn told_identity(&self, type_name: &str, identity: Option<pb::ResourceIdentityData>) -> Option<Value> {
        identity.map(|identity| self.schemas.identity_told(type_name, identity))
    }
}

/// What the host is able to do: nothing is deferred, so that every answer is whole.
#[allow(clippy::unnecessary_wraps, reason = "requests have it as an option")]
fn capabilities() -> Option<pb::ClientCapabilities> {
    Some(pb::ClientCapabilities { write_only_attributes_allowed: true, ..Default::default() })
}

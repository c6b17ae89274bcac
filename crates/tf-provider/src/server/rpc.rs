//! The edge: the protocol's service, implemented by the three stages of each RPC.
//!
//! A panic anywhere becomes an error diagnostic of that RPC, and the next RPC answers.

use std::future::Future;
use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use tonic::{Request, Response, Status, Streaming};

use super::{ProviderServer, guard};
use crate::diagnostics::Diagnostics;
use crate::from_proto;
use crate::proto::tfplugin6 as pb;
use crate::proto::tfplugin6::provider_server;
use crate::provider::Provider;
use crate::to_proto;

type Answer<T> = Result<Response<T>, Status>;
type Events<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// An answer that can consist of nothing but diagnostics.
trait Report: Default {
    fn report(diagnostics: Vec<pb::Diagnostic>) -> Self;
}

macro_rules! report {
    ($($rpc:ident),+ $(,)?) => {$(
        impl Report for pb::$rpc::Response {
            #[allow(clippy::needless_update, reason = "some answers have no other field")]
            fn report(diagnostics: Vec<pb::Diagnostic>) -> Self {
                pb::$rpc::Response { diagnostics, ..Default::default() }
            }
        }
    )+};
}

report!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    get_functions,
    validate_provider_config,
    configure_provider,
    validate_resource_config,
    validate_data_resource_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    generate_resource_config,
    read_data_source,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    validate_list_resource_config,
    validate_action_config,
    plan_action,
    validate_state_store,
    configure_state_store,
    get_states,
    write_state_bytes,
    delete_state,
    lock_state,
    unlock_state,
);

/// Runs the stages of one RPC; whatever fails in them is reported in the answer.
async fn answer<T: Report>(
    rpc: &'static str,
    stages: impl Future<Output = Result<T, Diagnostics>>,
) -> Answer<T> {
    tracing::debug!(tf_rpc = rpc, "request");
    let reported = |diagnostics: Diagnostics| T::report(to_proto::diagnostics(diagnostics));
    let response = match guard(stages).await {
        Ok(Ok(response)) => response,
        Ok(Err(diagnostics)) => reported(diagnostics),
        Err(panic) => reported(panic.into()),
    };
    tracing::debug!(tf_rpc = rpc, "answer");
    Ok(Response::new(response))
}

/// What a type is answered that belongs to a concept this provider has nothing of.
fn unsupported<T: Report>(concept: &str, type_name: &str) -> Answer<T> {
    let diagnostics = from_proto::unknown_type(concept, type_name);
    Ok(Response::new(T::report(to_proto::diagnostics(diagnostics))))
}

/// A stream of one event.
fn one_event<T: Send + 'static>(event: T) -> Answer<Events<T>> {
    stream_of(stream::iter([event]))
}

fn stream_of<T: 'static>(events: impl Stream<Item = T> + Send + 'static) -> Answer<Events<T>> {
    Ok(Response::new(Box::pin(events.map(Ok))))
}

/// Implements the service: calls with one answer by their stages, the others as they are written.
///
/// The stages of a call are the three files that carry its name; an `Err` is an answer of diagnostics alone.
macro_rules! service {
    ($($call:ident $name:literal |$server:ident, $request:ident| $stages:block)* { $($others:tt)* }) => {
        #[tonic::async_trait]
        impl<P: Provider> provider_server::Provider for ProviderServer<P> {
            $(
                async fn $call(&self, request: Request<pb::$call::Request>) -> Answer<pb::$call::Response> {
                    let ($server, $request) = (self, request.into_inner());
                    answer($name, async move { $stages }).await
                }
            )*

            $($others)*
        }
    };
}

service! {
    // === what the provider offers ===

    get_metadata "GetMetadata" |server, _request| {
        Ok(to_proto::get_provider_schema::metadata(&server.registry))
    }

    get_provider_schema "GetProviderSchema" |server, _request| {
        Ok(server.schema())
    }

    get_resource_identity_schemas "GetResourceIdentitySchemas" |server, _request| {
        Ok(to_proto::get_provider_schema::identities(&server.registry))
    }

    get_functions "GetFunctions" |server, _request| {
        Ok(to_proto::get_provider_schema::functions(&server.registry))
    }

    // === the provider itself ===

    validate_provider_config "ValidateProviderConfig" |server, request| {
        let config = from_proto::validate_provider_config::request(&server.definition, request)?;
        Err(super::validate_provider_config::handle(server, &config))
    }

    configure_provider "ConfigureProvider" |server, request| {
        let config = from_proto::configure_provider::request(&server.definition, request)?;
        Err(super::configure_provider::handle(server, config).await)
    }

    // === managed resources ===

    validate_resource_config "ValidateResourceConfig" |server, request| {
        let request = from_proto::validate_resource_config::request(&server.registry, request)?;
        Err(super::validate_resource_config::handle(request))
    }

    upgrade_resource_state "UpgradeResourceState" |server, request| {
        let request = from_proto::upgrade_resource_state::request(&server.registry, request)?;
        Ok(to_proto::upgrade_resource_state::response(super::upgrade_resource_state::handle(request)))
    }

    upgrade_resource_identity "UpgradeResourceIdentity" |server, request| {
        let request = from_proto::upgrade_resource_identity::request(&server.registry, request)?;
        Ok(to_proto::upgrade_resource_identity::response(super::upgrade_resource_identity::handle(&request)?))
    }

    read_resource "ReadResource" |server, request| {
        let request = from_proto::read_resource::request(&server.registry, request)?;
        Ok(to_proto::read_resource::response(super::read_resource::handle(server, request).await))
    }

    plan_resource_change "PlanResourceChange" |server, request| {
        let request = from_proto::plan_resource_change::request(&server.registry, request)?;
        Ok(to_proto::plan_resource_change::response(super::plan_resource_change::handle(server, request)))
    }

    apply_resource_change "ApplyResourceChange" |server, request| {
        let request = from_proto::apply_resource_change::request(&server.registry, request)?;
        Ok(to_proto::apply_resource_change::response(super::apply_resource_change::handle(server, request).await))
    }

    import_resource_state "ImportResourceState" |server, request| {
        let request = from_proto::import_resource_state::request(&server.registry, request)?;
        Ok(to_proto::import_resource_state::response(super::import_resource_state::handle(server, request).await))
    }

    move_resource_state "MoveResourceState" |server, request| {
        let request = from_proto::move_resource_state::request(&server.registry, request)?;
        Ok(to_proto::move_resource_state::response(super::move_resource_state::handle(server, request)?))
    }

    generate_resource_config "GenerateResourceConfig" |server, request| {
        let request = from_proto::generate_resource_config::request(&server.registry, request)?;
        Ok(to_proto::generate_resource_config::response(super::generate_resource_config::handle(request)))
    }

    // === data sources ===

    validate_data_resource_config "ValidateDataResourceConfig" |server, request| {
        let request = from_proto::validate_data_resource_config::request(&server.registry, request)?;
        Err(super::validate_data_resource_config::handle(request))
    }

    read_data_source "ReadDataSource" |server, request| {
        let request = from_proto::read_data_source::request(&server.registry, request)?;
        Ok(to_proto::read_data_source::response(super::read_data_source::handle(server, request).await))
    }

    // === ephemeral resources ===

    validate_ephemeral_resource_config "ValidateEphemeralResourceConfig" |server, request| {
        let request = from_proto::validate_ephemeral_resource_config::request(&server.registry, request)?;
        Err(super::validate_ephemeral_resource_config::handle(request))
    }

    open_ephemeral_resource "OpenEphemeralResource" |server, request| {
        let request = from_proto::open_ephemeral_resource::request(&server.registry, request)?;
        let response = super::open_ephemeral_resource::handle(server, request).await;
        Ok(to_proto::open_ephemeral_resource::response(response))
    }

    renew_ephemeral_resource "RenewEphemeralResource" |server, request| {
        let request = from_proto::renew_ephemeral_resource::request(&server.registry, request)?;
        let response = super::renew_ephemeral_resource::handle(server, request).await;
        Ok(to_proto::renew_ephemeral_resource::response(response))
    }

    close_ephemeral_resource "CloseEphemeralResource" |server, request| {
        let request = from_proto::close_ephemeral_resource::request(&server.registry, request)?;
        Err(super::close_ephemeral_resource::handle(server, request).await)
    }

    // === list resources ===

    validate_list_resource_config "ValidateListResourceConfig" |server, request| {
        let request = from_proto::validate_list_resource_config::request(&server.registry, request)?;
        Err(super::validate_list_resource_config::handle(request))
    }

    // === actions ===

    validate_action_config "ValidateActionConfig" |server, request| {
        let request = from_proto::validate_action_config::request(&server.registry, request)?;
        Err(super::validate_action_config::handle(request))
    }

    plan_action "PlanAction" |server, request| {
        let request = from_proto::plan_action::request(&server.registry, request)?;
        Ok(to_proto::plan_action::response(super::plan_action::handle(server, request)))
    }

    // === state stores: there are none ===

    get_states "GetStates" |_server, request| {
        Err(from_proto::unknown_type("state store", &request.type_name))
    }

    delete_state "DeleteState" |_server, request| {
        Err(from_proto::unknown_type("state store", &request.type_name))
    }

    lock_state "LockState" |_server, request| {
        Err(from_proto::unknown_type("state store", &request.type_name))
    }

    unlock_state "UnlockState" |_server, request| {
        Err(from_proto::unknown_type("state store", &request.type_name))
    }

{
    async fn stop_provider(
        &self,
        _: Request<pb::stop_provider::Request>,
    ) -> Answer<pb::stop_provider::Response> {
        self.stop.stop();
        Ok(Response::new(pb::stop_provider::Response::default()))
    }

    async fn call_function(
        &self,
        request: Request<pb::call_function::Request>,
    ) -> Answer<pb::call_function::Response> {
        let result = guard(async {
            let request = from_proto::call_function::request(&self.registry, request.into_inner())?;
            super::call_function::handle(&request)
        })
        .await;
        let result = result.unwrap_or_else(|panic| {
            Err(crate::function::FunctionError { text: panic.detail, argument: None })
        });
        Ok(Response::new(to_proto::call_function::response(result)))
    }

    type ListResourceStream = Events<pb::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Answer<Self::ListResourceStream> {
        let events = from_proto::list_resource::request(&self.registry, request.into_inner())
            .and_then(|request| super::list_resource::handle(self, request));
        match events {
            Ok(events) => stream_of(events.map(to_proto::list_resource::event)),
            Err(diagnostics) => {
                let event = super::list_resource::Event { diagnostics, ..Default::default() };
                one_event(to_proto::list_resource::event(event))
            }
        }
    }

    type InvokeActionStream = Events<pb::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<pb::invoke_action::Request>,
    ) -> Answer<Self::InvokeActionStream> {
        let events = from_proto::invoke_action::request(&self.registry, request.into_inner())
            .and_then(|request| super::invoke_action::handle(self, request));
        match events {
            Ok(events) => stream_of(events.map(to_proto::invoke_action::event)),
            Err(diagnostics) => {
                one_event(to_proto::invoke_action::event(super::invoke_action::Event::Completed(diagnostics)))
            }
        }
    }

    async fn validate_state_store_config(
        &self,
        request: Request<pb::validate_state_store::Request>,
    ) -> Answer<pb::validate_state_store::Response> {
        unsupported("state store", &request.into_inner().type_name)
    }

    async fn configure_state_store(
        &self,
        request: Request<pb::configure_state_store::Request>,
    ) -> Answer<pb::configure_state_store::Response> {
        // Terraform reads the capabilities before the diagnostics: they must be there.
        let diagnostics = from_proto::unknown_type("state store", &request.into_inner().type_name);
        Ok(Response::new(pb::configure_state_store::Response {
            diagnostics: to_proto::diagnostics(diagnostics),
            capabilities: Some(pb::StateStoreServerCapabilities::default()),
        }))
    }

    type ReadStateBytesStream = Events<pb::read_state_bytes::Response>;

    async fn read_state_bytes(
        &self,
        request: Request<pb::read_state_bytes::Request>,
    ) -> Answer<Self::ReadStateBytesStream> {
        let diagnostics = from_proto::unknown_type("state store", &request.into_inner().type_name);
        one_event(pb::read_state_bytes::Response {
            diagnostics: to_proto::diagnostics(diagnostics),
            ..Default::default()
        })
    }

    async fn write_state_bytes(
        &self,
        request: Request<Streaming<pb::write_state_bytes::RequestChunk>>,
    ) -> Answer<pb::write_state_bytes::Response> {
        let first = request.into_inner().message().await?;
        let type_name = first.and_then(|chunk| chunk.meta).map(|meta| meta.type_name).unwrap_or_default();
        unsupported("state store", &type_name)
    }
}}

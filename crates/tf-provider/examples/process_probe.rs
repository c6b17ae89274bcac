//! A provider without resources, for the tests in `tests/process`.
//!
//! Every call answers empty, except those that make the process itself visible.

use std::pin::Pin;
use std::process::ExitCode;

use bytes::Bytes;
use futures::{Stream, stream};
use tf_provider::process::{self, ProcessOptions, StopHandle};
use tf_provider::proto::tfplugin6 as pb;
use tf_provider::proto::tfplugin6::provider_server::{Provider, ProviderServer};
use tonic::{Request, Response, Status, Streaming};

fn main() -> ExitCode {
    let options = ProcessOptions {
        address: "registry.terraform.io/example/probe",
        name: "terraform-provider-probe",
        version: "1.2.3",
        description: "Shows how a provider process behaves.",
        log_targets: &["process_probe"],
        schema: Some(|| "{\"provider\":{}}\n".to_owned()),
    };
    process::run(options, |stop| ProviderServer::new(Probe { stop }))
}

struct Probe {
    stop: StopHandle,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Implements the service: the calls listed answer empty, the rest follows.
macro_rules! probe {
    ($($call:ident $message:ident;)* { $($rest:tt)* }) => {
        #[tonic::async_trait]
        impl Provider for Probe {
            $(
                async fn $call(
                    &self,
                    _: Request<pb::$message::Request>,
                ) -> Result<Response<pb::$message::Response>, Status> {
                    Ok(Response::new(Default::default()))
                }
            )*
            $($rest)*
        }
    };
}

probe! {
    get_metadata get_metadata;
    get_resource_identity_schemas get_resource_identity_schemas;
    get_functions get_functions;
    validate_resource_config validate_resource_config;
    upgrade_resource_state upgrade_resource_state;
    upgrade_resource_identity upgrade_resource_identity;
    move_resource_state move_resource_state;
    import_resource_state import_resource_state;
    plan_resource_change plan_resource_change;
    generate_resource_config generate_resource_config;
    validate_data_resource_config validate_data_resource_config;
    call_function call_function;
    validate_ephemeral_resource_config validate_ephemeral_resource_config;
    open_ephemeral_resource open_ephemeral_resource;
    renew_ephemeral_resource renew_ephemeral_resource;
    close_ephemeral_resource close_ephemeral_resource;
    validate_list_resource_config validate_list_resource_config;
    validate_action_config validate_action_config;
    plan_action plan_action;
    validate_state_store_config validate_state_store;
    configure_state_store configure_state_store;
    get_states get_states;
    delete_state delete_state;
    lock_state lock_state;
    unlock_state unlock_state;
    {
        async fn get_provider_schema(
            &self,
            _: Request<pb::get_provider_schema::Request>,
        ) -> Result<Response<pb::get_provider_schema::Response>, Status> {
            let provider = pb::Schema { version: 0, block: Some(pb::schema::Block::default()) };
            Ok(Response::new(pb::get_provider_schema::Response { provider: Some(provider), ..Default::default() }))
        }

        /// Writes to standard output, as a careless author would.
        async fn validate_provider_config(
            &self,
            _: Request<pb::validate_provider_config::Request>,
        ) -> Result<Response<pb::validate_provider_config::Response>, Status> {
            #[allow(clippy::print_stdout, reason = "a stray line is what is tried out")]
            {
                println!("stray line");
            }
            Ok(Response::new(Default::default()))
        }

        /// Logs at every level.
        async fn configure_provider(
            &self,
            _: Request<pb::configure_provider::Request>,
        ) -> Result<Response<pb::configure_provider::Response>, Status> {
            process::log::mask("configured-secret");
            tracing::error!("an error");
            tracing::warn!(token = "configured-secret", "a warning with configured-secret");
            tracing::info!("an information");
            tracing::debug!("a detail");
            tracing::trace!({ "@level" = 7, text = "\u{7}\"\n" }, "a trace");
            tracing::trace!("{}", "long ".repeat(50_000));
            Ok(Response::new(Default::default()))
        }

        /// Sends the current state back, whatever its size.
        async fn read_resource(
            &self,
            request: Request<pb::read_resource::Request>,
        ) -> Result<Response<pb::read_resource::Response>, Status> {
            let new_state = request.into_inner().current_state;
            Ok(Response::new(pb::read_resource::Response { new_state, ..Default::default() }))
        }

        async fn read_data_source(
            &self,
            _: Request<pb::read_data_source::Request>,
        ) -> Result<Response<pb::read_data_source::Response>, Status> {
            panic!("a bug of the author");
        }

        /// Runs until told to stop, then returns the state it has got to.
        async fn apply_resource_change(
            &self,
            _: Request<pb::apply_resource_change::Request>,
        ) -> Result<Response<pb::apply_resource_change::Response>, Status> {
            self.stop.token().cancelled_owned().await;
            let new_state = pb::DynamicValue { msgpack: Bytes::from_static(b"\xa7partial"), json: Bytes::new() };
            Ok(Response::new(pb::apply_resource_change::Response {
                new_state: Some(new_state),
                ..Default::default()
            }))
        }

        async fn stop_provider(
            &self,
            _: Request<pb::stop_provider::Request>,
        ) -> Result<Response<pb::stop_provider::Response>, Status> {
            self.stop.stop();
            Ok(Response::new(Default::default()))
        }

        type ListResourceStream = Answers<pb::list_resource::Event>;

        async fn list_resource(
            &self,
            _: Request<pb::list_resource::Request>,
        ) -> Result<Response<Self::ListResourceStream>, Status> {
            Ok(Response::new(Box::pin(stream::empty())))
        }

        type InvokeActionStream = Answers<pb::invoke_action::Event>;

        async fn invoke_action(
            &self,
            _: Request<pb::invoke_action::Request>,
        ) -> Result<Response<Self::InvokeActionStream>, Status> {
            Ok(Response::new(Box::pin(stream::empty())))
        }

        type ReadStateBytesStream = Answers<pb::read_state_bytes::Response>;

        async fn read_state_bytes(
            &self,
            _: Request<pb::read_state_bytes::Request>,
        ) -> Result<Response<Self::ReadStateBytesStream>, Status> {
            Ok(Response::new(Box::pin(stream::empty())))
        }

        async fn write_state_bytes(
            &self,
            _: Request<Streaming<pb::write_state_bytes::RequestChunk>>,
        ) -> Result<Response<pb::write_state_bytes::Response>, Status> {
            Ok(Response::new(Default::default()))
        }
    }
}

//! The edge: the protocol's service, implemented by the three stages of each RPC.
//!
//! A panic anywhere becomes an error diagnostic of that RPC, and the next RPC answers.

use std::future::Future;
use std::pin::Pin;

use futures::{Stream, stream};
use tonic::{Request, Response, Status, Streaming};

use super::{ProviderServer, guard};
use crate::diagnostics::{Diagnostic, Diagnostics};
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
    Ok(Response::new(Box::pin(stream::iter([Ok(event)]))))
}

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for ProviderServer<P> {
    async fn get_metadata(
        &self,
        _: Request<pb::get_metadata::Request>,
    ) -> Answer<pb::get_metadata::Response> {
        answer("GetMetadata", async { Ok(to_proto::get_provider_schema::metadata(&self.registry)) }).await
    }

    async fn get_provider_schema(
        &self,
        _: Request<pb::get_provider_schema::Request>,
    ) -> Answer<pb::get_provider_schema::Response> {
        answer("GetProviderSchema", async { Ok(self.schema()) }).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<pb::get_resource_identity_schemas::Request>,
    ) -> Answer<pb::get_resource_identity_schemas::Response> {
        answer("GetResourceIdentitySchemas", async { Ok(Default::default()) }).await
    }

    async fn get_functions(
        &self,
        _: Request<pb::get_functions::Request>,
    ) -> Answer<pb::get_functions::Response> {
        answer("GetFunctions", async { Ok(to_proto::get_provider_schema::functions(&self.registry)) }).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::validate_provider_config::Request>,
    ) -> Answer<pb::validate_provider_config::Response> {
        answer("ValidateProviderConfig", async {
            let config =
                from_proto::validate_provider_config::request(&self.definition, request.into_inner())?;
            Err(super::validate_provider_config::handle(self, &config))
        })
        .await
    }

    async fn configure_provider(
        &self,
        request: Request<pb::configure_provider::Request>,
    ) -> Answer<pb::configure_provider::Response> {
        answer("ConfigureProvider", async {
            let config = from_proto::configure_provider::request(&self.definition, request.into_inner())?;
            Err(super::configure_provider::handle(self, config).await)
        })
        .await
    }

    async fn stop_provider(
        &self,
        _: Request<pb::stop_provider::Request>,
    ) -> Answer<pb::stop_provider::Response> {
        self.stop.stop();
        Ok(Response::new(pb::stop_provider::Response::default()))
    }

    async fn validate_resource_config(
        &self,
        request: Request<pb::validate_resource_config::Request>,
    ) -> Answer<pb::validate_resource_config::Response> {
        answer("ValidateResourceConfig", async {
            let request =
                from_proto::validate_resource_config::request(&self.registry, request.into_inner())?;
            Err(super::validate_resource_config::handle(request))
        })
        .await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::validate_data_resource_config::Request>,
    ) -> Answer<pb::validate_data_resource_config::Response> {
        answer("ValidateDataResourceConfig", async {
            let request =
                from_proto::validate_data_resource_config::request(&self.registry, request.into_inner())?;
            Err(super::validate_data_resource_config::handle(request))
        })
        .await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::upgrade_resource_state::Request>,
    ) -> Answer<pb::upgrade_resource_state::Response> {
        answer("UpgradeResourceState", async {
            let request = from_proto::upgrade_resource_state::request(&self.registry, request.into_inner())?;
            Ok(to_proto::upgrade_resource_state::response(super::upgrade_resource_state::handle(request)))
        })
        .await
    }

    async fn read_resource(
        &self,
        request: Request<pb::read_resource::Request>,
    ) -> Answer<pb::read_resource::Response> {
        answer("ReadResource", async {
            let request = from_proto::read_resource::request(&self.registry, request.into_inner())?;
            Ok(to_proto::read_resource::response(super::read_resource::handle(self, request).await))
        })
        .await
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::plan_resource_change::Request>,
    ) -> Answer<pb::plan_resource_change::Response> {
        answer("PlanResourceChange", async {
            let request = from_proto::plan_resource_change::request(&self.registry, request.into_inner())?;
            Ok(to_proto::plan_resource_change::response(super::plan_resource_change::handle(self, request)))
        })
        .await
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::apply_resource_change::Request>,
    ) -> Answer<pb::apply_resource_change::Response> {
        answer("ApplyResourceChange", async {
            let request = from_proto::apply_resource_change::request(&self.registry, request.into_inner())?;
            let response = super::apply_resource_change::handle(self, request).await;
            Ok(to_proto::apply_resource_change::response(response))
        })
        .await
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::import_resource_state::Request>,
    ) -> Answer<pb::import_resource_state::Response> {
        answer("ImportResourceState", async {
            let request = from_proto::import_resource_state::request(&self.registry, request.into_inner())?;
            let response = super::import_resource_state::handle(self, request).await;
            Ok(to_proto::import_resource_state::response(response))
        })
        .await
    }

    async fn read_data_source(
        &self,
        request: Request<pb::read_data_source::Request>,
    ) -> Answer<pb::read_data_source::Response> {
        answer("ReadDataSource", async {
            let request = from_proto::read_data_source::request(&self.registry, request.into_inner())?;
            Ok(to_proto::read_data_source::response(super::read_data_source::handle(self, request).await))
        })
        .await
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

    // What follows has no place in this provider yet; each answers as the protocol says for a type that is not there.

    async fn upgrade_resource_identity(
        &self,
        request: Request<pb::upgrade_resource_identity::Request>,
    ) -> Answer<pb::upgrade_resource_identity::Response> {
        unsupported("resource identity", &request.into_inner().type_name)
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::move_resource_state::Request>,
    ) -> Answer<pb::move_resource_state::Response> {
        let request = request.into_inner();
        let diagnostic = Diagnostic::error(
            "Move is not supported",
            format!(
                "A {} cannot be moved to a {}. Remove the moved block, and import the object instead.",
                request.source_type_name, request.target_type_name
            ),
        );
        Ok(Response::new(Report::report(to_proto::diagnostics(diagnostic.into()))))
    }

    async fn generate_resource_config(
        &self,
        request: Request<pb::generate_resource_config::Request>,
    ) -> Answer<pb::generate_resource_config::Response> {
        unsupported("resource with configuration generator", &request.into_inner().type_name)
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<pb::validate_ephemeral_resource_config::Request>,
    ) -> Answer<pb::validate_ephemeral_resource_config::Response> {
        unsupported("ephemeral resource", &request.into_inner().type_name)
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<pb::open_ephemeral_resource::Request>,
    ) -> Answer<pb::open_ephemeral_resource::Response> {
        unsupported("ephemeral resource", &request.into_inner().type_name)
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<pb::renew_ephemeral_resource::Request>,
    ) -> Answer<pb::renew_ephemeral_resource::Response> {
        unsupported("ephemeral resource", &request.into_inner().type_name)
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<pb::close_ephemeral_resource::Request>,
    ) -> Answer<pb::close_ephemeral_resource::Response> {
        unsupported("ephemeral resource", &request.into_inner().type_name)
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<pb::validate_list_resource_config::Request>,
    ) -> Answer<pb::validate_list_resource_config::Response> {
        unsupported("list resource", &request.into_inner().type_name)
    }

    type ListResourceStream = Events<pb::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<pb::list_resource::Request>,
    ) -> Answer<Self::ListResourceStream> {
        let diagnostics = from_proto::unknown_type("list resource", &request.into_inner().type_name);
        one_event(pb::list_resource::Event {
            diagnostic: to_proto::diagnostics(diagnostics),
            ..Default::default()
        })
    }

    async fn validate_action_config(
        &self,
        request: Request<pb::validate_action_config::Request>,
    ) -> Answer<pb::validate_action_config::Response> {
        unsupported("action", &request.into_inner().type_name)
    }

    async fn plan_action(
        &self,
        request: Request<pb::plan_action::Request>,
    ) -> Answer<pb::plan_action::Response> {
        unsupported("action", &request.into_inner().action_type)
    }

    type InvokeActionStream = Events<pb::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<pb::invoke_action::Request>,
    ) -> Answer<Self::InvokeActionStream> {
        use pb::invoke_action::event::{Completed, Type};
        let diagnostics = from_proto::unknown_type("action", &request.into_inner().action_type);
        let completed = Completed { diagnostics: to_proto::diagnostics(diagnostics) };
        one_event(pb::invoke_action::Event { r#type: Some(Type::Completed(completed)) })
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

    async fn get_states(
        &self,
        request: Request<pb::get_states::Request>,
    ) -> Answer<pb::get_states::Response> {
        unsupported("state store", &request.into_inner().type_name)
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

    async fn delete_state(
        &self,
        request: Request<pb::delete_state::Request>,
    ) -> Answer<pb::delete_state::Response> {
        unsupported("state store", &request.into_inner().type_name)
    }

    async fn lock_state(
        &self,
        request: Request<pb::lock_state::Request>,
    ) -> Answer<pb::lock_state::Response> {
        unsupported("state store", &request.into_inner().type_name)
    }

    async fn unlock_state(
        &self,
        request: Request<pb::unlock_state::Request>,
    ) -> Answer<pb::unlock_state::Response> {
        unsupported("state store", &request.into_inner().type_name)
    }
}

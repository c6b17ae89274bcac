//! The services that a host of plugins expects beside the provider itself.

use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};

use crate::proto::health::health_check_response::ServingStatus;
use crate::proto::health::{HealthCheckRequest, HealthCheckResponse, health_server::Health};
use crate::proto::plugin::{
    ConnInfo, Empty, StdioData, grpc_broker_server::GrpcBroker, grpc_controller_server::GrpcController,
    grpc_stdio_server::GrpcStdio,
};

type AnswerStream<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Says nothing until the process ends.
fn silent_until<T: Send + 'static>(end: &CancellationToken) -> AnswerStream<T> {
    Box::pin(stream::pending().take_until(end.clone().cancelled_owned()))
}

/// Health checks; go-plugin asks for the service `plugin`.
#[derive(Debug)]
pub(super) struct HealthService {
    pub(super) end: CancellationToken,
}

impl HealthService {
    fn is_served(service: &str) -> bool {
        matches!(service, "" | "plugin" | "tfplugin6.Provider")
    }
}

#[tonic::async_trait]
impl Health for HealthService {
    type WatchStream = AnswerStream<HealthCheckResponse>;

    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        let HealthCheckRequest { service } = request.into_inner();
        if Self::is_served(&service) {
            Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
        } else {
            Err(Status::not_found(format!("no service {service:?}")))
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        let served = Self::is_served(&request.get_ref().service);
        let status = if served { ServingStatus::Serving } else { ServingStatus::ServiceUnknown };
        let now = stream::iter([Ok(HealthCheckResponse { status: status.into() })]);
        Ok(Response::new(Box::pin(now.chain(silent_until(&self.end)))))
    }
}

/// Ends the process on request.
#[derive(Debug)]
pub(super) struct ControllerService {
    /// Cancelled when the host has asked to end.
    pub(super) shutdown: CancellationToken,
}

#[tonic::async_trait]
impl GrpcController for ControllerService {
    async fn shutdown(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.shutdown.cancel();
        Ok(Response::new(Empty {}))
    }
}

/// The stream of standard output and error.
///
/// It stays silent: logs go to the real standard error, which the host reads too, and nothing else writes.
/// Hosts expect it to stay open all the same.
#[derive(Debug)]
pub(super) struct StdioService {
    pub(super) end: CancellationToken,
}

#[tonic::async_trait]
impl GrpcStdio for StdioService {
    type StreamStdioStream = AnswerStream<StdioData>;

    async fn stream_stdio(&self, _request: Request<()>) -> Result<Response<Self::StreamStdioStream>, Status> {
        Ok(Response::new(silent_until(&self.end)))
    }
}

/// The broker of further connections, which Terraform opens and never uses with providers.
#[derive(Debug)]
pub(super) struct BrokerService {
    pub(super) end: CancellationToken,
}

#[tonic::async_trait]
impl GrpcBroker for BrokerService {
    type StartStreamStream = AnswerStream<ConnInfo>;

    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<Self::StartStreamStream>, Status> {
        // What the host announces is read and dropped; the answer ends when the host ends its half.
        let announced = request.into_inner().filter_map(|_| std::future::ready(None));
        Ok(Response::new(Box::pin(announced.take_until(self.end.clone().cancelled_owned()))))
    }
}

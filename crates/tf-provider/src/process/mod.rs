//! The process around a provider: everything between `main` and the first call.
//!
//! A provider's `main` is a call of [`run`]. The host (Terraform or OpenTofu, through go-plugin) starts the
//! binary, the two agree on a socket and on certificates (`handshake`, `socket`, `tls`), and from then
//! on the host is a gRPC client. Start-up does only what the handshake needs, since a single
//! `terraform apply` starts the process four times and more.
//!
//! Unix only: the socket is a Unix socket, and the end of the host is seen by its process id.

mod arguments;
mod connection;
mod debug;
mod handshake;
mod lifecycle;
pub mod log;
mod services;
mod socket;
mod stop;
mod tls;

use std::error::Error;
use std::io::{self, Write};
use std::os::unix::process::parent_id;
use std::process::ExitCode;

use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;

use crate::proto::health::health_server::HealthServer;
use crate::proto::plugin::grpc_broker_server::GrpcBrokerServer;
use crate::proto::plugin::grpc_controller_server::GrpcControllerServer;
use crate::proto::plugin::grpc_stdio_server::GrpcStdioServer;
use crate::proto::tfplugin6::provider_server::{Provider, ProviderServer};

pub use self::stop::StopHandle;

use self::arguments::Command;
use self::connection::Connections;
use self::handshake::{HandshakeError, Host, SocketPlace};
use self::lifecycle::{Signals, Watch};
use self::services::{BrokerService, ControllerService, HealthService, StdioService};
use self::socket::{Socket, SocketError};
use self::tls::{Tls, TlsError};

/// Largest message in either direction, in bytes: what Terraform allows for everything but schemas.
pub const MAX_MESSAGE_BYTES: usize = 256 << 20;

/// Status of a command line that is not understood.
const EXIT_USAGE: u8 = 2;

/// What a provider's binary is.
#[derive(Clone, Copy, Debug)]
pub struct ProcessOptions {
    /// Full source address, for example `registry.terraform.io/hashicorp/null`.
    pub address: &'static str,
    /// Name of the binary, for example `terraform-provider-null`.
    pub name: &'static str,
    /// Version of the provider, without a leading `v`.
    pub version: &'static str,
    /// What the provider is for, in one sentence.
    pub description: &'static str,
    /// Crates beside the binary whose logs follow the provider's log level, for example `null_client`.
    pub log_targets: &'static [&'static str],
    /// Text that `--schema` prints; without it there is no such argument.
    pub schema: Option<fn() -> String>,
}

impl ProcessOptions {
    /// The name that configurations usually give the provider: the end of its address.
    fn local_name(&self) -> &'static str {
        self.address.rsplit('/').next().unwrap_or(self.address)
    }
}

/// Why the process could not serve.
#[derive(Debug, thiserror::Error)]
enum ProcessError {
    #[error("starting the runtime")]
    Runtime(#[source] io::Error),
    #[error("installing signal handlers")]
    Signals(#[source] io::Error),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Socket(#[from] SocketError),
    #[error("writing to standard output")]
    Output(#[source] io::Error),
    #[error("serving")]
    Serve(#[from] tonic::transport::Error),
}

/// Runs a provider until its host is done with it; the whole `main` of a provider.
///
/// `provider` is called once, after the handshake and within the runtime, with the handle to cancel running
/// calls by: the provider takes a token from it for each call and must call [`StopHandle::stop`] on
/// `StopProvider`. The message limits of the returned server are set here.
///
/// Faults are told on standard error. The status is 0 after an orderly end, 2 for a command line that is not
/// understood, and 1 otherwise, also when the process was not started by Terraform.
pub fn run<S, F>(options: ProcessOptions, provider: F) -> ExitCode
where
    S: Provider,
    F: FnOnce(StopHandle) -> ProviderServer<S>,
{
    let host_pid = parent_id();
    let command = match arguments::parse(std::env::args_os().skip(1), options.schema.is_some()) {
        Ok(command) => command,
        Err(error) => return fail(&options, &error, ExitCode::from(EXIT_USAGE)),
    };
    let mode = match command {
        Command::Version => return print(&options, &format!("{} {}\n", options.name, options.version)),
        Command::Help => return print(&options, &arguments::help(&options)),
        Command::Schema => {
            return print(&options, &options.schema.map(|schema| schema()).unwrap_or_default());
        }
        Command::Debug => Mode::Debug(SocketPlace::read(|name| std::env::var_os(name))),
        Command::Serve => match Host::read(|name| std::env::var_os(name)) {
            Ok(host) => Mode::Plugin { host, pid: host_pid },
            Err(HandshakeError::NoCookie) => {
                tell(&arguments::not_started_by_terraform(&options));
                return ExitCode::FAILURE;
            }
            Err(error) => return fail(&options, &error, ExitCode::FAILURE),
        },
    };
    match serve(&options, mode, provider) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&options, &error, ExitCode::FAILURE),
    }
}

/// Whom the process serves.
enum Mode {
    /// The host that started it.
    Plugin { host: Host, pid: u32 },
    /// Whoever is told about it.
    Debug(SocketPlace),
}

fn serve<S, F>(options: &ProcessOptions, mode: Mode, provider: F) -> Result<(), ProcessError>
where
    S: Provider,
    F: FnOnce(StopHandle) -> ProviderServer<S>,
{
    log::install(options);
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(ProcessError::Runtime)?;
    let result = runtime.block_on(async {
        let signals = Signals::install().map_err(ProcessError::Signals)?;
        let (socket, tls, watch) = open(options, mode)?;
        serve_on(socket, tls, watch, signals, provider).await
    });
    // A blocking call that still runs must not hold up the end.
    runtime.shutdown_background();
    result
}

/// Opens the socket and tells where it is.
fn open(options: &ProcessOptions, mode: Mode) -> Result<(Socket, Option<Tls>, Watch), ProcessError> {
    match mode {
        Mode::Plugin { host, pid } => {
            let tls = host.client_certificate.as_deref().map(Tls::new).transpose()?;
            let socket = Socket::open(&host.socket)?;
            let certificate = tls.as_ref().map(|tls| tls.certificate.as_ref());
            let line = handshake::line(socket.path(), certificate, host.asks_multiplex);
            write_stdout(&line).map_err(ProcessError::Output)?;
            // The host reads nothing after the line; an author's stray print must not block on a full pipe.
            rustix::stdio::dup2_stdout(io::stderr()).map_err(|error| ProcessError::Output(error.into()))?;
            if !host.offers_protocol {
                tracing::warn!("the host does not offer protocol version {}", handshake::APP_PROTOCOL);
            }
            Ok((socket, tls, Watch::Host { pid }))
        }
        Mode::Debug(place) => {
            let socket = Socket::open(&place)?;
            let instructions = debug::instructions(options.address, socket.path());
            write_stdout(&instructions).map_err(ProcessError::Output)?;
            Ok((socket, None, Watch::Debugging))
        }
    }
}

async fn serve_on<S, F>(
    socket: Socket,
    tls: Option<Tls>,
    watch: Watch,
    signals: Signals,
    provider: F,
) -> Result<(), ProcessError>
where
    S: Provider,
    F: FnOnce(StopHandle) -> ProviderServer<S>,
{
    // Removes the socket on every way out.
    let (listener, _socket_path) = socket.split();
    let (stop, shutdown, end) = (StopHandle::new(), CancellationToken::new(), CancellationToken::new());
    let connections = Connections::default();
    let incoming = connection::accept(listener, tls.map(|tls| tls.acceptor), connections.clone());
    let provider = provider(stop.clone())
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let server = Server::builder()
        .add_service(provider)
        .add_service(HealthServer::new(HealthService { end: end.clone() }))
        .add_service(GrpcControllerServer::new(ControllerService { shutdown: shutdown.clone() }))
        .add_service(GrpcStdioServer::new(StdioService { end: end.clone() }))
        .add_service(GrpcBrokerServer::new(BrokerService { end: end.clone() }))
        .serve_with_incoming_shutdown(incoming, end.clone().cancelled_owned());
    tokio::pin!(server);
    let reason = tokio::select! {
        result = &mut server => return Ok(result?),
        reason = lifecycle::wait(watch, signals, &shutdown, &connections) => reason,
    };
    tracing::debug!(?reason, "ending");
    stop.stop();
    end.cancel();
    match timeout(reason.grace(), server).await {
        Ok(result) => Ok(result?),
        Err(_) => {
            tracing::warn!(?reason, "ended with calls still running");
            Ok(())
        }
    }
}

fn write_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn print(options: &ProcessOptions, text: &str) -> ExitCode {
    match write_stdout(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(options, &ProcessError::Output(error), ExitCode::FAILURE),
    }
}

/// Writes to standard error; whether anybody reads it is beyond our reach.
fn tell(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Tells an error with its causes.
fn fail(options: &ProcessOptions, error: &dyn Error, status: ExitCode) -> ExitCode {
    let mut text = format!("{}: {error}", options.name);
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    tell(&(text + "\n"));
    status
}

//! A raw connection to a provider: in this process without a socket, or by the socket of another one.

use std::io;

use futures::stream;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tf_provider::process::{MAX_MESSAGE_BYTES, StopHandle};
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tf_provider::proto::tfplugin6::provider_server;
use tf_provider::{Provider, ProviderServer};
use tokio::net::UnixStream;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

/// Bytes that one side can be ahead of the other.
const BUFFER_BYTES: usize = 1 << 20;

/// A connection to a fresh server for `P`, on which nothing has been asked yet; for tests of the protocol itself.
///
/// The server ends with the last clone of the connection.
///
/// # Panics
/// When the connection does not come about.
pub async fn connect<P: Provider>() -> Channel {
    let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
    let server = ProviderServer::<P>::new(StopHandle::new());
    let service = provider_server::ProviderServer::new(server)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let connections = stream::iter([Ok::<_, io::Error>(theirs)]);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(connections));
    let mut ours = Some(ours);
    let connect = service_fn(move |_: Uri| {
        let ours = ours.take();
        async move { ours.map(TokioIo::new).ok_or_else(|| io::Error::other("the connection was closed")) }
    });
    match Endpoint::from_static("http://localhost").connect_with_connector(connect).await {
        Ok(channel) => channel,
        Err(error) => panic!("connecting to the provider in this process: {error}"),
    }
}

/// A connection to the provider that `TF_REATTACH_PROVIDERS` names, the only one in it.
///
/// # Panics
/// When it names none, or that one cannot be reached.
pub(super) async fn connect_to(reattach: &str) -> Channel {
    let named: Value = serde_json::from_str(reattach).expect("reattach is JSON");
    let provider = named.as_object().and_then(|providers| providers.values().next());
    let socket = provider.and_then(|provider| provider["Addr"]["String"].as_str());
    let socket = socket.expect("reattach names a provider and its socket").to_owned();
    let connect = service_fn(move |_: Uri| {
        let socket = socket.clone();
        async move { UnixStream::connect(socket).await.map(TokioIo::new) }
    });
    match Endpoint::from_static("http://localhost").connect_with_connector(connect).await {
        Ok(channel) => channel,
        Err(error) => panic!("connecting to the provider of {reattach}: {error}"),
    }
}

/// A client of every call on a connection, with the message limits of a host.
pub fn client(channel: Channel) -> ProviderClient<Channel> {
    ProviderClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES)
}

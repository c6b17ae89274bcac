//! A host's side of the connection.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tf_provider::proto::health::health_check_response::ServingStatus;
use tf_provider::proto::health::{HealthCheckRequest, health_client::HealthClient};
use tf_provider::proto::tfplugin6::provider_client::ProviderClient;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use super::certificates::Identity;
use super::probe::{LIMIT, Running};

/// Both TLS versions that hosts use.
pub(crate) const TLS_VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// What a client presents of itself.
#[derive(Clone, Copy)]
pub(crate) enum Presents<'a> {
    Plaintext,
    /// TLS, but no certificate.
    Nothing,
    Certificate(&'a Identity),
}

impl Running {
    /// Connects as the host would, with the latest TLS.
    pub(crate) async fn connect(&self, presents: Presents<'_>) -> Result<Channel> {
        self.connect_over(presents, &TLS13).await
    }

    /// Connects with one TLS version.
    pub(crate) async fn connect_over(
        &self,
        presents: Presents<'_>,
        version: &'static SupportedProtocolVersion,
    ) -> Result<Channel> {
        let tls = match presents {
            Presents::Plaintext => None,
            Presents::Nothing => Some(client_config(self.certificate(), None, version)),
            Presents::Certificate(identity) => {
                Some(client_config(self.certificate(), Some(identity), version))
            }
        };
        channel(self.socket(), tls).await
    }

    /// A client of the provider, for tests of processes without TLS.
    pub(crate) async fn provider(&self) -> ProviderClient<Channel> {
        ProviderClient::new(self.connect(Presents::Plaintext).await.unwrap())
    }

    /// Whether a client that presents this is served.
    pub(crate) async fn serves(
        &self,
        presents: Presents<'_>,
        version: &'static SupportedProtocolVersion,
    ) -> Result<()> {
        // With TLS 1.3 a client hears of its refusal only after its side of the handshake.
        ping(self.connect_over(presents, version).await?).await
    }
}

/// Checks the health of the plugin, as go-plugin's Ping does.
pub(crate) async fn ping(channel: Channel) -> Result<()> {
    let request = HealthCheckRequest { service: "plugin".into() };
    let answer = timeout(LIMIT, HealthClient::new(channel).check(request)).await.context("no answer")??;
    anyhow::ensure!(answer.get_ref().status == i32::from(ServingStatus::Serving));
    Ok(())
}

/// Connects to a socket.
pub(crate) async fn channel(socket: PathBuf, tls: Option<ClientConfig>) -> Result<Channel> {
    let connector = tls.map(|config| TlsConnector::from(Arc::new(config)));
    let connect = service_fn(move |_: Uri| {
        let (socket, connector) = (socket.clone(), connector.clone());
        async move {
            let stream = UnixStream::connect(socket).await?;
            let stream: Box<dyn Stream> = match connector {
                None => Box::new(stream),
                Some(connector) => Box::new(connector.connect(localhost(), stream).await?),
            };
            Ok::<_, std::io::Error>(TokioIo::new(stream))
        }
    });
    let endpoint = Endpoint::from_static("http://localhost").connect_timeout(Duration::from_secs(10));
    Ok(endpoint.connect_with_connector(connect).await?)
}

fn localhost() -> ServerName<'static> {
    ServerName::try_from("localhost").unwrap()
}

/// Trusts nothing but the certificate of the handshake line.
fn client_config(
    root: CertificateDer<'static>,
    identity: Option<&Identity>,
    version: &'static SupportedProtocolVersion,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match identity {
        None => config.with_no_client_auth(),
        Some(identity) => {
            let key = provider.key_provider.load_private_key(identity.key()).unwrap();
            // Not the usual constructor, which refuses a certificate with somebody else's key.
            let certified = CertifiedKey::new(vec![identity.certificate.clone()], key);
            config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

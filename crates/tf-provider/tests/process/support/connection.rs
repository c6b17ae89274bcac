//! Connecting to a provider's socket, with TLS as hosts speak it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use super::certificates::Identity;

/// What a host sets so that a provider takes it for one.
pub(crate) const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

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
pub(crate) fn client_config(
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

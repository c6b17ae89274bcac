//! A server with a certificate of its own, and what is asked of it: root certificates, HTTP/2, time limits.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::USER_AGENT;
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use oci_copy::{Cause, Error, Registry, RetryPolicy};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::*;

/// A certificate for one name, which is its own root, and what was asked under it.
#[derive(Clone)]
pub(crate) struct Encrypted {
    acceptor: TlsAcceptor,
    pub(crate) pem: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Encrypted {
    pub(crate) fn new(name: &str, protocols: &[&str]) -> Self {
        let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let chain = vec![CertificateDer::from(made.cert.der().to_vec())];
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = config.unwrap().with_no_client_auth().with_single_cert(chain, key.into()).unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self { acceptor: Arc::new(config).into(), pem: made.cert.pem(), requests: Arc::default() }
    }

    /// Encrypts the server's side of a connection; none when the client does not trust it.
    pub(crate) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Option<TlsStream<S>> {
        self.acceptor.accept(stream).await.ok()
    }

    /// Answers 404 to everything on a connection.
    pub(crate) async fn serve(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let Some(stream) = self.accept(stream).await else { return };
        let requests = Arc::clone(&self.requests);
        let service = hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
            let seen = format!(
                "{:?} {} {} {}",
                request.version(),
                request.method(),
                request.uri().path(),
                agent.unwrap_or("?")
            );
            requests.lock().unwrap().push(seen);
            let answer = http::Response::builder().status(404).body(Empty::<Bytes>::new());
            std::future::ready(answer)
        });
        // A client that goes away is no failure of the server.
        let _ =
            auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    }

    /// Version, method, path and user agent of each request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// Serves on a port of loopback, whose address this is.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        address.to_string()
    }
}

/// Asks for a tag that is not there, once.
async fn ask(address: &str, pem: Option<&str>) -> Result<(), Error> {
    let mut builder = Registry::builder(format!("https://{address}"))
        .user_agent("test/1")
        .retry(RetryPolicy::default().with_attempts(1));
    if let Some(pem) = pem {
        builder = builder.certificates(pem);
    }
    let found = builder.build().unwrap().head_manifest(ALPINE, &tag("3.20")).await?;
    assert_eq!(found, None);
    Ok(())
}

#[tokio::test]
async fn given_root_certificate_is_trusted_and_no_other() {
    let server = Encrypted::new("127.0.0.1", &["http/1.1"]);
    let address = server.start().await;
    let other = Encrypted::new("127.0.0.1", &["http/1.1"]);
    for pem in [None, Some(other.pem.as_str())] {
        let error = ask(&address, pem).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { cause: Cause::Tls, .. }), "{error}");
    }
    assert_eq!(server.requests(), [""; 0]);
    let both = format!("{}{}", other.pem, server.pem);
    ask(&address, Some(&both)).await.unwrap();
    assert_eq!(server.requests(), ["HTTP/1.1 HEAD /v2/library/alpine/manifests/3.20 test/1"]);
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it() {
    let server = Encrypted::new("127.0.0.1", &["h2", "http/1.1"]);
    ask(&server.start().await, Some(&server.pem)).await.unwrap();
    assert_eq!(server.requests(), ["HTTP/2.0 HEAD /v2/library/alpine/manifests/3.20 test/1"]);
}

#[tokio::test]
async fn server_that_never_finishes_the_handshake_is_given_up_after_ten_seconds() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let begun = Instant::now();
    let error = ask(&address, None).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { cause: Cause::Timeout, .. }), "{error}");
    assert!(error.to_string().contains("no connection within 10 seconds"), "{error}");
    // Without a limit of its own, the handshake has the minute that a request may take.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

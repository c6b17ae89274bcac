//! Connections of a registry client: straight or through a proxy, encrypted, within a time limit.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::message::Body;
use crate::policy::CheckedResolver;

/// Longest time for a connection to come about, encryption and proxy included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection without requests is kept.
const POOL_TIMEOUT: Duration = Duration::from_secs(90);
/// Silence after which the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_TRIES: u32 = 3;
/// Most bytes that a connection of HTTP/1 reads at once: no piece of a body is larger, and no head of an answer. Pieces of
/// HTTP/2 are smaller by themselves.
///
/// hyper's own limit is 408 KiB, which a thousand downloads at a time hold a thousand times. A fixed size, since hyper's
/// buffers that grow with what comes overshoot their limit.
pub(crate) const LARGEST_PIECE: usize = 32 * 1024;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Plain = HttpConnector<CheckedResolver>;
type Connection = MaybeHttpsStream<TokioIo<TcpStream>>;

/// Sends requests over connections that it keeps.
pub(crate) type HttpClient = Client<Connector, Body>;

/// Makes a client that uses `proxies`, if there are any, and trusts the platform's root certificates and `roots`.
///
/// # Errors
/// When the platform's root certificates cannot be read, or `roots` hold what is no certificate.
pub(crate) fn http_client(
    resolver: CheckedResolver,
    user_agent: &HeaderValue,
    roots: &[CertificateDer<'static>],
    proxies: Option<Matcher>,
) -> Result<HttpClient, rustls::Error> {
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(KEEPALIVE));
    tcp.set_keepalive_interval(Some(KEEPALIVE));
    tcp.set_keepalive_retries(Some(KEEPALIVE_TRIES));
    // Shared out among the addresses of a name, so that a dead one leaves time for the next.
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));

    let tls = tls(roots)?;
    let to_proxy = HttpsConnector::from((tcp.clone(), tls.clone()));
    let route = Route { tcp, to_proxy, proxies: proxies.map(Arc::new), user_agent: user_agent.clone() };
    let mut with_alpn = tls;
    with_alpn.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = Connector(HttpsConnector::from((route, with_alpn)));

    Ok(Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_TIMEOUT)
        .http1_read_buf_exact_size(LARGEST_PIECE)
        .build(connector))
}

fn tls(roots: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = Verifier::new_with_extra_roots(roots.iter().cloned(), Arc::clone(&provider))?;
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// Brings a connection about, or says that it took too long.
#[derive(Clone, Debug)]
pub(crate) struct Connector(HttpsConnector<Route>);

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Connection>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let connecting = self.0.call(destination);
        Box::pin(async move {
            tokio::time::timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| {
                let text = format!("no connection within {} seconds", CONNECT_TIMEOUT.as_secs());
                Err(io::Error::new(io::ErrorKind::TimedOut, text).into())
            })
        })
    }
}

/// The way to a host, not yet encrypted for it: its own address, or a tunnel of the proxy.
#[derive(Clone)]
struct Route {
    tcp: Plain,
    to_proxy: HttpsConnector<Plain>,
    proxies: Option<Arc<Matcher>>,
    user_agent: HeaderValue,
}

impl Service<Uri> for Route {
    type Response = Connection;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Connection, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Connections do not wait for each other.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&destination)) else {
            let connecting = self.tcp.call(destination);
            return Box::pin(async move { Ok(MaybeHttpsStream::Http(connecting.await?)) });
        };
        let scheme = proxy.uri().scheme_str().unwrap_or_default();
        if !matches!(scheme, "http" | "https") {
            let text =
                format!("the environment names a proxy of the kind {scheme}; http and https are known");
            return Box::pin(async move { Err(io::Error::new(io::ErrorKind::Unsupported, text).into()) });
        }
        let headers = HeaderMap::from_iter([(USER_AGENT, self.user_agent.clone())]);
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone()).with_headers(headers);
        if let Some(login) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(login.clone());
        }
        let connecting = tunnel.call(destination);
        Box::pin(async move { Ok(connecting.await?) })
    }
}

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
/// How many of them are kept for each host: a burst of requests leaves as many connections as it had requests.
const POOL_SIZE: usize = 16;
/// Silence after which the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_TRIES: u32 = 3;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Plain = HttpConnector<CheckedResolver>;
type Connection = MaybeHttpsStream<TokioIo<TcpStream>>;

/// How large the pieces of a body are at most. A connection has one in its buffer, and one on its way.
///
/// Over HTTP/1 that is also the most that is read at once, and that the head of an answer may have. Over HTTP/2 pieces are
/// small by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pieces {
    /// As hyper's buffers grow with what comes, to some 400 KiB and over: the least processor time for a byte.
    Any,
    /// [`Pieces::LARGE`], for some bodies at a time.
    Large,
    /// [`Pieces::SMALL`], for very many bodies at a time.
    Small,
}

impl Pieces {
    /// Most bytes of a large piece.
    pub const LARGE: usize = 128 * 1024;
    /// Most bytes of a small piece; hyper takes no less.
    pub const SMALL: usize = 8 * 1024;
}

/// Sends requests over connections that it keeps.
type HttpClient = Client<Connector, Body>;

/// A client for each size of pieces, with connections of its own.
#[derive(Clone, Debug)]
pub(crate) struct HttpClients {
    any: HttpClient,
    large: HttpClient,
    small: HttpClient,
}

impl HttpClients {
    pub(crate) fn of(&self, pieces: Pieces) -> &HttpClient {
        match pieces {
            Pieces::Any => &self.any,
            Pieces::Large => &self.large,
            Pieces::Small => &self.small,
        }
    }
}

/// Makes clients that use `proxies`, if there are any, and trust the platform's root certificates and `roots`.
///
/// # Errors
/// When the platform's root certificates cannot be read, or `roots` hold what is no certificate.
pub(crate) fn http_clients(
    resolver: CheckedResolver,
    user_agent: &HeaderValue,
    roots: &[CertificateDer<'static>],
    proxies: Option<Matcher>,
) -> Result<HttpClients, rustls::Error> {
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

    Ok(HttpClients {
        any: http_client(connector.clone(), Pieces::Any),
        large: http_client(connector.clone(), Pieces::Large),
        small: http_client(connector, Pieces::Small),
    })
}

fn http_client(connector: Connector, pieces: Pieces) -> HttpClient {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_TIMEOUT)
        .pool_max_idle_per_host(POOL_SIZE);
    // Fixed sizes, since buffers that grow overshoot their limit.
    match pieces {
        Pieces::Any => &mut builder,
        Pieces::Large => builder.http1_read_buf_exact_size(Pieces::LARGE),
        Pieces::Small => builder.http1_read_buf_exact_size(Pieces::SMALL),
    };
    builder.build(connector)
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

//! One HTTP request: sent under the policy, with time limits, its failures told apart.

use std::error::Error as StdError;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request};
use hyper_util::client::legacy;
use hyper_util::client::proxy::matcher::Matcher;
use rustls::pki_types::CertificateDer;
use url::Url;

use crate::connect::{HttpClients, Pieces, http_clients};
use crate::error::{Cause, Error};
use crate::message::{Body, Response};
use crate::policy::{CheckedResolver, Policy, RefusedAddress, Unresolved, is_loopback_host, origin};

/// Longest time without an answer, or without a further byte of one.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// The HTTP side of one registry client.
///
/// Its clients are made when they are first used: that reads the system's root certificates, some hundred files.
#[derive(Debug)]
pub(crate) struct Wire {
    policy: Policy,
    user_agent: HeaderValue,
    roots: Vec<CertificateDer<'static>>,
    /// For loopback, which no proxy can reach.
    direct: OnceLock<HttpClients>,
    /// For everything else; honours the proxy variables of the environment.
    outside: OnceLock<HttpClients>,
}

/// A request to be sent.
pub(crate) struct Message<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a Url,
    /// What named the URL, if that was not the caller.
    pub(crate) from: Option<&'a Url>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Of the answer's body.
    pub(crate) pieces: Pieces,
}

impl Wire {
    pub(crate) fn new(policy: Policy, user_agent: HeaderValue, roots: Vec<CertificateDer<'static>>) -> Self {
        Self { policy, user_agent, roots, direct: OnceLock::new(), outside: OnceLock::new() }
    }

    /// The clients for `url`.
    pub(crate) fn clients(&self, url: &Url) -> Result<&HttpClients, Error> {
        let is_direct = url.host().is_some_and(|host| is_loopback_host(&host));
        let cell = if is_direct { &self.direct } else { &self.outside };
        if let Some(clients) = cell.get() {
            return Ok(clients);
        }
        let proxies = (!is_direct).then(Matcher::from_system);
        let clients = http_clients(CheckedResolver(self.policy), &self.user_agent, &self.roots, proxies)
            .map_err(|error| Error::Setup(chain(&error)))?;
        Ok(cell.get_or_init(|| clients))
    }

    /// Sends one request and waits for the head of its answer; follows nothing.
    pub(crate) async fn send(
        &self,
        message: Message<'_>,
        patience: impl Future<Output = ()>,
    ) -> Result<Response, Error> {
        let (url, pieces) = (message.url, message.pieces);
        self.policy.check(url, message.from)?;
        let request = self.request(message)?;
        let answer = self.clients(url)?.of(pieces).request(request);
        tokio::select! {
            answer = answer => {
                let answer = answer.map_err(|error| failure(url, &error))?;
                Ok(Response::new(url.clone(), answer))
            }
            () = patience => Err(timeout(url)),
        }
    }

    fn request(&self, message: Message<'_>) -> Result<Request<Body>, Error> {
        let Message { method, url, headers, body, .. } = message;
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url.as_str().parse().map_err(|_| Error::Address {
            address: origin(url),
            reason: "it has characters that no request can hold".to_owned(),
        })?;
        *request.headers_mut() = headers;
        request.headers_mut().entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
        request.headers_mut().insert(USER_AGENT, self.user_agent.clone());
        Ok(request)
    }

    pub(crate) fn check(&self, url: &Url, from: Option<&Url>) -> Result<(), Error> {
        self.policy.check(url, from)
    }
}

/// The usual patience with a request that has no long body.
pub(crate) async fn idle() {
    within(IDLE_TIMEOUT).await;
}

/// A patience of the caller's own.
pub(crate) async fn within(patience: Duration) {
    tokio::time::sleep(patience).await;
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn read(mut response: Response, limit: u64, subject: &str) -> Result<Bytes, Error> {
    let too_large = || Error::TooLarge { subject: subject.to_owned(), limit };
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut response).await? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// The next piece of a body; an error when none comes in time or the connection breaks.
pub(crate) async fn next_chunk(response: &mut Response) -> Result<Option<Bytes>, Error> {
    match tokio::time::timeout(IDLE_TIMEOUT, response.chunk()).await {
        Ok(chunk) => chunk.map_err(|error| failure(response.url(), &error)),
        Err(_) => Err(timeout(response.url())),
    }
}

fn timeout(url: &Url) -> Error {
    Error::Unreachable {
        host: origin(url),
        cause: Cause::Timeout,
        detail: "the time limit passed".to_owned(),
    }
}

/// The error that one of the HTTP client stands for; none of its texts holds a URL.
fn failure(url: &Url, error: &(dyn StdError + 'static)) -> Error {
    let host = origin(url);
    if let Some(refused) = find::<RefusedAddress>(error) {
        return Error::Forbidden { target: host, reason: format!("{} ({})", refused.reason, refused.name) };
    }
    let cause = if find::<Unresolved>(error).is_some() {
        Cause::Dns
    } else if find::<rustls::Error>(error).is_some() {
        Cause::Tls
    } else if find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::TimedOut) {
        Cause::Timeout
    } else if find::<legacy::Error>(error).is_some_and(legacy::Error::is_connect) {
        Cause::Connect
    } else {
        Cause::Closed
    };
    Error::Unreachable { host, cause, detail: chain(error) }
}

/// Looks for an error of type `E` among the causes, also inside I/O errors.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// The innermost cause, which says most to a person.
fn chain(error: &dyn StdError) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    bounded(&innermost.to_string())
}

/// At most 300 characters of a text from elsewhere, control characters replaced by spaces.
pub(crate) fn bounded(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(300)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect::<String>()
        .trim()
        .to_owned();
    if text.chars().nth(300).is_some() {
        shown.push('…');
    }
    shown
}

//! One request to the registry, with authorization and redirects.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::{Registry, failure};
use crate::auth::{Scope, authority};
use crate::challenge::challenges;
use crate::connect::Pieces;
use crate::error::Error;
use crate::message::{self, Response};
use crate::reference::check_repository;
use crate::wire::{self, Message};

/// Most redirects that one request follows.
const REDIRECT_LIMIT: usize = 5;
/// Most times that one request is sent with other authorization.
const AUTHORIZATION_LIMIT: usize = 3;

/// A request that can be sent again, because its body is in memory.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) repository: &'a str,
    /// Digest or tag, for messages.
    pub(super) reference: &'a str,
    pub(super) scope: Scope,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Follow redirects; for what only reads.
    pub(super) follow: bool,
    /// Longest time until the head of an answer is there.
    pub(super) patience: Duration,
    /// Of the answer's body.
    pub(super) pieces: Pieces,
}

impl Registry {
    /// The URL of something below `/v2/<repository>/`.
    ///
    /// Repository and rest are checked by their grammars before, so that they cannot leave the path.
    pub(super) fn url(&self, repository: &str, rest: &str) -> Result<Url, Error> {
        check_repository(repository)?;
        self.inner
            .endpoint
            .join(&format!("v2/{repository}/{rest}"))
            .map_err(|error| Error::Address { address: self.inner.host.clone(), reason: error.to_string() })
    }

    /// A `Location` or `Link` of the registry; one that names the registry is sent to its endpoint.
    pub(super) fn resolve(&self, base: &Url, target: &str) -> Result<Url, Error> {
        let mut url = base
            .join(target)
            .map_err(|error| self.protocol(format!("a Location that is no URL: {error}")))?;
        if authority(&url) == self.inner.host {
            let endpoint = &self.inner.endpoint;
            let moved = url.set_scheme(endpoint.scheme()).is_ok()
                && url.set_host(endpoint.host_str()).is_ok()
                && url.set_port(endpoint.port()).is_ok();
            if !moved {
                return Err(self.protocol("a Location that cannot be reached".to_owned()));
            }
        }
        Ok(url)
    }

    pub(super) fn is_endpoint(&self, url: &Url) -> bool {
        let endpoint = &self.inner.endpoint;
        url.scheme() == endpoint.scheme()
            && url.host_str() == endpoint.host_str()
            && url.port_or_known_default() == endpoint.port_or_known_default()
    }

    pub(super) fn protocol(&self, detail: String) -> Error {
        Error::Protocol { host: self.inner.host.clone(), detail }
    }

    /// Sends the request; answers 401 with credentials as far as there are any, follows redirects.
    ///
    /// Any other status is returned for the caller to judge, 401 and 403 excepted.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Response, Error> {
        for _ in 0..AUTHORIZATION_LIMIT {
            let own = self.is_endpoint(&call.url);
            let mut headers = call.headers.clone();
            let sent = self.inner.auth.authorize(&self.inner.wire, call.repository, &call.scope).await?;
            if let (true, Some(header)) = (own, &sent.header) {
                headers.insert(AUTHORIZATION, header.clone());
            }
            let response = self.send(call, &call.url, None, headers, call.body.clone()).await?;
            let status = response.status();
            if !own || !matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                return if call.follow && is_redirect(status) {
                    self.follow(call, response).await
                } else {
                    Ok(response)
                };
            }
            let found = challenges(response.headers());
            let error = self.refused(response, call, sent.header.is_some()).await;
            let answerable = match &error {
                Error::Unauthorized { .. } => true,
                // HEAD has no body to say so.
                denied @ Error::Denied { .. } => {
                    sent.header.is_some() && (call.method == Method::HEAD || has_run_out(denied))
                }
                _ => false,
            };
            let found = if status == StatusCode::FORBIDDEN {
                vec![crate::challenge::Challenge::Basic]
            } else {
                found
            };
            let bearer_is_denied = status == StatusCode::FORBIDDEN && !self.sends_basic(&sent.header);
            if !answerable || bearer_is_denied {
                return Err(error);
            }
            let again = self
                .inner
                .auth
                .challenged(&found, &self.inner.endpoint, &self.inner.wire, &call.scope, &sent)
                .await?;
            if !again {
                return Err(error);
            }
        }
        Err(Error::Unauthorized {
            host: self.inner.host.clone(),
            repository: call.repository.to_owned(),
            detail: format!("it refused {AUTHORIZATION_LIMIT} times in a row"),
        })
    }

    /// Sends a call's request to where it leads by now.
    async fn send(
        &self,
        call: &Call<'_>,
        url: &Url,
        from: Option<&Url>,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Response, Error> {
        let body = message::whole(body);
        let message = Message { method: call.method.clone(), url, from, headers, body, pieces: call.pieces };
        self.inner.wire.send(message, wire::within(call.patience)).await
    }

    fn sends_basic(&self, header: &Option<http::HeaderValue>) -> bool {
        header.as_ref().is_some_and(|header| header.as_bytes().starts_with(b"Basic"))
    }

    async fn refused(&self, response: Response, call: &Call<'_>, authorized: bool) -> Error {
        let wants = response.headers().contains_key(WWW_AUTHENTICATE);
        let error = self.failed(response, call).await;
        match error {
            Error::Unauthorized { host, repository, .. } if !authorized && self.inner.auth.is_anonymous() => {
                let detail = if wants {
                    "it wants a login and none was given".to_owned()
                } else {
                    "it answered 401 without a challenge".to_owned()
                };
                Error::Unauthorized { host, repository, detail }
            }
            other => other,
        }
    }

    /// The error that an answer with an error status stands for.
    pub(super) async fn failed(&self, response: Response, call: &Call<'_>) -> Error {
        let pull = call.method == Method::GET && call.url.path().contains("/manifests/");
        failure::of(response, &self.inner.host, call.repository, call.reference, pull).await
    }

    async fn follow(&self, call: &Call<'_>, mut response: Response) -> Result<Response, Error> {
        let mut at = call.url.clone();
        for _ in 0..REDIRECT_LIMIT {
            let location = response
                .headers()
                .get(LOCATION)
                .and_then(|location| location.to_str().ok())
                .ok_or_else(|| self.protocol("a redirect without Location".to_owned()))?;
            let next = self.resolve(&at, location)?;
            // Authorization is not sent on, wherever the redirect leads: targets carry their own in
            // the URL, and object stores refuse a request with two.
            response = self.send(call, &next, Some(&at), call.headers.clone(), Bytes::new()).await?;
            if !is_redirect(response.status()) {
                return Ok(response);
            }
            at = next;
        }
        Err(self.protocol(format!("more than {REDIRECT_LIMIT} redirects")))
    }
}

/// ECR says 403 for a token that has run out.
pub(super) fn has_run_out(error: &Error) -> bool {
    matches!(error, Error::Denied { message, .. } if message.to_ascii_lowercase().contains("token has expired"))
}

pub(super) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

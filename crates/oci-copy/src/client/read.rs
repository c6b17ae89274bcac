//! Reading for somebody else: one request is passed on with its headers, and the answer handed over as it comes.
//!
//! Nothing is retried, verified or interpreted here; authorization, redirects and the policy of addresses are as for
//! every other request.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

use super::Registry;
use super::call::{Call, is_redirect};
use crate::auth::Scope;
use crate::connect::Pieces;
use crate::digest::Digest;
use crate::error::Error;
use crate::message::Response;
use crate::reference::ManifestReference;
use crate::wire;

/// What is read of a repository.
#[derive(Clone, Copy, Debug)]
pub enum Resource<'a> {
    /// A manifest.
    Manifest(&'a ManifestReference),
    /// A blob.
    Blob(&'a Digest),
    /// A page of the list of tags, by the query of the request.
    Tags(Option<&'a str>),
}

/// One request to be passed on.
#[derive(Clone, Debug)]
pub struct ReadRequest<'a> {
    /// HEAD instead of GET.
    pub head: bool,
    /// Repository within the registry.
    pub repository: &'a str,
    /// What of it.
    pub resource: Resource<'a>,
    /// Sent as they are, such as `Accept` and `Range`; `Authorization` is never taken from here, and
    /// `Accept-Encoding` is always `identity`.
    pub headers: HeaderMap,
    /// Follow redirects, without authorization. Otherwise [`Answer::redirect`] says where they lead.
    pub follow: bool,
    /// Longest time until the head of the answer is there.
    pub patience: Duration,
    /// Of the answer's body.
    pub pieces: Pieces,
}

/// The head of a successful answer; its body is yet to be read.
#[derive(Debug)]
pub struct Answer {
    /// Status: 200, 206, or a redirect that was not followed.
    pub status: StatusCode,
    /// Headers as they came.
    pub headers: HeaderMap,
    /// Target of a redirect that was not followed, held to the policy of addresses.
    pub redirect: Option<Url>,
    response: Response,
}

impl Registry {
    /// Passes on one read request.
    ///
    /// # Errors
    /// Any of [`Error`]; every error status is one.
    pub async fn read(&self, request: &ReadRequest<'_>) -> Result<Answer, Error> {
        let mut headers = request.headers.clone();
        headers.remove(http::header::AUTHORIZATION);
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let (rest, reference) = match request.resource {
            Resource::Manifest(reference) => (format!("manifests/{reference}"), reference.to_string()),
            Resource::Blob(digest) => (format!("blobs/{digest}"), digest.to_string()),
            Resource::Tags(_) => ("tags/list".to_owned(), "tags".to_owned()),
        };
        let mut url = self.url(request.repository, &rest)?;
        if let Resource::Tags(query) = request.resource {
            url.set_query(query);
        }
        let call = Call {
            method: if request.head { Method::HEAD } else { Method::GET },
            url,
            repository: request.repository,
            reference: &reference,
            scope: Scope::pull(request.repository),
            headers,
            body: Bytes::new(),
            follow: request.follow,
            patience: request.patience,
            pieces: request.pieces,
        };
        let response = self.call(&call).await?;
        let status = response.status();
        let redirect = match response.headers().get(LOCATION).and_then(|location| location.to_str().ok()) {
            Some(location) if is_redirect(status) => {
                let target = self.resolve(&call.url, location)?;
                self.inner.wire.check(&target, Some(&call.url))?;
                Some(target)
            }
            _ => None,
        };
        if !status.is_success() && redirect.is_none() {
            return Err(self.failed(response, &call).await);
        }
        Ok(Answer { status, headers: response.headers().clone(), redirect, response })
    }
}

impl Answer {
    /// The next piece of the body; none at its end.
    ///
    /// # Errors
    /// [`Error::Unreachable`] when the connection breaks, or no byte comes for a minute.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        wire::next_chunk(&mut self.response).await
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`Error::TooLarge`] above `limit` bytes, and as [`Answer::chunk`].
    pub async fn bytes(self, limit: u64, subject: &str) -> Result<Bytes, Error> {
        wire::read(self.response, limit, subject).await
    }
}

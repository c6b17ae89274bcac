//! Writing to a registry (OCI distribution-spec, section "Push"), in the way that ECR takes as well:
//! POST, then one PUT with the whole blob, and a new POST after any failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::Registry;
use super::call::{Call, has_run_out};
use crate::auth::Scope;
use crate::challenge::{Challenge, challenges};
use crate::connect::Pieces;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::Manifest;
use crate::message;
use crate::reference::ManifestReference;
use crate::stream::Failure;
use crate::wire::{IDLE_TIMEOUT, Message};

/// Longest time for the answer after the last byte: the registry hashes what it got.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(300);

/// What a registry answered to the wish to upload a blob.
#[derive(Debug)]
pub(crate) enum Session {
    /// The blob was mounted from another repository; nothing needs to be sent.
    Mounted,
    /// The blob is to be sent to this URL.
    Open(Url),
}

/// How an upload ended, short of an error.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Upload {
    Done,
    /// The authorization ran out between POST and PUT; the body is spent, so a new upload is needed.
    Expired,
}

/// What a registry said of a manifest that it stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// It lists the manifest by its subject; otherwise clients keep that list (distribution-spec, section "Pushing
    /// Manifests with Subject").
    pub(crate) lists_subject: bool,
}

impl Registry {
    /// Asks whether the repository has a blob.
    pub(crate) async fn has_blob(&self, repository: &str, descriptor: &Descriptor) -> Result<bool, Error> {
        let shown = descriptor.digest.to_string();
        let call = Call {
            method: Method::HEAD,
            url: self.url(repository, &format!("blobs/{shown}"))?,
            repository,
            reference: &shown,
            scope: Scope::push(repository),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            // A redirect says that the blob is there; its target is often signed for GET only.
            follow: false,
            patience: IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let ask = || async {
            let response = self.call(&call).await?;
            match response.status().as_u16() {
                200 => {
                    let length =
                        response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
                    match length.and_then(|length| length.parse::<u64>().ok()) {
                        Some(actual) if actual != descriptor.size => Err(Error::SizeMismatch {
                            subject: self.subject("blob", repository, &shown),
                            expected: descriptor.size,
                            actual,
                        }),
                        _ => Ok(true),
                    }
                }
                301 | 302 | 303 | 307 | 308 => Ok(true),
                404 => Ok(false),
                _ => Err(self.failed(response, &call).await),
            }
        };
        self.inner.retry.run("blob", ask).await
    }

    /// Opens an upload, or mounts the blob from the repository `from`. Not retried by itself.
    pub(crate) async fn open_upload(
        &self,
        repository: &str,
        digest: &Digest,
        from: Option<&str>,
    ) -> Result<Session, Error> {
        let mut url = self.url(repository, "blobs/uploads/")?;
        if let Some(from) = from {
            url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", from);
        }
        let shown = digest.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        let call = Call {
            method: Method::POST,
            url,
            repository,
            reference: &shown,
            scope: from.map_or_else(|| Scope::push(repository), |from| Scope::mount(repository, from)),
            headers,
            body: Bytes::new(),
            follow: false,
            patience: IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let response = self.call(&call).await?;
        match response.status() {
            StatusCode::CREATED if from.is_some() => Ok(Session::Mounted),
            StatusCode::ACCEPTED => {
                let location = response
                    .headers()
                    .get(LOCATION)
                    .and_then(|location| location.to_str().ok())
                    .ok_or_else(|| self.protocol("an upload without Location".to_owned()))?;
                Ok(Session::Open(self.resolve(&call.url, location)?))
            }
            _ => Err(self.failed(response, &call).await),
        }
    }

    /// Sends a blob of known size in one PUT. `failure` holds why `body` broke off, if it did.
    pub(crate) async fn send_blob(
        &self,
        repository: &str,
        descriptor: &Descriptor,
        location: &Url,
        body: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        failure: &Failure,
    ) -> Result<Upload, Error> {
        let shown = descriptor.digest.to_string();
        let scope = Scope::push(repository);
        let mut url = location.clone();
        url.query_pairs_mut().append_pair("digest", &shown);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(descriptor.size));
        let sent = self.inner.auth.authorize(&self.inner.wire, repository, &scope).await?;
        if let (true, Some(header)) = (self.is_endpoint(&url), &sent.header) {
            headers.insert(AUTHORIZATION, header.clone());
        }
        let watch = Arc::new(Watch::new(descriptor.size));
        let patience = watch.clone().patience();
        let body = body.inspect(move |piece| watch.passed(piece.as_ref().map_or(0, Bytes::len)));
        let body = message::streamed(body);
        let base = self.inner.endpoint.clone();
        let message =
            Message { method: Method::PUT, url: &url, from: Some(&base), headers, body, pieces: Pieces::Any };
        let answer = self.inner.wire.send(message, patience).await;
        // The stream's own reason comes first: the connection only reports that the body ended early.
        if let Some(reason) = failure.take() {
            return Err(reason);
        }
        let response = answer?;
        let call = Call {
            method: Method::PUT,
            url,
            repository,
            reference: &shown,
            scope,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            follow: false,
            patience: IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        match response.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT | StatusCode::ACCEPTED => Ok(Upload::Done),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.is_endpoint(&call.url) => {
                let denied = response.status() == StatusCode::FORBIDDEN;
                let challenged = challenges(response.headers());
                let error = self.failed(response, &call).await;
                if denied && !has_run_out(&error) {
                    return Err(error);
                }
                let found = if denied { vec![Challenge::Basic] } else { challenged };
                let auth = &self.inner.auth;
                let again = auth.challenged(&found, &base, &self.inner.wire, &call.scope, &sent).await?;
                if again { Ok(Upload::Expired) } else { Err(error) }
            }
            _ => match self.failed(response, &call).await {
                // ECR answers 405, as to every parameter that it does not take.
                Error::Registry { host, status: 400..500, code, message } if descriptor.size == 0 => {
                    let (digest, answer) = (descriptor.digest.clone(), format!("{code}: {message}"));
                    Err(Error::EmptyBlob { host, digest, answer })
                }
                error => Err(error),
            },
        }
    }

    /// Stores a manifest under a tag or its digest, byte for byte.
    pub(crate) async fn put_manifest(
        &self,
        repository: &str,
        reference: &ManifestReference,
        manifest: &Manifest,
    ) -> Result<Stored, Error> {
        let shown = reference.to_string();
        let mut headers = HeaderMap::new();
        let media_type = HeaderValue::from_str(manifest.media_type())
            .map_err(|_| self.protocol("a media type that no header can hold".to_owned()))?;
        headers.insert(CONTENT_TYPE, media_type);
        let call = Call {
            method: Method::PUT,
            url: self.url(repository, &format!("manifests/{shown}"))?,
            repository,
            reference: &shown,
            scope: Scope::push(repository),
            headers,
            body: manifest.raw().clone(),
            follow: false,
            patience: IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let put = || async {
            self.inner.manifest_puts.turn().await;
            let response = self.call(&call).await?;
            if !matches!(response.status(), StatusCode::CREATED | StatusCode::OK | StatusCode::ACCEPTED) {
                return Err(self.failed(response, &call).await);
            }
            // The header is optional (and ECR sends no Location); if there is one, it must be right.
            let said = response.headers().get("docker-content-digest").and_then(|said| said.to_str().ok());
            match said {
                Some(said) if said != manifest.digest().to_string() => Err(Error::DigestMismatch {
                    subject: self.subject("stored manifest", repository, &shown),
                    expected: manifest.digest().clone(),
                    actual: crate::wire::bounded(said),
                }),
                _ => Ok(Stored { lists_subject: response.headers().contains_key("oci-subject") }),
            }
        };
        match self.inner.retry.run("manifest upload", put).await {
            Err(Error::Registry { code, .. }) if code == "TAG_INVALID" => Err(Error::TagImmutable {
                host: self.inner.host.clone(),
                repository: repository.to_owned(),
                tag: shown.clone(),
            }),
            other => other,
        }
    }
}

/// Watches that an upload moves: a registry that takes no more bytes must not hang a copy.
#[derive(Debug)]
struct Watch {
    start: Instant,
    /// Milliseconds from `start` to the last piece that was taken.
    last: AtomicU64,
    /// Bytes that are still to be taken.
    left: AtomicU64,
}

impl Watch {
    fn new(size: u64) -> Self {
        Self { start: Instant::now(), last: AtomicU64::new(0), left: AtomicU64::new(size) }
    }

    fn passed(&self, bytes: usize) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(elapsed, Ordering::Relaxed);
        self.left.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Ends when no piece was taken, or after the last one no answer came, for too long.
    async fn patience(self: Arc<Self>) {
        loop {
            let last = self.start + Duration::from_millis(self.last.load(Ordering::Relaxed));
            // Twice the source's own limit, so that a silent source is not blamed on the destination.
            let limit =
                if self.left.load(Ordering::Relaxed) == 0 { COMMIT_TIMEOUT } else { 2 * IDLE_TIMEOUT };
            if last.elapsed() >= limit {
                return;
            }
            tokio::time::sleep_until(last + limit).await;
        }
    }
}

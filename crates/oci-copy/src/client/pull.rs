//! Reading from a registry: manifests, blobs, tags (OCI distribution-spec, sections "Pull" and "Content Discovery").

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;

use super::call::Call;
use super::page::List;
use super::{Registry, failure};
use crate::auth::Scope;
use crate::connect::Pieces;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::{Error, PullLimit};
use crate::manifest::Manifest;
use crate::media_type::{self, ACCEPT_MANIFEST};
use crate::message::Response;
use crate::reference::{ManifestReference, Tag};
use crate::wire;

/// Largest manifest: what clients and registries are to take, and ECR's limit.
pub(crate) const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;
/// Most pages of tags that are read.
const PAGE_LIMIT: usize = 1000;

/// What to do when a HEAD does not say digest and size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFallback {
    /// GET the manifest, which may count as a pull.
    Get,
    /// Fail with [`Error::Protocol`].
    Fail,
}

#[derive(Deserialize)]
struct TagList {
    tags: Option<Vec<String>>,
}

impl Registry {
    /// Asks what a tag or digest stands for, by HEAD, which no registry counts as a pull.
    ///
    /// None when the repository has no such manifest, or there is no such repository. Where HEAD does
    /// not tell digest and size, the manifest is fetched; see [`Registry::head_manifest_with`].
    ///
    /// # Errors
    /// Any of [`Error`] but [`Error::NotFound`].
    pub async fn head_manifest(
        &self,
        repository: &str,
        reference: &ManifestReference,
    ) -> Result<Option<Descriptor>, Error> {
        self.head_manifest_with(repository, reference, HeadFallback::Get).await
    }

    /// As [`Registry::head_manifest`], with the choice whether a GET may follow.
    ///
    /// # Errors
    /// Any of [`Error`] but [`Error::NotFound`].
    pub async fn head_manifest_with(
        &self,
        repository: &str,
        reference: &ManifestReference,
        fallback: HeadFallback,
    ) -> Result<Option<Descriptor>, Error> {
        self.head_in(repository, reference, fallback, &Scope::pull(repository)).await
    }

    pub(crate) async fn head_in(
        &self,
        repository: &str,
        reference: &ManifestReference,
        fallback: HeadFallback,
        scope: &Scope,
    ) -> Result<Option<Descriptor>, Error> {
        let answer = self.manifest_answer(Method::HEAD, repository, reference, scope).await;
        let headers = match answer {
            Ok(answer) => answer.headers().clone(),
            Err(Error::NotFound { .. } | Error::RepositoryNotFound { .. }) => return Ok(None),
            Err(Error::Registry { status: 405, .. }) => HeaderMap::new(),
            Err(error) => return Err(error),
        };
        if let Some(descriptor) = self.described(repository, reference, &headers)? {
            return Ok(Some(descriptor));
        }
        if fallback == HeadFallback::Fail {
            return Err(self
                .protocol("HEAD of a manifest without Docker-Content-Digest or Content-Length".to_owned()));
        }
        match self.get_in(repository, reference, None, scope).await {
            Ok(manifest) => Ok(Some(manifest.descriptor())),
            Err(Error::NotFound { .. } | Error::RepositoryNotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn described(
        &self,
        repository: &str,
        reference: &ManifestReference,
        headers: &HeaderMap,
    ) -> Result<Option<Descriptor>, Error> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let said = text("docker-content-digest")
            .map(|digest| Digest::parse(digest).map_err(|error| self.protocol(error.to_string())))
            .transpose()?;
        let digest = match (reference, said) {
            (ManifestReference::Digest(asked), Some(said)) if *asked != said => {
                return Err(Error::DigestMismatch {
                    subject: self.subject("manifest", repository, &asked.to_string()),
                    expected: asked.clone(),
                    actual: said.to_string(),
                });
            }
            (ManifestReference::Digest(asked), _) => Some(asked.clone()),
            (ManifestReference::Tag(_), said) => said,
        };
        let size = text(CONTENT_LENGTH.as_str()).and_then(|length| length.parse::<u64>().ok());
        let media_type = media_type::essence(text(CONTENT_TYPE.as_str()).unwrap_or_default());
        Ok(digest.zip(size).map(|(digest, size)| Descriptor::new(media_type, digest, size)))
    }

    /// Fetches a manifest; its bytes are verified against the digest, if it was asked by one.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::DigestMismatch`], [`Error::TooLarge`] above 4 MiB,
    /// [`Error::UnsupportedManifest`], [`Error::RateLimited`] and all of the connection.
    pub async fn get_manifest(
        &self,
        repository: &str,
        reference: &ManifestReference,
    ) -> Result<Manifest, Error> {
        self.get_in(repository, reference, None, &Scope::pull(repository)).await
    }

    /// As [`Registry::get_manifest`]; a descriptor of the manifest is verified as well.
    pub(crate) async fn get_in(
        &self,
        repository: &str,
        reference: &ManifestReference,
        descriptor: Option<&Descriptor>,
        scope: &Scope,
    ) -> Result<Manifest, Error> {
        let shown = reference.to_string();
        let subject = self.subject("manifest", repository, &shown);
        let fetch = || async {
            let answer = self.manifest_answer_once(Method::GET, repository, reference, &shown, scope).await?;
            let content_type =
                answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
            let raw = wire::read(answer, MANIFEST_LIMIT, &subject).await?;
            if let Some(expected) = descriptor.map(|descriptor| descriptor.size)
                && expected != raw.len() as u64
            {
                return Err(Error::SizeMismatch {
                    subject: subject.clone(),
                    expected,
                    actual: raw.len() as u64,
                });
            }
            let digest = match reference {
                ManifestReference::Tag(_) => Digest::sha256(&raw),
                ManifestReference::Digest(asked) => {
                    let actual = asked.same_algorithm(&raw);
                    if actual != *asked {
                        return Err(Error::DigestMismatch {
                            subject: subject.clone(),
                            expected: asked.clone(),
                            actual: actual.to_string(),
                        });
                    }
                    actual
                }
            };
            Ok((raw, digest, content_type))
        };
        let (raw, digest, content_type) = self.inner.retry.run(&subject, fetch).await?;
        // What the registry calls a manifest may be a general type; then the index knows better.
        let said = content_type
            .as_deref()
            .map(media_type::essence)
            .filter(|said| !matches!(*said, "application/json" | "application/octet-stream" | "text/plain"))
            .or(descriptor.map(|descriptor| descriptor.media_type.as_str()));
        Manifest::parse(raw, digest.clone(), said).map_err(|source| Error::UnsupportedManifest {
            host: self.inner.host.clone(),
            repository: repository.to_owned(),
            digest,
            source,
        })
    }

    /// What is left of the registry's pull limit, by a HEAD that does not count.
    ///
    /// None when the registry announces no limit for this client.
    ///
    /// # Errors
    /// Any of [`Error`]; [`Error::NotFound`] when there is no such manifest to ask with.
    pub async fn pull_limit(
        &self,
        repository: &str,
        reference: &ManifestReference,
    ) -> Result<Option<PullLimit>, Error> {
        let scope = Scope::pull(repository);
        let answer = self.manifest_answer(Method::HEAD, repository, reference, &scope).await?;
        Ok(failure::pull_limit(answer.headers()))
    }

    async fn manifest_answer(
        &self,
        method: Method,
        repository: &str,
        reference: &ManifestReference,
        scope: &Scope,
    ) -> Result<Response, Error> {
        let shown = reference.to_string();
        let ask = || self.manifest_answer_once(method.clone(), repository, reference, &shown, scope);
        self.inner.retry.run("manifest", ask).await
    }

    async fn manifest_answer_once(
        &self,
        method: Method,
        repository: &str,
        reference: &ManifestReference,
        shown: &str,
        scope: &Scope,
    ) -> Result<Response, Error> {
        if method == Method::GET {
            self.inner.pulls.admit(&self.inner.host).await?;
        }
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(ACCEPT_MANIFEST));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let call = Call {
            method,
            url: self.url(repository, &format!("manifests/{reference}"))?,
            repository,
            reference: shown,
            scope: scope.clone(),
            headers,
            body: Bytes::new(),
            follow: true,
            patience: wire::IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let response = self.call(&call).await?;
        self.inner.pulls.note(failure::pull_limit(response.headers()));
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        let error = self.failed(response, &call).await;
        self.inner.pulls.note_error(&error);
        Err(error)
    }

    /// Opens a blob for reading; not retried, since the caller reads the body.
    pub(crate) async fn open_blob(&self, repository: &str, digest: &Digest) -> Result<Response, Error> {
        let shown = digest.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let call = Call {
            method: Method::GET,
            url: self.url(repository, &format!("blobs/{digest}"))?,
            repository,
            reference: &shown,
            scope: Scope::pull(repository),
            headers,
            body: Bytes::new(),
            follow: true,
            patience: wire::IDLE_TIMEOUT,
            pieces: Pieces::Any,
        };
        let response = self.call(&call).await?;
        if response.status() == StatusCode::OK {
            Ok(response)
        } else {
            Err(self.failed(response, &call).await)
        }
    }

    /// Reads a small blob whole, such as an image configuration; its bytes are verified.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::SizeMismatch`], [`Error::DigestMismatch`], [`Error::TooLarge`] above 4 MiB, and
    /// all of the connection.
    pub async fn read_blob(&self, repository: &str, blob: &Descriptor) -> Result<Bytes, Error> {
        let subject = self.subject("blob", repository, &blob.digest.to_string());
        if blob.size > MANIFEST_LIMIT {
            return Err(Error::TooLarge { subject, limit: MANIFEST_LIMIT });
        }
        let read = || async {
            let answer = self.open_blob(repository, &blob.digest).await?;
            let bytes = wire::read(answer, MANIFEST_LIMIT, &subject).await?;
            if bytes.len() as u64 != blob.size {
                return Err(Error::SizeMismatch {
                    subject: subject.clone(),
                    expected: blob.size,
                    actual: bytes.len() as u64,
                });
            }
            let actual = blob.digest.same_algorithm(&bytes);
            if actual != blob.digest {
                return Err(Error::DigestMismatch {
                    subject: subject.clone(),
                    expected: blob.digest.clone(),
                    actual: actual.to_string(),
                });
            }
            Ok(bytes)
        };
        self.inner.retry.run(&subject, read).await
    }

    /// Every tag of a repository, page by page, in the registry's order.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`] or [`Error::NotFound`] without such a repository, and all of the connection.
    pub async fn tags(&self, repository: &str) -> Result<Vec<Tag>, Error> {
        let list = List {
            entries: "tags",
            repository,
            reference: "tags",
            scope: Scope::pull(repository),
            headers: HeaderMap::new(),
            follow: false,
        };
        let mut tags = Vec::new();
        let mut next = Some(self.url(repository, "tags/list?n=1000")?);
        for _ in 0..PAGE_LIMIT {
            let Some(url) = next else { return Ok(tags) };
            let page = self.page(&list, url).await?;
            let found: TagList = serde_json::from_slice(&page.body)
                .map_err(|error| self.protocol(format!("tags list: {error}")))?;
            for tag in found.tags.unwrap_or_default() {
                tags.push(Tag::parse(&tag)?);
            }
            next = page.next;
        }
        Err(Error::TooLarge { subject: self.subject("tags", repository, "list"), limit: PAGE_LIMIT as u64 })
    }

    pub(crate) fn subject(&self, kind: &str, repository: &str, reference: &str) -> String {
        format!("{kind} {reference} of {}/{repository}", self.inner.host)
    }
}

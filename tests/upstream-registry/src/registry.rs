//! The handle by which tests arrange and observe.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::builder::Builder;
use crate::fault::Fault;
use crate::image::{Image, ImageDigests};
use crate::referrers;
use crate::server::{Shared, State};

/// A running registry; it ends when this is dropped.
#[derive(Debug)]
pub struct Registry {
    shared: Arc<Shared>,
    tasks: Vec<JoinHandle<()>>,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedRequest {
    /// HTTP method.
    pub method: String,
    /// Path, without query.
    pub path: String,
    /// Query, without question mark; empty if there was none.
    pub query: String,
    /// Status of the answer.
    pub status: u16,
    /// Scheme of the `Authorization` header, such as `Basic`; none if there was no such header.
    pub authorization: Option<String>,
    /// Address of the client.
    pub client: IpAddr,
}

impl Registry {
    /// Begins a registry with the defaults: no authentication, no limits, the specification's behaviour.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn new(shared: Arc<Shared>, tasks: Vec<JoinHandle<()>>) -> Self {
        Self { shared, tasks }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.shared.state())
    }

    /// Address and port it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `http://` and the address, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// Address of the blob store, if blobs are served by redirect.
    #[must_use]
    pub fn store_address(&self) -> Option<SocketAddr> {
        self.shared.store_address
    }

    /// Makes an index over these platforms and lets the tag name it. The same calls make the same digests.
    pub fn add_image(&self, repository: &str, tag: &str, platforms: &[&str]) -> ImageDigests {
        self.add(repository, tag, &Image::new(platforms))
    }

    /// Makes an image as described and lets the tag name it.
    pub fn add(&self, repository: &str, tag: &str, image: &Image) -> ImageDigests {
        self.with(|state| state.add(repository, tag, image))
    }

    /// Stores a manifest as it is, whatever it is, and returns its digest; optionally with a tag.
    pub fn add_manifest(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> String {
        let bytes = bytes.into();
        self.with(|state| state.add_manifest(repository, tag, media_type, bytes))
    }

    /// Stores a blob as it is, and returns its digest.
    pub fn add_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        self.with(|state| {
            let digest = crate::store::sha256(&bytes);
            let repository = state.repositories.entry(repository.to_owned()).or_default();
            repository.blobs.insert(digest.clone(), crate::store::Blob::Bytes(bytes));
            digest
        })
    }

    /// Stores an artifact that refers to the manifest `subject`, a new one with each call, and returns its digest. Where
    /// the registry knows no referrers, the list that clients keep has it too.
    pub fn add_referrer(&self, repository: &str, subject: &str, artifact_type: &str) -> String {
        let keep_list = !self.shared.config.referrers_api;
        self.with(|state| referrers::add(state, repository, subject, artifact_type, keep_list))
    }

    /// Stores what cosign does: an artifact under the tag `sha256-<hex of the subject>.<suffix>`, a new one with each
    /// call. Returns its digest.
    pub fn add_cosign(&self, repository: &str, subject: &str, suffix: &str) -> String {
        self.with(|state| referrers::add_cosign(state, repository, subject, suffix))
    }

    /// Lets the tag name a new image of two platforms; the old one stays, by digest.
    pub fn move_tag(&self, repository: &str, tag: &str) -> ImageDigests {
        self.add_image(repository, tag, &["linux/amd64", "linux/arm64"])
    }

    /// Removes a tag; the image stays, by digest.
    pub fn delete_tag(&self, repository: &str, tag: &str) {
        self.with(|state| state.repositories.get_mut(repository).and_then(|found| found.tags.remove(tag)));
    }

    /// Removes a manifest and the tags that name it.
    pub fn delete_manifest(&self, repository: &str, digest: &str) {
        self.with(|state| {
            if let Some(found) = state.repositories.get_mut(repository) {
                found.manifests.remove(digest);
                found.tags.retain(|_, named| named != digest);
            }
        });
    }

    /// Removes a blob from a repository.
    pub fn delete_blob(&self, repository: &str, digest: &str) {
        self.with(|state| {
            state.repositories.get_mut(repository).and_then(|found| found.blobs.remove(digest))
        });
    }

    /// Makes an empty repository; needed before a push where repositories are not made by pushing.
    pub fn create_repository(&self, repository: &str) {
        self.with(|state| {
            state.repositories.entry(repository.to_owned()).or_default();
        });
    }

    /// Forbids tags of a repository to be overwritten.
    pub fn make_tags_immutable(&self, repository: &str) {
        self.with(|state| state.repositories.entry(repository.to_owned()).or_default().immutable_tags = true);
    }

    /// The digest that a tag names.
    #[must_use]
    pub fn tag(&self, repository: &str, tag: &str) -> Option<String> {
        self.with(|state| state.repositories.get(repository)?.tags.get(tag).cloned())
    }

    /// The bytes of a manifest, by tag or digest.
    #[must_use]
    pub fn manifest_bytes(&self, repository: &str, reference: &str) -> Option<Bytes> {
        self.with(|state| {
            state
                .repositories
                .get(repository)?
                .manifest(reference)
                .map(|(_, manifest)| manifest.bytes.clone())
        })
    }

    /// Media type with which a manifest was stored, by tag or digest.
    #[must_use]
    pub fn manifest_media_type(&self, repository: &str, reference: &str) -> Option<String> {
        self.with(|state| {
            let found = state.repositories.get(repository)?.manifest(reference)?;
            Some(found.1.media_type.clone())
        })
    }

    /// True when the repository holds the blob.
    #[must_use]
    pub fn has_blob(&self, repository: &str, digest: &str) -> bool {
        self.with(|state| {
            state.repositories.get(repository).is_some_and(|found| found.blobs.contains_key(digest))
        })
    }

    /// Everything that was answered so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.with(|state| state.requests.clone())
    }

    /// Number of requests with this method whose path contains `part`.
    #[must_use]
    pub fn count(&self, method: &str, part: &str) -> usize {
        self.requests()
            .iter()
            .filter(|request| request.method == method && request.path.contains(part))
            .count()
    }

    /// Pulls that count under the rate limit so far, over all addresses; none are counted without a limit.
    #[must_use]
    pub fn pulls(&self) -> u64 {
        self.with(|state| state.usage.total())
    }

    /// Bytes of the blobs that were served so far, whether a client read them to the end or not.
    #[must_use]
    pub fn blob_bytes_sent(&self) -> u64 {
        self.with(|state| state.blob_bytes_sent)
    }

    /// Bytes of the uploads that arrived so far, those of failed ones too.
    #[must_use]
    pub fn blob_bytes_received(&self) -> u64 {
        self.with(|state| state.blob_bytes_received)
    }

    /// Forgets the requests so far.
    pub fn clear_requests(&self) {
        self.with(|state| state.requests.clear());
    }

    /// Adds a fault; of several that fit a request, the first one added strikes.
    pub fn inject(&self, fault: Fault) {
        self.with(|state| state.faults.push(fault));
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.with(|state| state.faults.clear());
    }

    /// Makes every token invalid that was given so far.
    pub fn expire_tokens(&self) {
        self.with(|state| state.grants.clear());
    }

    /// Changes the Basic credentials, as if the old ones had run out.
    pub fn set_basic_auth(&self, username: &str, password: &str) {
        self.with(|state| state.basic = Some((username.to_owned(), password.to_owned())));
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        // A second panic would hide the first.
        if self.shared.config.anonymous_only && !std::thread::panicking() {
            let foreign = self.with(|state| std::mem::take(&mut state.foreign));
            assert!(foreign.is_empty(), "a credential arrived where none may: {foreign:?}");
        }
    }
}

//! Manifests: each is fetched once however many ask, kept by digest within a bound, and verified.
//!
//! A tag is asked for again after `tag_freshness`; what a digest names never changes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use oci_copy::{Digest, ManifestReference, Pieces, ReadRequest, Resource};

use crate::attempts::{Patience, attempt};
use crate::cache::Cache;
use crate::failure::{Failure, FailureKind};
use crate::registries::Place;
use crate::single_flight::SingleFlight;

/// Largest manifest: what clients and registries are to take, and ECR's limit.
const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;
/// Longest wait for the head of one answer: a first pull through the cache imports the image meanwhile.
const IMPORT_LIMIT: Duration = Duration::from_secs(300);
/// Tags whose digest is remembered.
const TAG_LIMIT: usize = 4096;
/// What a manifest costs in the cache besides its bytes and the digests in it.
const OVERHEAD: usize = 256;
const DOCKER_CONTENT_DIGEST: &str = "docker-content-digest";

/// What a HEAD says of a manifest.
#[derive(Clone, Debug)]
pub struct Described {
    /// Its digest.
    pub digest: Digest,
    /// Its media type, as the registry says.
    pub media_type: HeaderValue,
    /// Its bytes.
    pub size: u64,
}

/// A manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// What a HEAD says of it.
    pub described: Described,
    /// Its bytes.
    pub bytes: Bytes,
    /// Blobs that it names; none for an index.
    pub blobs: Vec<Digest>,
}

/// How long to wait, for whom.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// How long the client can wait for the head of its answer.
    pub client: Duration,
    /// Whether a registry that rests is waited for; see [`Patience::waits`].
    pub waits: bool,
}

/// Fetches manifests of any registry.
#[derive(Debug)]
pub struct Manifests {
    cache: Cache<CacheKey, Arc<Manifest>>,
    tags: Cache<FlightKey, (Described, Instant)>,
    freshness: Duration,
    heads: SingleFlight<FlightKey, Result<Described, Failure>>,
    bodies: SingleFlight<FlightKey, Result<Arc<Manifest>, Failure>>,
}

/// Registry, repository and digest.
type CacheKey = (String, String, Digest);
/// Registry, repository, reference, and the media types that the client takes: a registry may convert by them.
type FlightKey = (String, String, String, String);

impl Manifests {
    /// A fetcher that keeps `cache_bytes` of manifests, and believes a tag's digest for `freshness`.
    #[must_use]
    pub fn new(cache_bytes: usize, freshness: Duration) -> Self {
        Self {
            cache: Cache::new(cache_bytes),
            tags: Cache::new(TAG_LIMIT),
            freshness,
            heads: SingleFlight::default(),
            bodies: SingleFlight::default(),
        }
    }

    /// Bytes of manifests that are kept.
    #[must_use]
    pub fn cached_bytes(&self) -> usize {
        self.cache.size()
    }

    /// A manifest that needs no asking: by digest from the cache, or by a tag that is fresh.
    #[must_use]
    pub fn cached(
        &self,
        place: &Place,
        reference: &ManifestReference,
        accept: &HeaderMap,
    ) -> Option<Arc<Manifest>> {
        let digest = match reference {
            ManifestReference::Digest(digest) => digest.clone(),
            ManifestReference::Tag(_) => self.fresh(&flight_key(place, reference, accept))?.digest,
        };
        self.cache.get(&cache_key(place, &digest))
    }

    /// What a HEAD of the manifest says.
    ///
    /// # Errors
    /// The registry's failure, or that it has not answered within the client's time.
    pub async fn head(
        self: &Arc<Self>,
        place: &Place,
        reference: &ManifestReference,
        accept: &HeaderMap,
        budget: Budget,
    ) -> Result<Described, Failure> {
        let key = flight_key(place, reference, accept);
        if let Some(known) = self.fresh(&key) {
            return Ok(known);
        }
        let fetch = {
            let (this, key) = (Arc::clone(self), key.clone());
            let (place, reference, accept) = (place.clone(), reference.clone(), accept.clone());
            move || async move {
                match this.fresh(&key) {
                    Some(known) => Ok(known),
                    None => this.fetch_head(&place, &reference, &accept, key, budget).await,
                }
            }
        };
        let head = self.heads.run(key, budget.client, fetch).await;
        head.unwrap_or_else(|_| Err(still_importing(place, reference)))
    }

    /// The manifest.
    ///
    /// # Errors
    /// As [`Manifests::head`]; also that what arrived has another digest.
    pub async fn get(
        self: &Arc<Self>,
        place: &Place,
        reference: &ManifestReference,
        accept: &HeaderMap,
        budget: Budget,
    ) -> Result<Arc<Manifest>, Failure> {
        if let Some(found) = self.cached(place, reference, accept) {
            return Ok(found);
        }
        let key = flight_key(place, reference, accept);
        let fetch = {
            let (this, key) = (Arc::clone(self), key.clone());
            let (place, reference, accept) = (place.clone(), reference.clone(), accept.clone());
            move || async move {
                match this.cached(&place, &reference, &accept) {
                    Some(found) => Ok(found),
                    None => this.fetch(&place, &reference, &accept, key, budget).await,
                }
            }
        };
        let manifest = self.bodies.run(key, budget.client, fetch).await;
        manifest.unwrap_or_else(|_| Err(still_importing(place, reference)))
    }

    fn fresh(&self, key: &FlightKey) -> Option<Described> {
        self.tags.get(key).filter(|(_, at)| at.elapsed() < self.freshness).map(|(described, _)| described)
    }

    async fn fetch_head(
        &self,
        place: &Place,
        reference: &ManifestReference,
        accept: &HeaderMap,
        key: FlightKey,
        budget: Budget,
    ) -> Result<Described, Failure> {
        let patience = Patience::new(budget.client, budget.waits);
        let answer = attempt(&place.remote.health, patience, || async {
            let request = request(place, reference, accept, true);
            let answer = place.remote.registry.read(&request).await?;
            Ok(described(&answer.headers, reference))
        });
        let described = match answer.await {
            Ok(Some(described)) => described,
            // A registry that does not say digest and size, or knows no HEAD.
            Ok(None) => self.fetch(place, reference, accept, key.clone(), budget).await?.described.clone(),
            Err(failure) if failure.kind == FailureKind::Refused => {
                self.fetch(place, reference, accept, key.clone(), budget).await?.described.clone()
            }
            Err(failure) => return Err(failure),
        };
        self.remember(reference, key, &described);
        Ok(described)
    }

    async fn fetch(
        &self,
        place: &Place,
        reference: &ManifestReference,
        accept: &HeaderMap,
        key: FlightKey,
        budget: Budget,
    ) -> Result<Arc<Manifest>, Failure> {
        let patience = Patience::new(budget.client, budget.waits);
        let manifest = attempt(&place.remote.health, patience, || async {
            let request = request(place, reference, accept, false);
            let answer = place.remote.registry.read(&request).await?;
            let headers = answer.headers.clone();
            let subject = format!("manifest {reference} of {}/{}", place.remote.name, place.repository);
            let bytes = answer.bytes(MANIFEST_LIMIT, &subject).await?;
            verified(bytes, &headers, reference, &subject)
        });
        let manifest = Arc::new(manifest.await?);
        let size = manifest.bytes.len() * 2 + OVERHEAD;
        self.cache.insert(cache_key(place, &manifest.described.digest), Arc::clone(&manifest), size);
        self.remember(reference, key, &manifest.described);
        Ok(manifest)
    }

    fn remember(&self, reference: &ManifestReference, key: FlightKey, described: &Described) {
        if matches!(reference, ManifestReference::Tag(_)) {
            self.tags.insert(key, (described.clone(), Instant::now()), 1);
        }
    }
}

fn request<'a>(
    place: &'a Place,
    reference: &'a ManifestReference,
    accept: &HeaderMap,
    head: bool,
) -> ReadRequest<'a> {
    ReadRequest {
        head,
        repository: &place.repository,
        resource: Resource::Manifest(reference),
        headers: accept.clone(),
        follow: true,
        patience: IMPORT_LIMIT,
        pieces: Pieces::Large,
    }
}

fn described(headers: &HeaderMap, reference: &ManifestReference) -> Option<Described> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let digest = match reference {
        ManifestReference::Digest(digest) => digest.clone(),
        ManifestReference::Tag(_) => Digest::parse(text(DOCKER_CONTENT_DIGEST)?).ok()?,
    };
    let size = text(CONTENT_LENGTH.as_str())?.parse().ok()?;
    Some(Described { digest, media_type: headers.get(CONTENT_TYPE)?.clone(), size })
}

/// The manifest, if its bytes are what was asked for, and what the registry says that they are.
fn verified(
    bytes: Bytes,
    headers: &HeaderMap,
    reference: &ManifestReference,
    subject: &str,
) -> Result<Manifest, Failure> {
    let said = headers.get(DOCKER_CONTENT_DIGEST).and_then(|value| Digest::parse(value.to_str().ok()?).ok());
    let expected = match reference {
        ManifestReference::Digest(digest) => Some(digest.clone()),
        ManifestReference::Tag(_) => said,
    };
    let digest =
        expected.as_ref().map_or_else(|| Digest::sha256(&bytes), |digest| digest.same_algorithm(&bytes));
    if let Some(expected) = expected.filter(|expected| *expected != digest) {
        let message = format!("{subject} arrived with digest {digest} instead of {expected}");
        return Err(Failure::new(FailureKind::Damaged, message));
    }
    let media_type = headers.get(CONTENT_TYPE).cloned();
    let media_type = media_type.unwrap_or_else(|| HeaderValue::from_static("application/octet-stream"));
    // What is no manifest by our reading is passed on all the same; the client judges it.
    let parsed = oci_copy::Manifest::parse(bytes.clone(), digest.clone(), media_type.to_str().ok());
    let blobs =
        parsed.map(|parsed| parsed.blobs().map(|blob| blob.digest.clone()).collect()).unwrap_or_default();
    let described = Described { digest, media_type, size: bytes.len() as u64 };
    Ok(Manifest { described, bytes, blobs })
}

fn cache_key(place: &Place, digest: &Digest) -> CacheKey {
    (place.remote.name.clone(), place.repository.clone(), digest.clone())
}

fn flight_key(place: &Place, reference: &ManifestReference, accept: &HeaderMap) -> FlightKey {
    let accept: Vec<_> =
        accept.get_all(ACCEPT).iter().map(|line| String::from_utf8_lossy(line.as_bytes())).collect();
    (place.remote.name.clone(), place.repository.clone(), reference.to_string(), accept.join(", "))
}

fn still_importing(place: &Place, reference: &ManifestReference) -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        format!(
            "{} has not answered for {}:{reference} yet; the request goes on, ask again",
            place.remote.name, place.repository
        ),
    )
}

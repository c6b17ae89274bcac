//! The manifests of an image, from wherever they are cheaper to read.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};

use super::select::select;
use super::{Copy, CopyOptions, Warning};
use crate::auth::Scope;
use crate::client::HeadFallback;
use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::Manifest;
use crate::media_type;
use crate::pulls::Reservation;
use crate::reference::ManifestReference;

/// Deepest nesting of indexes.
pub(super) const DEPTH_LIMIT: usize = 8;
/// Most manifests of one image.
pub(super) const COUNT_LIMIT: usize = 2000;
/// Most bytes of manifests held at once.
const BYTES_LIMIT: usize = 32 * 1024 * 1024;

/// A manifest, and whether the destination has it.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) manifest: Manifest,
    pub(super) at_destination: bool,
}

/// Every manifest that the root leads to.
#[derive(Debug)]
pub(super) struct Plan {
    root: Descriptor,
    nodes: HashMap<Digest, Node>,
}

impl Plan {
    /// Reads the root and everything below it, level by level.
    pub(super) async fn read(
        copy: &Copy<'_>,
        root: &Digest,
        warnings: &mut Vec<Warning>,
    ) -> Result<Self, Error> {
        let root = copy.root(root).await?;
        let mut seen = HashSet::from([root.manifest.digest().clone()]);
        let mut plan = Self { root: root.manifest.descriptor(), nodes: HashMap::new() };
        let mut found = vec![Found::Node(root)];
        let mut bytes = 0;
        for _ in 0..DEPTH_LIMIT {
            let mut level: Vec<Descriptor> = Vec::new();
            for found in found {
                let node = match found {
                    Found::Node(node) => node,
                    Found::Missing(descriptor) => {
                        warnings.push(Warning::ChildMissing(descriptor));
                        continue;
                    }
                };
                bytes += node.manifest.raw().len();
                for child in node.manifest.manifests() {
                    if seen.insert(child.digest.clone()) {
                        level.push(child.clone());
                    }
                }
                if bytes > BYTES_LIMIT || seen.len() > COUNT_LIMIT {
                    return Err(Error::TooComplex(format!(
                        "it has more than {COUNT_LIMIT} manifests or {BYTES_LIMIT} bytes of them"
                    )));
                }
                plan.nodes.insert(node.manifest.digest().clone(), node);
            }
            if level.is_empty() {
                return Ok(plan);
            }
            found = copy.level(level).await?;
        }
        Err(Error::TooComplex(format!("indexes are nested deeper than {DEPTH_LIMIT}")))
    }

    /// What the image is at the destination.
    pub(super) fn root(&self) -> &Descriptor {
        &self.root
    }

    pub(super) fn get(&self, digest: &Digest) -> Option<&Node> {
        self.nodes.get(digest)
    }

    /// The manifests in an order in which each comes after all that it names; the root is last.
    pub(super) fn children_first(&self) -> Vec<&Node> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut done = HashSet::new();
        // Second visit of a digest: its children are in the order, so it may follow.
        let mut stack = vec![(&self.root.digest, false)];
        while let Some((digest, visited)) = stack.pop() {
            let Some(node) = self.nodes.get(digest) else { continue };
            if visited {
                if done.insert(digest) {
                    order.push(node);
                }
            } else if !done.contains(digest) {
                stack.push((digest, true));
                stack.extend(node.manifest.manifests().iter().map(|child| (&child.digest, false)));
            }
        }
        order
    }

    /// The blobs to be copied, each once.
    pub(super) fn blobs(&self, options: &CopyOptions, warnings: &mut Vec<Warning>) -> Vec<Descriptor> {
        let mut seen = HashSet::new();
        let mut blobs = Vec::new();
        for node in self.children_first() {
            for blob in node.manifest.blobs() {
                // Two descriptors of one digest with different sizes are both checked; one must fail.
                if !seen.insert((&blob.digest, blob.size)) {
                    continue;
                }
                if media_type::is_foreign_layer(&blob.media_type) && !options.copy_foreign_layers {
                    warnings.push(Warning::ForeignLayerSkipped(blob.clone()));
                } else {
                    blobs.push(blob.clone());
                }
            }
        }
        blobs
    }
}

enum Found {
    Node(Node),
    Missing(Descriptor),
}

impl Copy<'_> {
    /// The image itself: as it is, or an index of the chosen platforms of it.
    async fn root(&self, digest: &Digest) -> Result<Node, Error> {
        let whole = if self.is_stored(digest).await? {
            self.stored(digest, None).await?
        } else {
            self.ask_pull_limit(digest).await?;
            let reserved = self.source.pulls().reserve(1, self.source.host())?;
            self.pull(digest, None, &reserved).await?
        };
        let Some(manifest) = select(&whole.manifest, self.options)? else { return Ok(whole) };
        let at_destination = self.is_stored(manifest.digest()).await?;
        Ok(Node { manifest, at_destination })
    }

    /// Manifests of one level: those that the destination has are read there, which costs no pull. The others are pulled
    /// if enough of the source's limit is left for all of them.
    async fn level(&self, descriptors: Vec<Descriptor>) -> Result<Vec<Found>, Error> {
        for descriptor in &descriptors {
            if media_type::is_schema1(&descriptor.media_type) {
                return Err(Error::UnsupportedManifest {
                    host: self.source.host().to_owned(),
                    repository: self.source_repository.to_owned(),
                    digest: descriptor.digest.clone(),
                    source: crate::manifest::ManifestError::Schema1,
                });
            }
        }
        let parallel = self.options.parallel.max(1);
        let asked = descriptors.iter().map(|descriptor| self.is_stored(&descriptor.digest));
        let stored: Vec<bool> =
            stream::iter(asked.collect::<Vec<_>>()).buffered(parallel).try_collect().await?;
        let pulls = stored.iter().filter(|stored| !**stored).count() as u64;
        let reserved = self.source.pulls().reserve(pulls, self.source.host())?;
        let found = descriptors
            .into_iter()
            .zip(stored)
            .map(|(descriptor, stored)| self.manifest(descriptor, stored, &reserved));
        stream::iter(found.collect::<Vec<_>>()).buffered(parallel).try_collect().await
    }

    async fn manifest(
        &self,
        descriptor: Descriptor,
        stored: bool,
        reserved: &Reservation<'_>,
    ) -> Result<Found, Error> {
        if stored {
            return self.stored(&descriptor.digest, Some(&descriptor)).await.map(Found::Node);
        }
        match self.pull(&descriptor.digest, Some(&descriptor), reserved).await {
            // An index may name things that are no manifests; only known types must be there.
            Err(Error::NotFound { .. })
                if !media_type::is_index(&descriptor.media_type)
                    && !media_type::is_image(&descriptor.media_type) =>
            {
                Ok(Found::Missing(descriptor))
            }
            other => other.map(Found::Node),
        }
    }

    async fn is_stored(&self, digest: &Digest) -> Result<bool, Error> {
        let reference = ManifestReference::Digest(digest.clone());
        let scope = Scope::push(self.destination_repository);
        let found = self
            .destination
            .head_in(self.destination_repository, &reference, HeadFallback::Get, &scope)
            .await?;
        Ok(found.is_some())
    }

    async fn stored(&self, digest: &Digest, descriptor: Option<&Descriptor>) -> Result<Node, Error> {
        let reference = ManifestReference::Digest(digest.clone());
        let scope = Scope::push(self.destination_repository);
        let manifest =
            self.destination.get_in(self.destination_repository, &reference, descriptor, &scope).await?;
        Ok(Node { manifest, at_destination: true })
    }

    async fn pull(
        &self,
        digest: &Digest,
        descriptor: Option<&Descriptor>,
        reserved: &Reservation<'_>,
    ) -> Result<Node, Error> {
        let reference = ManifestReference::Digest(digest.clone());
        let scope = Scope::pull(self.source_repository);
        let manifest = self.source.get_in(self.source_repository, &reference, descriptor, &scope).await;
        reserved.spend();
        Ok(Node { manifest: manifest?, at_destination: false })
    }

    /// Gives the source the opportunity to announce its limit, by a HEAD that does not count.
    async fn ask_pull_limit(&self, digest: &Digest) -> Result<(), Error> {
        if self.source.pulls().is_known() {
            return Ok(());
        }
        let reference = ManifestReference::Digest(digest.clone());
        match self.source.pull_limit(self.source_repository, &reference).await {
            // A registry without HEAD announces nothing.
            Ok(_) | Err(Error::Registry { status: 405, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

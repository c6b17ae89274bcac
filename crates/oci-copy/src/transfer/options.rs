//! What a copy is told, and what it tells.

use super::MountSources;
use crate::descriptor::{Descriptor, Platform};
use crate::digest::Digest;
use crate::reference::Tag;

/// Choices of one copy.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CopyOptions {
    /// Most requests of this copy at once; 4 by default.
    pub parallel: usize,
    /// Copy layers that registries are not supposed to hold (foreign, non-distributable); off by default.
    pub copy_foreign_layers: bool,
    /// What copies into the destination can mount from each other; none by default.
    pub mount_sources: Option<MountSources>,
    /// Platforms of an index to copy; all by default. Then an index of them is made, with another digest.
    pub platforms: Vec<Platform>,
    /// Name of the annotation of such an index that holds the digest of the source's; none by default.
    pub source_annotation: Option<String>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            parallel: 4,
            copy_foreign_layers: false,
            mount_sources: None,
            platforms: Vec::new(),
            source_annotation: None,
        }
    }
}

impl CopyOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Most requests of this copy at once, at least 1.
    #[must_use]
    pub fn parallel(mut self, parallel: usize) -> Self {
        self.parallel = parallel.max(1);
        self
    }

    /// Whether layers that registries are not supposed to hold are copied.
    #[must_use]
    pub fn copy_foreign_layers(mut self, copy: bool) -> Self {
        self.copy_foreign_layers = copy;
        self
    }

    /// Mounts what other copies with the same sources brought into the destination, where the registry allows it, and
    /// lets them mount from this one.
    #[must_use]
    pub fn mount_sources(mut self, sources: MountSources) -> Self {
        self.mount_sources = Some(sources);
        self
    }

    /// Copies only these platforms of an index: a new index holds their entries and those of their attestations
    /// unchanged, and the annotation
    /// `source_annotation` the digest of the source's. What is no index is copied as it is.
    #[must_use]
    pub fn platforms(mut self, platforms: Vec<Platform>, source_annotation: impl Into<String>) -> Self {
        self.platforms = platforms;
        self.source_annotation = Some(source_annotation.into());
        self
    }
}

/// What a copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CopyReport {
    /// Digest of the image at the destination: that of the source, unless platforms were chosen.
    pub digest: Option<Digest>,
    /// Bytes of the blobs that were copied.
    pub bytes_copied: u64,
    /// Blobs that were copied.
    pub blobs_copied: u64,
    /// Blobs that the destination had already.
    pub blobs_skipped: u64,
    /// Blobs that the destination took from another of its repositories.
    pub blobs_mounted: u64,
    /// Manifests that were stored.
    pub manifests_copied: u64,
    /// Tags that were written; those that named the image already are not counted.
    pub tags_written: u64,
    /// What a person should know although the copy succeeded.
    pub warnings: Vec<Warning>,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A layer that registries are not supposed to hold was not copied; clients fetch it from elsewhere.
    ForeignLayerSkipped(Descriptor),
    /// An entry of an index is no manifest of the source; the index names it all the same.
    ChildMissing(Descriptor),
    /// Something that refers to an image was not copied: the destination does not take it, or the source cannot give it.
    ReferrerRefused {
        /// Digest of the manifest that it refers to.
        subject: Digest,
        /// Its digest, or its tag.
        artifact: String,
        /// Who refused, and why.
        reason: String,
    },
    /// A tag that belongs to an image, of its signature for example, could not be moved.
    ReferrerTagImmutable {
        /// The tag.
        tag: String,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ForeignLayerSkipped(layer) => {
                write!(
                    f,
                    "layer {} ({}) is not distributable and was not copied",
                    layer.digest, layer.media_type
                )
            }
            Self::ChildMissing(child) => {
                write!(
                    f,
                    "{} ({}) is named by an index, but is no manifest of the source",
                    child.digest, child.media_type
                )
            }
            Self::ReferrerRefused { subject, artifact, reason } => {
                write!(f, "{artifact}, which refers to {subject}, was not copied: {reason}")
            }
            Self::ReferrerTagImmutable { tag } => {
                write!(
                    f,
                    "the destination does not let tag {tag} be overwritten; it names what it named before"
                )
            }
        }
    }
}

/// A step of a copy.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A blob is on its way.
    BlobStarted {
        /// Digest and size of the blob.
        blob: &'a Descriptor,
    },
    /// A blob is stored and verified.
    BlobCopied {
        /// Digest and size of the blob.
        blob: &'a Descriptor,
    },
    /// The destination had a blob, or took it from another of its repositories.
    BlobSkipped {
        /// Digest and size of the blob.
        blob: &'a Descriptor,
    },
    /// Bytes went over; about twice a second while any do.
    Transferred {
        /// Bytes so far, those of failed tries included.
        bytes: u64,
        /// Rate since the last event.
        bytes_per_second: u64,
    },
    /// A manifest is stored.
    ManifestCopied {
        /// Digest of the manifest.
        digest: &'a Digest,
    },
    /// A tag names the image.
    TagWritten {
        /// The tag.
        tag: &'a Tag,
    },
}

/// Is told the steps of a copy. Closures and `()` are progress as well.
pub trait Progress: Send + Sync {
    /// Takes note of a step; must not block.
    fn event(&self, event: &Event<'_>);
}

impl Progress for () {
    fn event(&self, _: &Event<'_>) {}
}

impl<F: Fn(&Event<'_>) + Send + Sync> Progress for F {
    fn event(&self, event: &Event<'_>) {
        self(event);
    }
}

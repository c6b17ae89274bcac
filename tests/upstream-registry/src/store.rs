//! What the registry holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// Size of the pieces in which blobs are served.
pub(crate) const PIECE: u64 = 64 * 1024;

/// The content of a blob, or how to make it.
#[derive(Clone, Debug)]
pub(crate) enum Blob {
    Bytes(Bytes),
    /// Pseudo-random bytes made while they are served, so that a large blob needs no memory.
    Generated {
        seed: u64,
        size: u64,
    },
    /// An uploaded blob of which only the size was kept.
    Discarded {
        size: u64,
    },
}

impl Blob {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Generated { size, .. } | Self::Discarded { size } => *size,
        }
    }

    /// The piece that begins at `offset`; empty at the end, and for a discarded blob.
    pub(crate) fn piece(&self, offset: u64) -> Bytes {
        let start = offset.min(self.size());
        let end = (start / PIECE * PIECE + PIECE).min(self.size());
        match self {
            Self::Bytes(bytes) => bytes.slice(index(start)..index(end)),
            Self::Generated { seed, .. } => generated(*seed, start / PIECE)
                .slice(index(start % PIECE)..index(start % PIECE + (end - start))),
            Self::Discarded { .. } => Bytes::new(),
        }
    }

    pub(crate) fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        let mut offset = 0;
        while offset < self.size() {
            let piece = self.piece(offset);
            hasher.update(&piece);
            offset += piece.len() as u64;
        }
        digest_text(&hasher.finalize())
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// One piece of a generated blob: xorshift, begun anew for each piece.
fn generated(seed: u64, number: u64) -> Bytes {
    let mut state = (seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15)) | 1;
    let mut piece = Vec::with_capacity(index(PIECE));
    while (piece.len() as u64) < PIECE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        piece.extend_from_slice(&state.to_le_bytes());
    }
    Bytes::from(piece)
}

pub(crate) fn digest_text(hash: &[u8]) -> String {
    use std::fmt::Write as _;
    hash.iter().fold("sha256:".to_owned(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest_text(&Sha256::digest(bytes))
}

/// A manifest: its bytes and the media type it was stored with.
#[derive(Clone, Debug)]
pub(crate) struct StoredManifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Bytes,
}

/// One repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) manifests: BTreeMap<String, StoredManifest>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) blobs: BTreeMap<String, Blob>,
    pub(crate) immutable_tags: bool,
    /// Number of images made for this repository, so that each has content of its own.
    pub(crate) revisions: u64,
}

impl Repository {
    /// The digest and manifest that a tag or digest stands for.
    pub(crate) fn manifest(&self, reference: &str) -> Option<(&str, &StoredManifest)> {
        let digest = self.tags.get(reference).map_or(reference, String::as_str);
        self.manifests.get_key_value(digest).map(|(digest, manifest)| (digest.as_str(), manifest))
    }

    /// True when some stored manifest names this blob.
    pub(crate) fn references(&self, blob: &str) -> bool {
        self.manifests
            .values()
            .any(|manifest| crate::manifest::blobs(&manifest.bytes).iter().any(|named| named == blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_blobs_are_the_same_from_any_offset() {
        let blob = Blob::Generated { seed: 7, size: PIECE * 2 + 5 };
        assert_eq!(blob.piece(PIECE + 3), blob.piece(PIECE).slice(3..));
        assert_eq!(blob.piece(PIECE * 2).len(), 5);
        assert_eq!(blob.piece(PIECE * 2 + 5).len(), 0);
        assert_ne!(blob.piece(0), blob.piece(PIECE));
    }
}

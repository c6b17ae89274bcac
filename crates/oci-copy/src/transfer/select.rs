//! An index of chosen platforms, made from one of all.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::CopyOptions;
use crate::descriptor::{Descriptor, Platform};
use crate::digest::Digest;
use crate::error::Error;
use crate::manifest::{Content, Manifest};
use crate::media_type;

/// The entries of an index as they stand in it.
#[derive(Deserialize)]
struct Entries {
    manifests: Vec<Value>,
}

/// The index that holds the entries of `manifest` for the chosen platforms and their attestations, unchanged and in their
/// order. `None` where all
/// is to be copied, and for what is no index.
///
/// The same choice of the same index gives the same bytes. Its annotation says which index it was made from.
pub(super) fn select(manifest: &Manifest, options: &CopyOptions) -> Result<Option<Manifest>, Error> {
    let Content::Index { manifests } = manifest.content() else { return Ok(None) };
    if options.platforms.is_empty() {
        return Ok(None);
    }
    let images = manifests.iter().filter(|entry| !entry.is_attestation());
    let has: Vec<&Platform> = images.filter_map(|entry| entry.platform.as_ref()).collect();
    let missing = |wanted: &&Platform| !has.iter().any(|has| wanted.includes(has));
    if let Some(missing) = options.platforms.iter().find(missing) {
        return Err(Error::PlatformMissing {
            digest: manifest.digest().clone(),
            platform: missing.to_string(),
            available: has.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        });
    }
    let entries: Entries = serde_json::from_slice(manifest.raw())
        .map_err(|error| Error::TooComplex(format!("its entries cannot be read again: {error}")))?;
    let is_wanted = |has: &Platform| options.platforms.iter().any(|wanted| wanted.includes(has));
    let is_image =
        |entry: &Descriptor| !entry.is_attestation() && entry.platform.as_ref().is_some_and(is_wanted);
    let images: Vec<&Digest> =
        manifests.iter().filter(|entry| is_image(entry)).map(|entry| &entry.digest).collect();
    // Attestations go with the image that they are about.
    let chosen: Vec<Value> = entries
        .manifests
        .into_iter()
        .zip(manifests)
        .filter(|(_, entry)| is_image(entry) || entry.attests_to(&images))
        .map(|(value, _)| value)
        .collect();
    let mut index = json!({
        "schemaVersion": 2,
        "mediaType": media_type::OCI_INDEX,
        "manifests": chosen,
    });
    if let Some(name) = &options.source_annotation {
        index["annotations"] = json!({ name: manifest.digest().to_string() });
    }
    let raw = Bytes::from(index.to_string());
    let digest = Digest::sha256(&raw);
    let made = Manifest::parse(raw, digest.clone(), Some(media_type::OCI_INDEX));
    made.map(Some).map_err(|error| Error::TooComplex(format!("the index {digest} made of it: {error}")))
}

//! Manifests: the raw bytes, and what a copier has to know of them.
//!
//! The bytes are the manifest; what is parsed from them is never written back.

use bytes::Bytes;
use serde::Deserialize;

use crate::descriptor::Descriptor;
use crate::digest::Digest;
use crate::media_type;

/// A manifest as it arrived.
#[derive(Clone, Debug)]
pub struct Manifest {
    raw: Bytes,
    digest: Digest,
    media_type: String,
    content: Content,
}

/// What a manifest points to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// An image index or Docker manifest list.
    Index {
        /// Its children, in the order of the index.
        manifests: Vec<Descriptor>,
    },
    /// An image manifest, of an image or of an artifact in that form.
    Image {
        /// The image configuration.
        config: Descriptor,
        /// The layers, lowest first.
        layers: Vec<Descriptor>,
    },
    /// A manifest of a media type that this crate does not know.
    Opaque {
        /// Whatever stood under `config`, `layers` and `blobs`.
        blobs: Vec<Descriptor>,
        /// Whatever stood under `manifests`.
        manifests: Vec<Descriptor>,
    },
}

/// Why bytes are no usable manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The bytes are no JSON, or not of the form that the media type demands.
    #[error("the manifest does not have the form of its media type: {0}")]
    Form(String),
    /// Content-Type and the manifest's own mediaType name different types.
    #[error("the registry calls the manifest {header}, the manifest calls itself {own}")]
    MediaTypesDiffer {
        /// What the registry or the index said.
        header: String,
        /// What the manifest says.
        own: String,
    },
    /// The manifest reads as index and as image at once, so that clients could differ about it.
    #[error("the manifest is index and image at once")]
    Ambiguous,
    /// Docker's schema 1.
    #[error(
        "the manifest has Docker's schema 1, which registries no longer take: push the image again with a current client"
    )]
    Schema1,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parsed {
    schema_version: Option<u64>,
    media_type: Option<String>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    blobs: Option<Vec<Descriptor>>,
}

impl Manifest {
    /// Reads a manifest whose bytes have the digest `digest`.
    ///
    /// `said` is the media type that came with it: the registry's Content-Type or the index's descriptor.
    ///
    /// # Errors
    /// [`ManifestError`] for schema 1 and for bytes that do not fit their media type.
    pub fn parse(raw: Bytes, digest: Digest, said: Option<&str>) -> Result<Self, ManifestError> {
        let said = said.map(media_type::essence).filter(|said| !said.is_empty());
        if said.is_some_and(media_type::is_schema1) {
            return Err(ManifestError::Schema1);
        }
        let parsed: Parsed =
            serde_json::from_slice(&raw).map_err(|error| ManifestError::Form(error.to_string()))?;
        if parsed.schema_version == Some(1) {
            return Err(ManifestError::Schema1);
        }
        let own = parsed.media_type.as_deref().filter(|own| !own.is_empty());
        if let (Some(said), Some(own)) = (said, own)
            && said != own
            && is_known(said)
        {
            return Err(ManifestError::MediaTypesDiffer { header: said.to_owned(), own: own.to_owned() });
        }
        if parsed.manifests.is_some() && (parsed.layers.is_some() || parsed.config.is_some()) {
            return Err(ManifestError::Ambiguous);
        }
        let media_type = match (own, said.filter(|said| is_known(said)), &parsed.manifests) {
            (Some(own), _, _) => own.to_owned(),
            (None, Some(said), _) => said.to_owned(),
            // OCI manifests may leave out mediaType; a registry may answer a general Content-Type.
            (None, None, Some(_)) => media_type::OCI_INDEX.to_owned(),
            (None, None, None) if parsed.layers.is_some() => media_type::OCI_MANIFEST.to_owned(),
            (None, None, None) => said.unwrap_or_default().to_owned(),
        };
        let content = if media_type::is_index(&media_type) {
            let manifests = parsed.manifests.ok_or_else(|| missing("manifests"))?;
            Content::Index { manifests }
        } else if media_type::is_image(&media_type) {
            let config = parsed.config.ok_or_else(|| missing("config"))?;
            let layers = parsed.layers.ok_or_else(|| missing("layers"))?;
            Content::Image { config, layers }
        } else if media_type.is_empty() {
            return Err(ManifestError::Form("it names no media type".to_owned()));
        } else {
            let mut blobs: Vec<Descriptor> = parsed.config.into_iter().collect();
            blobs.extend(parsed.layers.unwrap_or_default());
            blobs.extend(parsed.blobs.unwrap_or_default());
            Content::Opaque { blobs, manifests: parsed.manifests.unwrap_or_default() }
        };
        Ok(Self { raw, digest, media_type, content })
    }

    /// The bytes, exactly as they arrived.
    #[must_use]
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The media type: the manifest's own, or else what the registry said.
    #[must_use]
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// What the manifest points to.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// A descriptor of this manifest.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest.clone(), self.raw.len() as u64)
    }

    /// The children of an index; empty for an image.
    #[must_use]
    pub fn manifests(&self) -> &[Descriptor] {
        match &self.content {
            Content::Index { manifests } | Content::Opaque { manifests, .. } => manifests,
            Content::Image { .. } => &[],
        }
    }

    /// Config and layers of an image, in the order of the manifest; empty for an index.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        let (config, layers) = match &self.content {
            Content::Index { .. } => (None, &[][..]),
            Content::Image { config, layers } => (Some(config), &layers[..]),
            Content::Opaque { blobs, .. } => (None, &blobs[..]),
        };
        config.into_iter().chain(layers)
    }
}

fn is_known(media_type: &str) -> bool {
    media_type::is_index(media_type) || media_type::is_image(media_type)
}

fn missing(field: &str) -> ManifestError {
    ManifestError::Form(format!("{field} is missing"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str, said: Option<&str>) -> Result<Manifest, ManifestError> {
        let raw = Bytes::copy_from_slice(json.as_bytes());
        let digest = Digest::sha256(&raw);
        Manifest::parse(raw, digest, said)
    }

    #[test]
    fn index_without_media_type_is_read_as_oci_index() {
        let manifest = parse(r#"{"schemaVersion":2,"manifests":[]}"#, Some("application/json")).unwrap();
        assert_eq!(manifest.media_type(), media_type::OCI_INDEX);
        assert_eq!(manifest.content(), &Content::Index { manifests: vec![] });
    }

    #[test]
    fn content_type_with_parameters_is_understood() {
        let said = format!("{}; charset=utf-8", media_type::DOCKER_MANIFEST_LIST);
        let manifest = parse(r#"{"schemaVersion":2,"manifests":[]}"#, Some(&said)).unwrap();
        assert_eq!(manifest.media_type(), media_type::DOCKER_MANIFEST_LIST);
    }

    #[test]
    fn schema_1_is_refused_by_header_and_by_body() {
        let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        assert_eq!(parse("{}", Some(signed)).unwrap_err(), ManifestError::Schema1);
        assert_eq!(parse(r#"{"schemaVersion":1}"#, None).unwrap_err(), ManifestError::Schema1);
    }

    #[test]
    fn manifest_that_is_index_and_image_at_once_is_refused() {
        let json = r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
        assert_eq!(parse(json, None).unwrap_err(), ManifestError::Ambiguous);
    }

    #[test]
    fn differing_media_types_are_refused() {
        let json = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, media_type::OCI_INDEX);
        let error = parse(&json, Some(media_type::OCI_MANIFEST)).unwrap_err();
        assert!(matches!(error, ManifestError::MediaTypesDiffer { .. }));
    }

    #[test]
    fn unknown_media_type_is_kept_as_opaque_manifest() {
        let json = r#"{"mediaType":"application/vnd.example.thing+json","blobs":[]}"#;
        let manifest = parse(json, None).unwrap();
        assert!(matches!(manifest.content(), Content::Opaque { .. }));
    }
}

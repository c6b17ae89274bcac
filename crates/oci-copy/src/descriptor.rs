//! Descriptors: what points from a manifest to other content (OCI image-spec, section "Descriptors").

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Media type, digest and size of some content, with what else the manifest says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: String,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    pub size: u64,
    /// Type of an artifact, where the content is a manifest of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The platform that the content is meant for; only in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Annotations; null and absent are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    /// A descriptor without optional parts.
    #[must_use]
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            artifact_type: None,
            platform: None,
            annotations: None,
        }
    }

    /// True for an attestation that BuildKit stores as child of an index; it is no platform of the image.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.annotations
            .as_ref()
            .and_then(|annotations| annotations.get("vnd.docker.reference.type"))
            .is_some_and(|kind| kind == "attestation-manifest")
    }

    /// True for the attestation of one of the manifests `digests`, as BuildKit ties them together.
    pub(crate) fn attests_to(&self, digests: &[&Digest]) -> bool {
        let annotations = self.annotations.as_ref().filter(|_| self.is_attestation());
        let about = annotations.and_then(|annotations| annotations.get("vnd.docker.reference.digest"));
        about.is_some_and(|about| digests.iter().any(|digest| digest.to_string() == *about))
    }
}

/// The platform of an index entry: values of Go's GOOS and GOARCH.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// CPU architecture, such as `amd64`.
    pub architecture: String,
    /// Operating system, such as `linux`.
    pub os: String,
    /// Variant of the architecture, such as `v7` of `arm`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Version of the operating system; Windows uses it.
    #[serde(default, rename = "os.version", skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
}

impl Platform {
    /// Reads `<os>/<architecture>` with or without `/<variant>`, as [`Display`](std::fmt::Display) writes it. `None` for
    /// anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_word = |part: &&str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let (&[os, architecture, ref variant @ ..], true) = (&parts[..], parts.iter().all(is_word)) else {
            return None;
        };
        let variant = match variant {
            [] => None,
            [variant] => Some((*variant).to_owned()),
            _ => return None,
        };
        let (os, architecture) = (os.to_owned(), architecture.to_owned());
        Some(Platform { architecture, os, variant, os_version: None })
    }

    /// True when `other` is a platform of this kind: without a variant any will do.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        self.os == other.os
            && self.architecture == other.architecture
            && (self.variant.is_none() || self.variant == other.variant)
            && (self.os_version.is_none() || self.os_version == other.os_version)
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        Ok(())
    }
}

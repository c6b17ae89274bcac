//! Media types of manifests and layers (OCI image-spec, section "Media Types"; Docker's schema 2 and 1).

/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// Docker's counterpart of the image index.
pub const DOCKER_MANIFEST_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker's counterpart of the image manifest (schema 2).
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// What is sent as `Accept` with every manifest request.
///
/// A registry that misses the stored type here may convert it, and the digest with it, or answer 404.
pub const ACCEPT_MANIFEST: &str = "application/vnd.oci.image.index.v1+json, \
     application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, \
     application/vnd.docker.distribution.manifest.v2+json, */*";

/// True for an image index and for Docker's manifest list.
#[must_use]
pub fn is_index(media_type: &str) -> bool {
    matches!(media_type, OCI_INDEX | DOCKER_MANIFEST_LIST)
}

/// True for an image manifest, OCI's or Docker's.
#[must_use]
pub fn is_image(media_type: &str) -> bool {
    matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST)
}

/// True for Docker's schema 1, which current clients and registries refuse.
#[must_use]
pub fn is_schema1(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.docker.distribution.manifest.v1+")
}

/// True for layers whose bytes registries are not supposed to hold: OCI's non-distributable and
/// Docker's foreign layers. The media type decides, not the presence of `urls`.
#[must_use]
pub fn is_foreign_layer(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.oci.image.layer.nondistributable.")
        || media_type.starts_with("application/vnd.docker.image.rootfs.foreign.diff.")
}

/// The media type without its parameters and surrounding space: `a/b; charset=utf-8` is `a/b`.
pub(crate) fn essence(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

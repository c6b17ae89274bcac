//! Images made for tests: small, deterministic, and as odd as a test wants them.

use std::io::Write as _;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use crate::store::{Blob, Repository, StoredManifest, sha256};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const FOREIGN_LAYER: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";

/// What an image is to look like.
#[derive(Clone, Debug)]
#[must_use]
pub struct Image {
    platforms: Vec<String>,
    layers: u64,
    layer_size: Option<u64>,
    attestations: bool,
    artifact_type: bool,
    odd_whitespace: bool,
    foreign_layer: bool,
    unknown_child: bool,
}

/// The digests of an image that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageDigests {
    /// The index.
    pub digest: String,
    /// Its children, platforms first, then attestations.
    pub manifests: Vec<String>,
    /// Configs and layers that the registry holds, each once.
    pub blobs: Vec<String>,
    /// Bytes of these blobs in all.
    pub blob_bytes: u64,
}

impl Image {
    /// An index over the given platforms (`linux/amd64`, `linux/arm/v7`), with one tiny layer each.
    pub fn new(platforms: &[&str]) -> Self {
        Self {
            platforms: platforms.iter().map(|&platform| platform.to_owned()).collect(),
            layers: 1,
            layer_size: None,
            attestations: false,
            artifact_type: false,
            odd_whitespace: false,
            foreign_layer: false,
            unknown_child: false,
        }
    }

    /// Number of layers of each platform.
    pub fn layers(mut self, layers: u64) -> Self {
        self.layers = layers;
        self
    }

    /// Layers of exactly this many pseudo-random bytes (no gzip), made while they are served.
    pub fn layer_size(mut self, bytes: u64) -> Self {
        self.layer_size = Some(bytes);
        self
    }

    /// An attestation manifest for each platform, as BuildKit makes them.
    pub fn attestations(mut self) -> Self {
        self.attestations = true;
        self
    }

    /// `artifactType` in the descriptors of the index, which old readers drop.
    pub fn artifact_type(mut self) -> Self {
        self.artifact_type = true;
        self
    }

    /// Whitespace and key order in the index that no serialiser would write.
    pub fn odd_whitespace(mut self) -> Self {
        self.odd_whitespace = true;
        self
    }

    /// A further layer that is non-distributable and that the registry does not hold.
    pub fn foreign_layer(mut self) -> Self {
        self.foreign_layer = true;
        self
    }

    /// A further child of a media type that no image specification has.
    pub fn unknown_child(mut self) -> Self {
        self.unknown_child = true;
        self
    }

    /// Makes the image; `seed` tells images with the same looks apart.
    pub(crate) fn store(&self, name: &str, seed: u64, repository: &mut Repository) -> ImageDigests {
        let mut made = Made { repository, blobs: Vec::new(), blob_bytes: 0 };
        let mut children = Vec::new();
        for (number, platform) in self.platforms.iter().enumerate() {
            let layers: Vec<Value> = (0..self.layers)
                .map(|layer| {
                    let blob = self.layer(name, platform, layer, seed);
                    made.blob(LAYER, blob)
                })
                .chain(self.foreign_layer.then(foreign_layer))
                .collect();
            let mut parts = platform.split('/');
            let (os, architecture) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
            let diff_ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
            let config = json!({
                "architecture": architecture, "os": os, "config": {"Cmd": ["/bin/sh"]},
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
                "history": [{"comment": format!("{name} {platform} {seed}.{number}")}],
            });
            let config = made.blob(CONFIG, Blob::Bytes(Bytes::from(config.to_string())));
            let manifest =
                json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
            let mut child = made.manifest(MANIFEST, manifest.to_string());
            child["platform"] = json!({"architecture": architecture, "os": os});
            if let Some(variant) = parts.next() {
                child["platform"]["variant"] = json!(variant);
            }
            if self.artifact_type {
                child["artifactType"] = json!("application/vnd.example.image");
            }
            children.push(child);
        }
        if self.attestations {
            for child in children.clone() {
                children.push(made.attestation(&child));
            }
        }
        if self.unknown_child {
            let manifest = json!({"mediaType": "application/vnd.example.thing.v1+json", "seed": seed});
            children.push(made.manifest("application/vnd.example.thing.v1+json", manifest.to_string()));
        }
        let manifests =
            children.iter().filter_map(|child| child["digest"].as_str()).map(str::to_owned).collect();
        let index = if self.odd_whitespace {
            let list = serde_json::to_string_pretty(&children).unwrap_or_default();
            format!(
                "{{\n\t\"manifests\" :{list},  \"mediaType\":\r\n \"{INDEX}\", \"schemaVersion\": 2 }}\n\n"
            )
        } else {
            json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).to_string()
        };
        let index = made.manifest(INDEX, index);
        ImageDigests {
            digest: index["digest"].as_str().unwrap_or_default().to_owned(),
            manifests,
            blobs: made.blobs,
            blob_bytes: made.blob_bytes,
        }
    }

    fn layer(&self, name: &str, platform: &str, layer: u64, seed: u64) -> Blob {
        let text = format!("{name} {platform} layer {layer} revision {seed}\n");
        match self.layer_size {
            Some(size) => {
                let hash = sha256(text.as_bytes());
                let seed = u64::from_str_radix(&hash[7..23], 16).unwrap_or(seed);
                Blob::Generated { seed, size }
            }
            None => Blob::Bytes(gzip(&tar("etc/image", text.as_bytes()))),
        }
    }
}

struct Made<'a> {
    repository: &'a mut Repository,
    blobs: Vec<String>,
    blob_bytes: u64,
}

impl Made<'_> {
    fn blob(&mut self, media_type: &str, blob: Blob) -> Value {
        let (digest, size) = (blob.digest(), blob.size());
        if !self.blobs.contains(&digest) {
            self.blobs.push(digest.clone());
            self.blob_bytes += size;
        }
        self.repository.blobs.insert(digest.clone(), blob);
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    fn manifest(&mut self, media_type: &str, text: String) -> Value {
        let bytes = Bytes::from(text);
        let (digest, size) = (sha256(&bytes), bytes.len());
        let manifest = StoredManifest { media_type: media_type.to_owned(), bytes };
        self.repository.manifests.insert(digest.clone(), manifest);
        json!({"mediaType": media_type, "digest": digest, "size": size})
    }

    fn attestation(&mut self, child: &Value) -> Value {
        let statement = json!({"_type": "https://in-toto.io/Statement/v0.1", "about": child["digest"]});
        let layer =
            self.blob("application/vnd.in-toto+json", Blob::Bytes(Bytes::from(statement.to_string())));
        let config = self.blob(CONFIG, Blob::Bytes(Bytes::from_static(b"{}")));
        let manifest =
            json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]});
        let mut entry = self.manifest(MANIFEST, manifest.to_string());
        entry["platform"] = json!({"architecture": "unknown", "os": "unknown"});
        entry["annotations"] = json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": child["digest"],
        });
        entry
    }
}

fn foreign_layer() -> Value {
    let digest = sha256(b"kept by its owner");
    json!({"mediaType": FOREIGN_LAYER, "digest": digest, "size": 17, "urls": ["https://example.com/layer"]})
}

/// A gzip stream without time and name, so that it is the same every time.
fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    // Writing to a Vec cannot fail.
    Bytes::from(written.unwrap_or_default())
}

/// A tar archive with one file (POSIX ustar).
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let mut put = |offset: usize, bytes: &[u8]| header[offset..offset + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

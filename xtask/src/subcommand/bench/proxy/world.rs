//! The registry that stands for ECR, what it holds, and who is asked for it.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::REPOSITORY;
use super::http::Connection;
use super::token::{LOGIN, TOKEN};
use crate::digest::hex;
use crate::service::{Service, upstream_registry};

/// The image's tag.
const TAG: &str = "1";
/// What a client reads at once of a connection that is to be fast.
const BUFFER: usize = 256 * 1024;

/// A registry with one image.
#[derive(Debug)]
pub(super) struct Image {
    /// Ends the registry when it is dropped.
    _registry: Service,
    pub(super) address: String,
    /// Digest of the index.
    pub(super) digest: String,
    /// Layers of all platforms, each once.
    pub(super) layers: Vec<Blob>,
}

/// A blob as a manifest describes it.
#[derive(Debug)]
pub(super) struct Blob {
    pub(super) digest: String,
    pub(super) size: u64,
}

/// Who is asked.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) address: String,
    /// Further lines of each request.
    pub(super) headers: String,
}

impl Image {
    /// Starts a registry that asks for credentials as ECR does, with an image of these arguments.
    pub(super) fn serve(registry: &Path, arguments: &[&str]) -> Result<Self> {
        let image = format!("{REPOSITORY}:{TAG}");
        let mut all = vec!["--basic-auth", LOGIN, "--image", &image];
        all.extend(arguments);
        let registry = upstream_registry(registry, &all)?;
        let address = registry.announced("address")?.to_owned();
        let mut image = Self { _registry: registry, address, digest: String::new(), layers: Vec::new() };
        let target = image.target();
        let mut connection = target.connect()?;
        let mut get = |path: &str| {
            let length = connection.get(path, &target.headers)?;
            connection.body(length)
        };
        let index = get(&path_of_tag())?;
        image.digest = format!("sha256:{}", hex(&Sha256::digest(&index)));
        let index: Value = serde_json::from_slice(&index)?;
        for child in index["manifests"].as_array().into_iter().flatten() {
            let digest = child["digest"].as_str().context("an index names digests")?;
            let manifest: Value = serde_json::from_slice(&get(&path_of_manifest(digest))?)?;
            for layer in manifest["layers"].as_array().into_iter().flatten() {
                let digest = layer["digest"].as_str().context("a manifest names digests")?.to_owned();
                let size = layer["size"].as_u64().context("a manifest says sizes")?;
                image.layers.push(Blob { digest, size });
            }
        }
        ensure!(!image.layers.is_empty(), "the registry's image has no layers");
        Ok(image)
    }

    /// The registry itself.
    pub(super) fn target(&self) -> Target {
        Target {
            name: "the registry itself",
            address: self.address.clone(),
            headers: format!("Authorization: Basic {TOKEN}\r\n"),
        }
    }
}

impl Target {
    pub(super) fn connect(&self) -> Result<Connection> {
        Connection::open(&self.address, BUFFER)
    }

    /// Somebody in front of the registry, who has the credentials.
    pub(super) fn proxy(name: &'static str, address: &str) -> Self {
        Self { name, address: address.to_owned(), headers: String::new() }
    }
}

pub(super) fn path_of_tag() -> String {
    format!("/v2/{REPOSITORY}/manifests/{TAG}")
}

pub(super) fn path_of_manifest(digest: &str) -> String {
    format!("/v2/{REPOSITORY}/manifests/{digest}")
}

pub(super) fn path_of_blob(digest: &str) -> String {
    format!("/v2/{REPOSITORY}/blobs/{digest}")
}

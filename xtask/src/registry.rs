//! Asks a registry over HTTP what a reference leads to, independently of the provider's own client.
//!
//! Done by the Python that is there for the emulators: a TLS stack in this program would cost a minute of
//! building.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::capture;
use crate::environment::isolate;

const SCRIPT: &str = include_str!("manifest.py");

/// What a registry answered for a reference.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Manifest {
    /// `sha256:` and 64 hex digits, computed from the answer's bytes.
    pub(crate) digest: String,
    /// The answer's media type.
    pub(crate) media_type: String,
    /// `os/architecture[/variant]` of each manifest of an index; empty for a single image.
    pub(crate) platforms: Vec<String>,
}

/// How to reach an account's own registry on an emulator, where its name does not resolve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Emulated<'a> {
    /// The registry's name, from a repository URI.
    pub(crate) host: &'a str,
    /// `user:password`.
    pub(crate) login: &'a str,
}

/// Fetches the manifest of `repository` at `reference` (tag or digest) from the registry at `base`, a URL
/// without path.
pub(crate) fn manifest(
    venv: &Path,
    base: &str,
    repository: &str,
    reference: &str,
    emulated: Option<Emulated<'_>>,
) -> Result<Manifest> {
    let mut command = Command::new(venv.join("bin/python3"));
    isolate(&mut command).args(["-I", "-c", SCRIPT, base, repository, reference]).stdin(Stdio::null());
    if let Some(emulated) = emulated {
        command.arg(emulated.host).env("ECRUNNER_REGISTRY_LOGIN", emulated.login);
    }
    // The command line carries the whole script; show what was asked instead.
    let answer = capture(&mut command)
        .map_err(|error| {
            anyhow::anyhow!("{}", error.to_string().lines().last().unwrap_or_default().to_owned())
        })
        .with_context(|| format!("asking {base} for {repository}:{reference}"))?;
    serde_json::from_str(&answer).with_context(|| format!("reading {answer:?}"))
}

/// An image name with its parts spelt out, as Docker reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Base URL of the registry.
    pub(crate) base: String,
    /// Such as `library/alpine`.
    pub(crate) repository: String,
    /// Such as `3.20`.
    pub(crate) tag: String,
}

impl Image {
    /// Reads `docker.io/library/alpine:3.20`, `alpine`, `127.0.0.1:5000/library/alpine:3.20`.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        anyhow::ensure!(!name.contains('@'), "{name}: name a tag, not a digest");
        let (path, tag) = match name.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, tag),
            _ => (name, "latest"),
        };
        let (host, repository) = match path.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest.to_owned()),
            Some(_) => ("docker.io", path.to_owned()),
            None => ("docker.io", format!("library/{path}")),
        };
        anyhow::ensure!(!repository.is_empty() && !tag.is_empty(), "{name} is no image name");
        let scheme =
            if host.starts_with("127.0.0.1:") || host.starts_with("localhost") { "http" } else { "https" };
        let server = if host == "docker.io" { "registry-1.docker.io" } else { host };
        Ok(Self { base: format!("{scheme}://{server}"), repository, tag: tag.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, base: &str, repository: &str, tag: &str) {
        let image = Image::parse(name).unwrap();
        assert_eq!(
            (image.base.as_str(), image.repository.as_str(), image.tag.as_str()),
            (base, repository, tag)
        );
    }

    #[test]
    fn image_names_are_read_as_docker_reads_them() {
        check("alpine", "https://registry-1.docker.io", "library/alpine", "latest");
        check("docker.io/library/alpine:3.20", "https://registry-1.docker.io", "library/alpine", "3.20");
        check("gitlab/gitlab-runner:v18", "https://registry-1.docker.io", "gitlab/gitlab-runner", "v18");
        check("127.0.0.1:5000/library/alpine:3.20", "http://127.0.0.1:5000", "library/alpine", "3.20");
        check("quay.io/a/b", "https://quay.io", "a/b", "latest");
    }

    #[test]
    fn digest_is_refused_because_a_tag_is_compared() {
        assert!(Image::parse("alpine@sha256:00").is_err());
    }
}

//! An upstream repository, as mirrors and their actions deal with it: asking for digests, and copying images.

use std::collections::BTreeMap;

use oci_copy::{
    CopyOptions, CopyReport, Digest, ManifestReference, Platform, Reference, ReferrersReport, Registry, Tag,
};
use serde::Deserialize;
use tf_provider::schema::Invalid;
use tf_provider::{Context, Diagnostic, Diagnostics};

use super::blob_mounting;
use super::repository_settings::EncryptionConfiguration;
use crate::clients::Clients;

/// Annotation of an index of chosen platforms: the digest of the one upstream that it was made from.
const UPSTREAM_DIGEST: &str = "ecrunner.upstream.digest";

/// A repository of an upstream registry.
#[derive(Debug)]
pub struct Upstream {
    registry: Registry,
    source: Reference,
}

/// A repository of the account's own registry.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The registry.
    pub registry: &'a Registry,
    /// Name of the repository.
    pub repository: &'a str,
    /// How its images are encrypted; `None` is AES256.
    pub encryption: Option<&'a EncryptionConfiguration>,
}

impl Upstream {
    /// The repository that Docker would mean by `source`, with the login that a secret holds, or none.
    ///
    /// # Errors
    /// `source` is no image name, or its registry none that may be contacted.
    pub fn of(clients: &Clients, source: &str, credential_arn: Option<&str>) -> Result<Self, Diagnostics> {
        let source = Reference::parse(source)
            .map_err(|error| Diagnostic::error("Invalid source", format!("{error}.")).at("source"))?;
        Ok(Upstream { registry: clients.upstream(source.domain(), credential_arn)?, source })
    }

    /// Every tag that there is.
    ///
    /// # Errors
    /// The registry's own.
    pub async fn tags(&self) -> Result<Vec<Tag>, oci_copy::Error> {
        self.registry.tags(self.source.path()).await
    }

    /// The digest of a tag, by HEAD, which is free under Docker Hub's limit; a digest is asked for likewise.
    ///
    /// # Errors
    /// The registry's own; an image that is not there is one.
    pub async fn digest(&self, image: &str) -> Result<Digest, oci_copy::Error> {
        let reference = match Digest::parse(image) {
            Ok(digest) => ManifestReference::Digest(digest),
            Err(_) => ManifestReference::Tag(Tag::parse(image)?),
        };
        match self.registry.head_manifest(self.source.path(), &reference).await? {
            Some(descriptor) => Ok(descriptor.digest),
            None => Err(oci_copy::Error::NotFound {
                host: self.registry.host().to_owned(),
                repository: self.source.path().to_owned(),
                reference: image.to_owned(),
            }),
        }
    }

    /// Copies the image `digest` to `to`, and tags it; of an index these platforms alone, or all where none is named.
    ///
    /// # Errors
    /// Either registry's own; what was copied so far is kept, and no tag names it.
    pub async fn copy(
        &self,
        digest: &Digest,
        platforms: &[Platform],
        to: Destination<'_>,
        tags: &[Tag],
        ctx: &Context<Clients>,
    ) -> Result<CopyReport, oci_copy::Error> {
        let mut options = CopyOptions::new();
        if !platforms.is_empty() {
            options = options.platforms(platforms.to_vec(), UPSTREAM_DIGEST);
        }
        if let Some(sources) = blob_mounting::sources(ctx.client(), to.encryption).await {
            options = options.mount_sources(sources);
        }
        let report = oci_copy::copy_image(
            &self.registry,
            self.source.path(),
            digest,
            to.registry,
            to.repository,
            tags,
            &options,
            &|event: &oci_copy::Event<'_>| log_progress(to.repository, event),
            ctx.stop(),
        )
        .await?;
        tracing::info!(
            repository = to.repository,
            %digest,
            bytes = report.bytes_copied,
            blobs = report.blobs_copied,
            skipped = report.blobs_skipped,
            mounted = report.blobs_mounted,
            manifests = report.manifests_copied,
            "copied"
        );
        Ok(report)
    }
}

/// What refers to the images of an upstream repository.
impl Upstream {
    /// A digest of all that refers to the image, by requests that are free under Docker Hub's limit.
    ///
    /// # Errors
    /// The registry's own.
    pub async fn referrers_digest(&self, image: &Digest) -> Result<Digest, oci_copy::Error> {
        self.registry.referrers_digest(self.source.path(), image).await
    }

    /// Copies what refers to an image of `repository` in `own`; what came of it stands in `report`.
    ///
    /// # Errors
    /// Either registry's own.
    pub async fn copy_referrers(
        &self,
        image: &Digest,
        own: &Registry,
        repository: &str,
        ctx: &Context<Clients>,
        report: &mut ReferrersReport,
    ) -> Result<(), oci_copy::Error> {
        oci_copy::copy_referrers(
            &self.registry,
            self.source.path(),
            image,
            own,
            repository,
            &CopyOptions::new(),
            &|event: &oci_copy::Event<'_>| log_progress(repository, event),
            ctx.stop(),
            report,
        )
        .await
    }
}

/// The upstream digest that an image of a mirror was made from, and the platforms that were chosen; `None` for an image
/// that is upstream's own.
///
/// # Errors
/// The registry's own.
pub async fn made_from(
    own: &Registry,
    repository: &str,
    digest: &str,
) -> Result<Option<(Digest, Vec<Platform>)>, oci_copy::Error> {
    #[derive(Deserialize)]
    struct Annotated {
        annotations: Option<BTreeMap<String, String>>,
    }
    let Ok(digest) = Digest::parse(digest) else { return Ok(None) };
    let manifest = own.get_manifest(repository, &ManifestReference::Digest(digest)).await?;
    let annotations =
        serde_json::from_slice::<Annotated>(manifest.raw()).ok().and_then(|index| index.annotations);
    let from = annotations.as_ref().and_then(|annotations| annotations.get(UPSTREAM_DIGEST));
    let Some(from) = from.and_then(|from| Digest::parse(from).ok()) else { return Ok(None) };
    let images = manifest.manifests().iter().filter(|entry| !entry.is_attestation());
    let platforms = images.filter_map(|entry| entry.platform.clone());
    // The version of an operating system cannot be chosen.
    let platforms = platforms.map(|platform| Platform { os_version: None, ..platform });
    Ok(Some((from, platforms.collect())))
}

/// Checks a platform.
///
/// # Errors
/// It is not of the form `<os>/<architecture>` or `<os>/<architecture>/<variant>`.
pub fn check_platform(platform: &str) -> Result<(), Invalid> {
    match Platform::parse(platform) {
        Some(_) => Ok(()),
        None => {
            Err(Invalid::new("is no platform")
                .remedy("Write one such as \"linux/amd64\" or \"linux/arm/v7\"."))
        }
    }
}

fn log_progress(repository: &str, event: &oci_copy::Event<'_>) {
    if let oci_copy::Event::Transferred { bytes, bytes_per_second } = event {
        tracing::info!(repository, bytes, bytes_per_second, "copying");
    }
}

/// A tag or a digest as the registry API allows it.
///
/// # Errors
/// What is wrong with it.
pub fn check_image(image: &str) -> Result<(), Invalid> {
    if !image.contains(':') {
        return check_tag(image);
    }
    Digest::parse(image).map(drop).map_err(|error| {
        Invalid::new(format!("is neither a tag nor a digest: {error}"))
            .remedy("Write sha256: and 64 hex digits.")
    })
}

/// A tag as the registry API allows it.
///
/// # Errors
/// What is wrong with it.
pub fn check_tag(tag: &str) -> Result<(), Invalid> {
    Tag::parse(tag).map(drop).map_err(|error| Invalid::new(format!("is no tag: {error}")))
}

/// Checks that `registry` is the name of a registry alone, as it stands before a repository.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_registry(registry: &str) -> Result<(), Invalid> {
    // What is read as a registry before a repository is one; anything else would become a part of the repository.
    let parsed = Reference::parse(&format!("{registry}/team/image"));
    if parsed.is_ok_and(|reference| reference.domain() == registry && reference.path() == "team/image") {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a registry").remedy(
        "Write a host name such as \"docker.io\", with its port if it has one, without https:// and path.",
    ))
}

/// Checks that `source` names an upstream repository, without a tag or a digest.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_source(source: &str) -> Result<(), Invalid> {
    let reference =
        Reference::parse(source).map_err(|error| Invalid::new(format!("is no image name: {error}")))?;
    let written = source.rsplit('/').next().unwrap_or(source);
    if reference.digest().is_some() || written.contains(':') && source.contains('/') {
        let bare = source.split('@').next().unwrap_or(source);
        let cut = bare
            .rfind(':')
            .filter(|colon| !bare[*colon..].contains('/'))
            .map_or(bare, |colon| &bare[..colon]);
        return Err(Invalid::new("must name a repository without tag or digest")
            .remedy(format!("Write \"{cut}\", and the tag into image_tags.")));
    }
    if !source.contains('/') && source.contains(':') {
        let bare = source.split(':').next().unwrap_or(source);
        return Err(Invalid::new("must name a repository without tag or digest")
            .remedy(format!("Write \"{bare}\", and the tag into image_tags.")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_repository_without_tag() {
        for good in
            ["alpine", "docker.io/library/alpine", "localhost:5000/a/b", "127.0.0.1:4000/library/alpine"]
        {
            assert_eq!(check_source(good), Ok(()), "{good}");
        }
        let remedy = |source| check_source(source).expect_err("accepted").remedy;
        assert_eq!(remedy("alpine:3.20"), "Write \"alpine\", and the tag into image_tags.");
        assert_eq!(remedy("localhost:5000/a:1"), "Write \"localhost:5000/a\", and the tag into image_tags.");
        assert!(check_source("Alpine/X").is_err());
        assert!(check_source("a//b").is_err());
    }

    #[test]
    fn a_registry_is_a_host_and_nothing_else() {
        for good in
            ["docker.io", "mirror.example.com", "mirror.example.com:5000", "localhost:5000", "[::1]:5000"]
        {
            assert_eq!(check_registry(good), Ok(()), "{good}");
        }
        for wrong in
            ["", "docker", "https://docker.io", "docker.io/", "docker.io/library", "index.docker.io", "a b.c"]
        {
            assert!(check_registry(wrong).is_err(), "{wrong:?} was accepted");
        }
    }
}

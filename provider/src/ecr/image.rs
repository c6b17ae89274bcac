//! `ecrunner_image`: what a registry has under the name of an image: digest, platforms, sizes.
//! Source: the registry API (OCI distribution-spec, section "Pull"; OCI image-spec, "Image Index", "Image Manifest").
//! AWS: GetAuthorizationToken (Amazon ECR API reference), for a name in the account's own registry.

use ecr_host::{is_private, private_host};
use futures::future::try_join_all;
use oci_copy::{
    Content, Descriptor, Error, Manifest, ManifestError, Platform, Reference, Registry, media_type,
};
use tf_provider::schema::{Computed, Invalid};
use tf_provider::value::Number;
use tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Schema};

use crate::clients::Clients;
use crate::diagnostics::registry_read_failure;

/// Media types of an image's configuration, which says what platform the image is for.
const CONFIGURATIONS: [&str; 2] =
    ["application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"];
/// Manifests of one index that are fetched at a time.
const PARALLEL: usize = 4;

/// Looks an image up in its registry: which digest a tag has, for which platforms the image is made, and how large it
/// is. The registry is Docker Hub, another one that needs no login or has it in a `registry_auth` block of the provider,
/// or the account's own ECR, with the provider's credentials.
///
/// The digest costs no pull: the registry is asked by HEAD, which is free under Docker Hub's limit. Platforms and sizes
/// are read from manifests, one GET for the image and, where it has an index, one more for each platform, at every plan.
/// On Docker Hub each of them counts as a pull; `with_platforms = false` leaves them out. In ECR, asking for an image
/// under the prefix of a pull through cache rule is a pull like any other, which makes ECR import the image.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_image")]
pub struct Image {
    /// The image as Docker names it: `alpine:3.20`, `quay.io/team/image@sha256:…`, or in the account's own registry
    /// `<account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>`. Without tag and digest it is `latest`; of both, the
    /// digest counts.
    #[tf(validate(text(check_name)))]
    pub name: String,
    /// Whether to read `platforms` and `size_bytes`.
    #[tf(default = true)]
    pub with_platforms: bool,
    /// Digest of the index, or of the manifest where there is no index.
    pub digest: Computed<String>,
    /// Media type of what `digest` names, such as `application/vnd.oci.image.index.v1+json`.
    pub media_type: Computed<String>,
    /// The registry, with its port where one was given; `docker.io` for Docker Hub.
    pub registry: Computed<String>,
    /// The repository within the registry, such as `library/alpine`.
    pub repository: Computed<String>,
    /// The tag; null where `name` has only a digest.
    pub tag: Computed<String>,
    /// Registry, repository and digest: the name under which a pull gets these very bytes.
    pub reference_by_digest: Computed<String>,
    /// The platforms of the image, in the order of its index. Attestations and what else is no image are left out. Null
    /// with `with_platforms = false`.
    pub platforms: Computed<Vec<ImagePlatform>>,
    /// Bytes to download for an image without an index: configuration and layers, compressed. Null for an index, whose
    /// platforms have sizes of their own, and with `with_platforms = false`.
    pub size_bytes: Computed<Number>,
}

/// An image for one platform.
#[derive(Schema, Clone, Debug)]
pub struct ImagePlatform {
    /// Operating system, architecture and variant, such as `linux/arm64/v8`.
    pub platform: Computed<String>,
    /// Digest of the platform's manifest.
    pub digest: Computed<String>,
    /// Bytes to download: configuration and layers, compressed.
    pub size_bytes: Computed<Number>,
}

impl DataSource for Image {
    type Client = Clients;

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let summary = format!("Reading image ({})", self.name);
        let reference = Reference::parse(&self.name)
            .map_err(|error| Diagnostic::error(summary.clone(), format!("{error}.")).at("name"))?;
        let registry = registry_of(ctx.client(), &reference, &summary)?;
        let failed = |error: Error| registry_read_failure(&error, summary.clone()).at("name");
        let found = find(&registry, &reference).await.map_err(failed)?;
        let repository = reference.path();
        self.registry = reference.domain().into();
        self.repository = repository.into();
        self.tag = reference.tag().map(ToString::to_string).into();
        self.reference_by_digest = format!("{}/{repository}@{}", reference.domain(), found.digest).into();
        (self.platforms, self.size_bytes) = (Computed::null(), Computed::null());
        self.media_type = found.media_type.as_str().into();
        if self.with_platforms {
            let manifest =
                registry.get_manifest(repository, &found.digest.clone().into()).await.map_err(failed)?;
            let platforms = platforms(&registry, repository, &manifest).await.map_err(failed)?;
            self.media_type = manifest.media_type().into();
            self.platforms = platforms.into();
            self.size_bytes = size(&manifest).map(Number::from).into();
        }
        self.digest = found.digest.to_string().into();
        Ok(self)
    }
}

/// The client of the image's registry.
fn registry_of(clients: &Clients, reference: &Reference, summary: &str) -> Result<Registry, Diagnostics> {
    let own = private_host(&clients.account_id, &clients.region, &clients.partition);
    let domain = reference.domain();
    if domain == own {
        return clients.registry();
    }
    if is_private(domain) {
        let detail = format!(
            "{domain} is not the registry of the provider's account and region, which is {own}. Write a name in that \
             one, or let a provider configuration of the other account and region read the image."
        );
        return Err(Diagnostic::error(summary, detail).at("name").into());
    }
    clients
        .upstream(domain, None)
        .map_err(|faults| faults.into_iter().map(|fault| fault.at("name")).collect::<Vec<_>>().into())
}

/// What the name stands for, by HEAD.
async fn find(registry: &Registry, reference: &Reference) -> Result<Descriptor, Error> {
    let (host, repository) = (registry.host().to_owned(), reference.path().to_owned());
    let asked = reference.manifest_reference();
    match registry.head_manifest(&repository, &asked).await? {
        None => Err(Error::NotFound { host, repository, reference: asked.to_string() }),
        Some(found) if media_type::is_schema1(&found.media_type) => Err(Error::UnsupportedManifest {
            host,
            repository,
            digest: found.digest,
            source: ManifestError::Schema1,
        }),
        Some(found) => Ok(found),
    }
}

/// The platforms that a manifest or the children of an index are for.
async fn platforms(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
) -> Result<Vec<ImagePlatform>, Error> {
    let Content::Index { manifests } = manifest.content() else {
        let platform = configured_platform(registry, repository, manifest).await?;
        return Ok(platform.map(|platform| ImagePlatform::of(&platform, manifest)).into_iter().collect());
    };
    let children: Vec<&Descriptor> = manifests.iter().filter(|child| is_image(child)).collect();
    let mut platforms = Vec::with_capacity(children.len());
    for some in children.chunks(PARALLEL) {
        let found = some.iter().map(|child| platform(registry, repository, child));
        platforms.extend(try_join_all(found).await?.into_iter().flatten());
    }
    Ok(platforms)
}

/// True for a child of an index that can be run. Attestations have the platform `unknown/unknown`.
fn is_image(child: &Descriptor) -> bool {
    let is_known = child.platform.as_ref().is_none_or(|platform| platform.os != "unknown");
    media_type::is_image(&child.media_type) && !child.is_attestation() && is_known
}

async fn platform(
    registry: &Registry,
    repository: &str,
    child: &Descriptor,
) -> Result<Option<ImagePlatform>, Error> {
    let manifest = registry.get_manifest(repository, &child.digest.clone().into()).await?;
    let platform = match &child.platform {
        Some(platform) => Some(platform.clone()),
        None => configured_platform(registry, repository, &manifest).await?,
    };
    Ok(platform.map(|platform| ImagePlatform::of(&platform, &manifest)))
}

/// The platform that an image's configuration names; none where the manifest is that of another artifact.
async fn configured_platform(
    registry: &Registry,
    repository: &str,
    manifest: &Manifest,
) -> Result<Option<Platform>, Error> {
    let Content::Image { config, .. } = manifest.content() else { return Ok(None) };
    if !CONFIGURATIONS.contains(&config.media_type.as_str()) {
        return Ok(None);
    }
    let configuration = registry.read_blob(repository, config).await?;
    Ok(serde_json::from_slice(&configuration).ok())
}

impl ImagePlatform {
    fn of(platform: &Platform, manifest: &Manifest) -> Self {
        ImagePlatform {
            platform: platform.to_string().into(),
            digest: manifest.digest().to_string().into(),
            size_bytes: size(manifest).map(Number::from).into(),
        }
    }
}

/// Bytes of configuration and layers; none for an index.
fn size(manifest: &Manifest) -> Option<u64> {
    let Content::Image { config, layers } = manifest.content() else { return None };
    Some(layers.iter().fold(config.size, |sum, layer| sum.saturating_add(layer.size)))
}

fn check_name(name: &str) -> Result<(), Invalid> {
    Reference::parse(name).map(drop).map_err(|error| Invalid::new(format!("is no image name: {error}")))
}

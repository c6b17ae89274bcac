//! Images: ministack's, corrected.
//! AWS: DescribeImages, ListImages, BatchDeleteImage, PutImage, BatchCheckLayerAvailability, GetDownloadUrlForLayer
//! (ECR API reference).
//!
//! Corrected: lists are paged, ListImages has an entry for each tag, an unknown image is an error in
//! DescribeImages, deleting by tag takes only the tag, sizes are those of the layers, and PutImage checks what it stores.

use http::{HeaderMap, Method, header};
use serde_json::{Value, json};

use super::page::{page, refuse_paging};
use super::put_image_rate;
use super::storage_class;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::registry::manifests::{self, Refusal};
use crate::registry::{blobs, mounts};
use crate::reply::ServiceError;

/// One image of a repository.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) digest: String,
    pub(crate) tags: Vec<String>,
    media_type: String,
    detail: Value,
}

impl Image {
    pub(crate) fn matches(&self, id: &Value) -> bool {
        id["imageDigest"].as_str().is_none_or(|digest| digest == self.digest)
            && id["imageTag"].as_str().is_none_or(|tag| self.tags.iter().any(|own| own == tag))
    }

    fn has_status(&self, input: &Value) -> bool {
        match input["filter"]["tagStatus"].as_str() {
            Some("TAGGED") => !self.tags.is_empty(),
            Some("UNTAGGED") => self.tags.is_empty(),
            _ => true,
        }
    }
}

/// Every image of the repository.
///
/// # Errors
/// `RepositoryNotFoundException`.
pub(crate) async fn all(
    shared: &Shared,
    scope: &Scope,
    repository: &str,
) -> Result<Vec<Image>, ServiceError> {
    let output = shared.ecr_action(scope, "DescribeImages", &json!({"repositoryName": repository})).await?;
    let details = output["imageDetails"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(details
        .into_iter()
        .map(|detail| Image {
            digest: text(&detail["imageDigest"]),
            tags: detail["imageTags"].as_array().into_iter().flatten().map(text).collect(),
            media_type: text(&detail["imageManifestMediaType"]),
            detail,
        })
        .collect())
}

pub(crate) async fn describe(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let images = all(shared, scope, repository).await?;
    let (selected, next) = match input["imageIds"].as_array() {
        Some(ids) => {
            refuse_paging(input, "imageIds")?;
            let mut selected = Vec::new();
            for id in ids {
                let image = images.iter().find(|image| image.matches(id));
                let image = image.ok_or_else(|| not_found(scope, repository, id))?;
                if !selected.contains(&json!(image.digest)) {
                    selected.push(json!(image.digest));
                }
            }
            (selected, None)
        }
        None => {
            let status = |image: &Image| storage_class::status(shared, scope, repository, &image.digest);
            let listed = images.iter().filter(|image| image.has_status(input));
            let listed = listed.filter(|image| storage_class::is_listed(status(image), input));
            let listed = listed.map(|image| (image.digest.clone(), json!(image.digest))).collect();
            page("DescribeImages", listed, input)?
        }
    };
    let mut details = Vec::new();
    for digest in selected {
        if let Some(image) = images.iter().find(|image| json!(image.digest) == digest) {
            details.push(detail(shared, scope, repository, image).await?);
        }
    }
    let mut output = json!({"imageDetails": details});
    if let Some(token) = next {
        output["nextToken"] = json!(token);
    }
    Ok(output)
}

/// The detail with the size of config and layers, which is what AWS counts for an image; an index has none of its own.
async fn detail(
    shared: &Shared,
    scope: &Scope,
    repository: &str,
    image: &Image,
) -> Result<Value, ServiceError> {
    let mut detail = image.detail.clone();
    let (manifest, _) = manifests::fetch(shared, scope, repository, &image.digest).await?;
    let manifest: Value = serde_json::from_slice(&manifest).unwrap_or_default();
    let layers = manifest["layers"].as_array().into_iter().flatten();
    let size: u64 = layers.chain([&manifest["config"]]).filter_map(|blob| blob["size"].as_u64()).sum();
    if size > 0 {
        detail["imageSizeInBytes"] = json!(size);
    }
    if let Some(media_type) = manifest["config"]["mediaType"].as_str() {
        detail["artifactMediaType"] = json!(media_type);
    }
    detail["imageStatus"] = json!(storage_class::status(shared, scope, repository, &image.digest));
    if image.tags.is_empty()
        && let Some(members) = detail.as_object_mut()
    {
        members.remove("imageTags");
    }
    Ok(detail)
}

pub(crate) async fn list(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let mut items = Vec::new();
    for image in all(shared, scope, repository).await?.iter().filter(|image| image.has_status(input)) {
        let digest = &image.digest;
        if !storage_class::is_listed(storage_class::status(shared, scope, repository, digest), input) {
            continue;
        }
        if image.tags.is_empty() {
            items.push((digest.clone(), json!({"imageDigest": digest})));
        }
        for tag in &image.tags {
            items.push((format!("{digest}:{tag}"), json!({"imageDigest": digest, "imageTag": tag})));
        }
    }
    let (ids, next) = page("ListImages", items, input)?;
    let mut output = json!({"imageIds": ids});
    if let Some(token) = next {
        output["nextToken"] = json!(token);
    }
    Ok(output)
}

pub(crate) async fn batch_delete(
    shared: &Shared,
    scope: &Scope,
    input: &Value,
) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let mut deleted = Vec::new();
    let mut failures = Vec::new();
    // In the order given: an index may be followed by its children in one call.
    for id in input["imageIds"].as_array().into_iter().flatten() {
        match delete_one(shared, scope, repository, id).await? {
            Ok(ids) => deleted.extend(ids),
            Err((code, reason)) => {
                failures.push(json!({"imageId": id, "failureCode": code, "failureReason": reason}));
            }
        }
    }
    Ok(json!({"imageIds": deleted, "failures": failures}))
}

/// Image ids that are gone, or the failure of this id.
type Deletion = Result<Vec<Value>, (&'static str, &'static str)>;

async fn delete_one(
    shared: &Shared,
    scope: &Scope,
    repository: &str,
    id: &Value,
) -> Result<Deletion, ServiceError> {
    let images = all(shared, scope, repository).await?;
    let (digest, tag) = (id["imageDigest"].as_str(), id["imageTag"].as_str());
    if digest.is_none() && tag.is_none() {
        return Ok(Err(("MissingDigestAndTag", "Neither digest nor tag is given")));
    }
    let Some(image) = images.iter().find(|image| image.matches(id)) else {
        let tagged_otherwise =
            tag.is_some_and(|tag| images.iter().any(|image| image.matches(&json!({"imageTag": tag}))));
        return Ok(Err(if digest.is_some() && tagged_otherwise {
            ("ImageTagDoesNotMatchDigest", "The tag belongs to another digest")
        } else {
            ("ImageNotFound", "Requested image not found")
        }));
    };
    let remaining: Vec<&String> = match tag {
        Some(tag) => image.tags.iter().filter(|own| *own != tag).collect(),
        None => Vec::new(),
    };
    if remaining.is_empty() {
        for index in images
            .iter()
            .filter(|other| other.media_type.contains("index") || other.media_type.contains("list"))
        {
            let (manifest, _) = manifests::fetch(shared, scope, repository, &index.digest).await?;
            if manifests::children(&manifest).contains(&image.digest) {
                return Ok(Err(("ImageReferencedByManifestList", "An image index refers to the image")));
            }
        }
    }
    let (manifest, media_type) = manifests::fetch(shared, scope, repository, &image.digest).await?;
    let path = format!("/v2/{repository}/manifests/{}", image.digest);
    shared.registry_call(scope, Method::DELETE, &path, HeaderMap::new(), None).await?;
    if remaining.is_empty() {
        storage_class::forget(shared, scope, repository, &image.digest);
    }
    // ministack cannot take a single tag away: the image comes back with the others.
    for tag in &remaining {
        let mut headers = HeaderMap::new();
        if let Ok(value) = media_type.parse() {
            headers.insert(header::CONTENT_TYPE, value);
        }
        let path = format!("/v2/{repository}/manifests/{tag}");
        shared.registry_call(scope, Method::PUT, &path, headers, Some(manifest.clone().into())).await?;
    }
    Ok(Ok(match tag {
        Some(tag) => vec![json!({"imageDigest": image.digest, "imageTag": tag})],
        None if image.tags.is_empty() => vec![json!({"imageDigest": image.digest})],
        None => image.tags.iter().map(|tag| json!({"imageDigest": image.digest, "imageTag": tag})).collect(),
    }))
}

pub(crate) async fn put(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let manifest = input["imageManifest"].as_str().unwrap_or_default();
    let digest = manifests::digest_of(manifest.as_bytes());
    let parsed: Value = serde_json::from_str(manifest)
        .map_err(|_| ServiceError::new("InvalidParameterException", "Invalid image manifest"))?;
    let media_type = input["imageManifestMediaType"].as_str().or_else(|| parsed["mediaType"].as_str());
    let media_type = media_type
        .ok_or_else(|| ServiceError::new("InvalidParameterException", "imageManifestMediaType is missing"))?;
    if input["imageDigest"].as_str().is_some_and(|given| given != digest) {
        return Err(ServiceError::new(
            "ImageDigestDoesNotMatchException",
            "The digest is not that of the manifest",
        ));
    }
    if !put_image_rate::take(shared, scope) {
        return Err(ServiceError::new("ThrottlingException", "Rate exceeded"));
    }
    let tag = input["imageTag"].as_str();
    let existing = all(shared, scope, repository).await?.into_iter().find(|image| image.digest == digest);
    if existing.is_some_and(|image| tag.is_none_or(|tag| image.tags.iter().any(|own| own == tag))) {
        return Err(ServiceError::new(
            "ImageAlreadyExistsException",
            format!("Image with digest '{digest}' exists"),
        ));
    }
    let reference = tag.unwrap_or(&digest);
    manifests::store(shared, scope, repository, reference, media_type, manifest.to_owned().into())
        .await
        .map_err(|refusal| {
            let code = match &refusal {
                Refusal::Emulator(error) => return error.clone(),
                Refusal::NameUnknown => "RepositoryNotFoundException",
                Refusal::Digest => "ImageDigestDoesNotMatchException",
                Refusal::Blobs(_) => "LayersNotFoundException",
                Refusal::Children(_) => "ReferencedImagesNotFoundException",
                Refusal::ImmutableTag(_) => "ImageTagAlreadyExistsException",
                Refusal::Manifest(_) | Refusal::Tag(_) | Refusal::Parameters(_) => {
                    "InvalidParameterException"
                }
            };
            ServiceError::new(code, refusal.to_string())
        })?;
    let mut id = json!({"imageDigest": digest});
    if let Some(tag) = tag {
        id["imageTag"] = json!(tag);
    }
    Ok(json!({"image": {
        "registryId": scope.account,
        "repositoryName": repository,
        "imageId": id,
        "imageManifest": manifest,
        "imageManifestMediaType": media_type,
    }}))
}

pub(crate) async fn check_layers(
    shared: &Shared,
    scope: &Scope,
    input: &Value,
) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    super::repositories::find(shared, scope, repository).await?;
    let mut layers = Vec::new();
    let mut failures = Vec::new();
    for digest in input["layerDigests"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        match blobs::size(shared, scope, repository, digest).await? {
            Some(size) => {
                let available = mounts::is_referenced(shared, scope, repository, digest).await?;
                let availability = if available { "AVAILABLE" } else { "UNAVAILABLE" };
                layers.push(json!({
                    "layerDigest": digest,
                    "layerAvailability": availability,
                    "layerSize": size,
                }));
            }
            None => failures.push(json!({
                "layerDigest": digest,
                "failureCode": "MissingLayerDigest",
                "failureReason": "Requested layer not found",
            })),
        }
    }
    Ok(json!({"layers": layers, "failures": failures}))
}

pub(crate) async fn download_url(
    shared: &Shared,
    scope: &Scope,
    input: &Value,
) -> Result<Value, ServiceError> {
    let repository = input["repositoryName"].as_str().unwrap_or_default();
    let digest = input["layerDigest"].as_str().unwrap_or_default();
    super::repositories::find(shared, scope, repository).await?;
    if blobs::size(shared, scope, repository, digest).await?.is_none() {
        return Err(ServiceError::new("LayersNotFoundException", format!("There is no layer {digest}")));
    }
    if !mounts::is_referenced(shared, scope, repository, digest).await? {
        let message = format!("No manifest refers to the layer {digest}");
        return Err(ServiceError::new("LayerInaccessibleException", message));
    }
    let url = blobs::address(shared, scope, repository, digest)?;
    Ok(json!({"downloadUrl": url, "layerDigest": digest}))
}

pub(crate) fn not_found(scope: &Scope, repository: &str, id: &Value) -> ServiceError {
    let part = |name: &str| id[name].as_str().unwrap_or("null").to_owned();
    ServiceError::new(
        "ImageNotFoundException",
        format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with \
             name '{repository}' in the registry with id '{}'",
            part("imageDigest"),
            part("imageTag"),
            scope.account
        ),
    )
}

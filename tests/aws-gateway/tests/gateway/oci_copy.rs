//! Our own registry client against what ECR does otherwise than the specification: each test fails without the way round
//! that the client takes. `lib.rs` has the table.

use aws_gateway::{Fault, FaultKind};
use base64::Engine as _;
use oci_copy::{
    CancellationToken, CopyOptions, CopyReport, Credentials, Digest, Error, ManifestReference, Registry, Tag,
    copy_image,
};
use serde_json::json;

use crate::pull_through::hub_with;
use crate::support::{MANIFEST, World, digest, image_manifest, world, world_with};

const SCHEMA_2: &str = "application/vnd.docker.distribution.manifest.v2+json";
const HUB: &str = "docker-hub/library/alpine";

/// A client of the account's registry with a fresh token.
async fn client(world: &World) -> Registry {
    let output = world.ecr("GetAuthorizationToken", json!({})).await;
    let token = output["authorizationData"][0]["authorizationToken"].as_str().unwrap();
    let pair = base64::engine::general_purpose::STANDARD.decode(token).unwrap();
    let pair = String::from_utf8(pair).unwrap();
    let (user, password) = pair.split_once(':').unwrap();
    let credentials = Credentials::basic(user, password);
    Registry::builder(world.gateway.url()).credentials(credentials).build().unwrap()
}

fn tag(text: &str) -> ManifestReference {
    Tag::parse(text).unwrap().into()
}

/// Copies an image from a registry and repository to another, and tags it.
async fn copy_as(
    (from, source): (&Registry, &str),
    image: &str,
    (to, destination): (&Registry, &str),
    tags: &[&str],
) -> Result<CopyReport, Error> {
    let image = Digest::parse(image).unwrap();
    let tags: Vec<Tag> = tags.iter().map(|tag| Tag::parse(tag).unwrap()).collect();
    let (options, cancel) = (CopyOptions::new(), CancellationToken::new());
    copy_image(from, source, &image, to, destination, &tags, &options, &(), &cancel).await
}

/// Copies an image between two repositories of one registry, and tags it `1`.
async fn copy(registry: &Registry, from: &str, image: &str, to: &str) -> Result<CopyReport, Error> {
    copy_as((registry, from), image, (registry, to), &["1"]).await
}

/// How often the registry was asked for an operation.
fn count(world: &World, operation: &str) -> usize {
    world.gateway.calls(&world.account).iter().filter(|call| call.action == operation).count()
}

#[tokio::test]
async fn image_of_a_pull_through_is_found_by_tag_copied_by_digest_and_never_by_digest_first() {
    let Some((world, stub)) = hub_with(true).await else { return };
    let index = stub.add("library/alpine", "1", "layer");
    let image = digest(index.as_bytes());
    let registry = client(&world).await;
    let by_digest = ManifestReference::Digest(Digest::parse(&image).unwrap());
    assert_eq!(registry.head_manifest(HUB, &by_digest).await.unwrap(), None, "not imported by digest");
    let found = registry.head_manifest(HUB, &tag("1")).await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), image);
    let input = json!({"repositoryName": "mirror/alpine", "imageTagMutability": "IMMUTABLE"});
    world.ecr("CreateRepository", input).await;
    let report = copy(&registry, HUB, &image, "mirror/alpine").await.unwrap();
    // A mount from a pull-through repository becomes an upload, and the blobs come from upstream's host, which refuses
    // Authorization and HEAD.
    assert_eq!((report.blobs_mounted, report.blobs_copied), (0, 4));
    let calls = world.gateway.calls(&world.account);
    let fetched: Vec<_> = calls.iter().filter(|call| call.service == "upstream").collect();
    assert!(fetched.len() == 4 && fetched.iter().all(|call| call.status == Some(200)), "{fetched:?}");
    // The tag is immutable, and is not put again.
    let again = copy(&registry, HUB, &image, "mirror/alpine").await.unwrap();
    assert_eq!((again.tags_written, again.blobs_copied), (0, 0));
    let copied = registry.get_manifest("mirror/alpine", &tag("1")).await.unwrap();
    assert_eq!(copied.digest().to_string(), image);
}

#[tokio::test]
async fn blobs_are_mounted_once_the_account_has_it_switched_on() {
    let Some(world) = world().await else { return };
    for name in ["from", "to"] {
        world.repository(name).await;
    }
    let (_, image) = world.push_image("from", "1", "a layer").await;
    world.ecr("PutAccountSetting", json!({"name": "BLOB_MOUNTING", "value": "ENABLED"})).await;
    let registry = client(&world).await;
    let report = copy(&registry, "from", &image, "to").await.unwrap();
    assert_eq!((report.blobs_mounted, report.blobs_copied), (2, 0));
}

#[tokio::test]
async fn upload_is_one_put_and_after_a_failure_a_new_post() {
    let Some(world) = world().await else { return };
    for name in ["from", "to"] {
        world.repository(name).await;
    }
    let (_, image) = world.push_image("from", "1", "a layer").await;
    let before = count(&world, "StartBlobUpload");
    world
        .gateway
        .inject(&world.account, Fault::once("registry", "CompleteBlobUpload", FaultKind::ServerError));
    let registry = client(&world).await;
    let report = copy(&registry, "from", &image, "to").await.unwrap();
    assert_eq!(report.blobs_copied, 2);
    // Each POST was a mount that was refused, and its upload the one that was gone on with.
    assert_eq!(count(&world, "StartBlobUpload") - before, 3);
    for unusable in ["PatchBlobUpload", "GetBlobUpload"] {
        assert_eq!(count(&world, unusable), 0, "{unusable} is of no use with ECR");
    }
}

#[tokio::test]
async fn manifest_is_never_converted_for_us() {
    let Some(world) = world().await else { return };
    world.repository("types").await;
    let (oci, _) = world.push_image("types", "oci", "a layer").await;
    let docker = oci.replace(MANIFEST, SCHEMA_2);
    assert_eq!(world.put_manifest("types", "docker", SCHEMA_2, &docker).await.status(), 201);
    let registry = client(&world).await;
    for (name, stored, media_type, other) in
        [("oci", &oci, MANIFEST, SCHEMA_2), ("docker", &docker, SCHEMA_2, MANIFEST)]
    {
        let head = registry.head_manifest("types", &tag(name)).await.unwrap().unwrap();
        let got = registry.get_manifest("types", &tag(name)).await.unwrap();
        assert_eq!((got.raw().as_ref(), got.media_type()), (stored.as_bytes(), media_type));
        assert_eq!(
            (head.digest.to_string(), head.media_type.as_str()),
            (digest(stored.as_bytes()), media_type)
        );
        // Who names the other type alone is given it, under another digest: in GET, in HEAD, and not by digest.
        let path = format!("types/manifests/{name}");
        let converted = world.v2("GET", &path).await.header("accept", other).send().await.unwrap();
        assert_eq!(converted.headers()["content-type"], other);
        let bytes = converted.bytes().await.unwrap();
        assert_ne!(bytes, stored.as_bytes());
        let head = world.v2("HEAD", &path).await.header("accept", other).send().await.unwrap();
        assert_eq!(head.headers()["docker-content-digest"], digest(&bytes).as_str());
        let path = format!("types/manifests/{}", digest(stored.as_bytes()));
        let kept = world.v2("GET", &path).await.header("accept", other).send().await.unwrap();
        assert_eq!(kept.bytes().await.unwrap(), stored.as_bytes());
    }
}

#[tokio::test]
async fn tags_are_read_over_all_pages_by_the_links_alone() {
    let Some(world) = world_with(|builder| builder.largest_tags_page(2)).await else { return };
    world.repository("many").await;
    let (manifest, _) = world.push_image("many", "a", "one").await;
    for tag in ["b", "c", "d", "e"] {
        assert_eq!(world.put_manifest("many", tag, MANIFEST, &manifest).await.status(), 201);
    }
    let tags = client(&world).await.tags("many").await.unwrap();
    let mut tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    tags.sort_unstable();
    assert_eq!(tags, ["a", "b", "c", "d", "e"]);
    assert_eq!(count(&world, "ListTags"), 3);
}

#[tokio::test]
async fn blob_of_no_bytes_is_refused_with_its_digest() {
    let Some((world, stub)) = hub_with(false).await else { return };
    let (config, layer) = (digest(b"{}"), digest(b""));
    stub.put(&format!("library/empty/blobs/{config}"), "application/octet-stream", "{}");
    stub.put(&format!("library/empty/blobs/{layer}"), "application/octet-stream", "");
    let manifest = image_manifest(b"{}", b"");
    let image = digest(manifest.as_bytes());
    stub.put(&format!("library/empty/manifests/{image}"), MANIFEST, &manifest);
    let upstream = Registry::builder(stub.url()).credentials(Credentials::basic("u", "t")).build().unwrap();
    world.repository("to").await;
    let registry = client(&world).await;
    let copied = copy_as((&upstream, "library/empty"), &image, (&registry, "to"), &["1"]);
    let error = copied.await.unwrap_err();
    assert!(matches!(&error, Error::EmptyBlob { digest, .. } if digest.to_string() == layer), "{error}");
    assert_eq!(registry.head_manifest("to", &tag("1")).await.unwrap(), None);
}

#[tokio::test]
async fn manifests_are_put_no_faster_than_ecr_takes_them() {
    let Some(world) = world().await else { return };
    for name in ["from", "to", "fast"] {
        world.repository(name).await;
    }
    let (manifest, image) = world.push_image("from", "1", "a layer").await;
    let registry = client(&world).await;
    let tags: Vec<String> = (0..14).map(|number| format!("v{number}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    copy_as((&registry, "from"), &image, (&registry, "to"), &tags).await.unwrap();
    let refused = |world: &World| {
        world.gateway.calls(&world.account).iter().filter(|call| call.status == Some(429)).count()
    };
    assert_eq!((count(&world, "PutManifest"), refused(&world)), (15, 0));
    // Who puts as fast as it can is refused: by the registry, and by the API.
    world.push_blob("fast", b"a layer").await;
    world.push_blob("fast", b"{\"seed\":\"a layer\"}").await;
    let login = world.login().await;
    for number in 0..20 {
        let url = format!("{}/v2/fast/manifests/v{number}", world.gateway.url());
        let put = world.http.put(url).header("authorization", &login).header("content-type", MANIFEST);
        put.body(manifest.clone()).send().await.unwrap();
    }
    assert!(refused(&world) > 0);
    let input = json!({"repositoryName": "fast", "imageManifest": manifest, "imageTag": "api"});
    let mut codes = Vec::new();
    while codes.len() < 20 && !codes.contains(&"ThrottlingException".to_owned()) {
        let (_, output) = world.ecr_raw("PutImage", &input).await;
        codes.push(output["__type"].as_str().unwrap_or_default().to_owned());
    }
    assert!(codes.contains(&"ThrottlingException".to_owned()), "{codes:?}");
}

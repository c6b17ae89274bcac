use serde_json::{Value, json};

use crate::support::{self, INDEX, MANIFEST, World, index_manifest, world};

async fn tags(world: &World, repository: &str) -> Vec<String> {
    let listed = world.ecr("ListImages", json!({"repositoryName": repository})).await;
    let mut tags: Vec<String> = listed["imageIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id["imageTag"].as_str().unwrap_or("-").to_owned())
        .collect();
    tags.sort();
    tags
}

#[tokio::test]
async fn list_images_has_an_entry_for_each_tag_and_pages() {
    let Some(world) = world().await else { return };
    world.repository("listed").await;
    let (manifest, _) = world.push_image("listed", "a", "one").await;
    world.put_manifest("listed", "b", MANIFEST, &manifest).await;
    world.push_image("listed", "c", "two").await;
    assert_eq!(tags(&world, "listed").await, ["a", "b", "c"]);
    let first = world.ecr("ListImages", json!({"repositoryName": "listed", "maxResults": 2})).await;
    let token = &first["nextToken"];
    let rest = json!({"repositoryName": "listed", "maxResults": 2, "nextToken": token});
    let rest = world.ecr("ListImages", rest).await;
    let count = |page: &Value| page["imageIds"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&rest), rest["nextToken"].clone()), (2, 1, Value::Null));
    let page = world.ecr("DescribeImages", json!({"repositoryName": "listed", "maxResults": 1})).await;
    assert!(page["nextToken"].is_string());
}

#[tokio::test]
async fn describe_images_of_an_unknown_tag_is_an_error_and_sizes_are_those_of_the_layers() {
    let Some(world) = world().await else { return };
    world.repository("described").await;
    world.push_image("described", "a", "twelve bytes").await;
    let unknown = json!({"repositoryName": "described", "imageIds": [{"imageTag": "absent"}]});
    assert_eq!(world.ecr_error("DescribeImages", unknown).await, "ImageNotFoundException");
    let known = json!({"repositoryName": "described", "imageIds": [{"imageTag": "a"}]});
    let known = world.ecr("DescribeImages", known).await;
    assert_eq!(known["imageDetails"][0]["imageSizeInBytes"], "{\"seed\":\"twelve bytes\"}twelve bytes".len());
    assert_eq!(known["imageDetails"][0]["imageStatus"], "ACTIVE");
}

async fn archive(world: &World, digest: &str, class: &str) -> Value {
    let image = json!({"imageDigest": digest});
    let input = json!({"repositoryName": "archived", "imageId": image, "targetStorageClass": class});
    world.ecr("UpdateImageStorageClass", input).await["imageStatus"].clone()
}

#[tokio::test]
async fn an_archived_image_is_hidden_and_cannot_be_pulled_until_it_is_restored_or_pushed_again() {
    let Some(world) = world().await else { return };
    world.repository("archived").await;
    let (manifest, digest) = world.push_image("archived", "a", "one").await;
    world.push_image("archived", "b", "two").await;
    let pull = async || world.v2("GET", "archived/manifests/a").await.send().await.unwrap().status().as_u16();
    let any = json!({"repositoryName": "archived", "filter": {"imageStatus": "ANY"}});
    assert_eq!((tags(&world, "archived").await.len(), pull().await), (2, 200));

    assert_eq!(archive(&world, &digest, "ARCHIVE").await, "ARCHIVED");
    assert_eq!(tags(&world, "archived").await, ["b"]);
    assert_eq!(pull().await, 404);
    let head = world.v2("HEAD", &format!("archived/manifests/{digest}")).await.send().await.unwrap();
    assert_eq!(head.status(), 404);
    let described = world.ecr("DescribeImages", json!({"repositoryName": "archived"})).await;
    assert_eq!(described["imageDetails"].as_array().unwrap().len(), 1);
    let listed = world.ecr("ListImages", any.clone()).await;
    assert_eq!(listed["imageIds"].as_array().unwrap().len(), 2);
    let status = async || {
        let described = world.ecr("DescribeImages", any.clone()).await;
        let details = described["imageDetails"].as_array().unwrap().clone();
        details.iter().find(|image| image["imageDigest"] == digest.as_str()).unwrap()["imageStatus"].clone()
    };
    assert_eq!(status().await, "ARCHIVED");

    assert_eq!(archive(&world, &digest, "STANDARD").await, "ACTIVATING");
    assert_eq!((status().await, pull().await), (json!("ACTIVATING"), 404));
    world.gateway.clock().advance(std::time::Duration::from_secs(2));
    assert_eq!((status().await, pull().await), (json!("ACTIVE"), 200));

    archive(&world, &digest, "ARCHIVE").await;
    assert_eq!(pull().await, 404);
    assert_eq!(world.put_manifest("archived", "a", MANIFEST, &manifest).await.status(), 201);
    assert_eq!((status().await, pull().await), (json!("ACTIVE"), 200));
    let unknown = json!({"repositoryName": "archived", "imageId": {"imageTag": "absent"}, "targetStorageClass": "ARCHIVE"});
    assert_eq!(world.ecr_error("UpdateImageStorageClass", unknown).await, "ImageNotFoundException");
}

#[tokio::test]
async fn deleting_by_tag_takes_the_tag_and_the_last_tag_the_image() {
    let Some(world) = world().await else { return };
    world.repository("tagged").await;
    let (manifest, digest) = world.push_image("tagged", "a", "one").await;
    world.put_manifest("tagged", "b", MANIFEST, &manifest).await;
    let delete =
        |ids: Value| world.ecr("BatchDeleteImage", json!({"repositoryName": "tagged", "imageIds": ids}));
    let deleted = delete(json!([{"imageTag": "a"}])).await;
    assert_eq!(deleted["imageIds"], json!([{"imageDigest": digest, "imageTag": "a"}]));
    assert_eq!(tags(&world, "tagged").await, ["b"]);
    let still = world.v2("GET", "tagged/manifests/b").await.send().await.unwrap().text().await.unwrap();
    assert_eq!(still, manifest);
    delete(json!([{"imageTag": "b"}])).await;
    assert_eq!(tags(&world, "tagged").await, [""; 0]);
    let gone = world.v2("GET", &format!("tagged/manifests/{digest}")).await.send().await.unwrap();
    assert_eq!(gone.status(), 404);
    let again = delete(json!([{"imageTag": "b"}])).await;
    assert_eq!(again["failures"][0]["failureCode"], "ImageNotFound");
}

#[tokio::test]
async fn child_of_an_index_is_deleted_only_after_the_index() {
    let Some(world) = world().await else { return };
    world.repository("multi").await;
    let (manifest, child) = world.push_image("multi", "amd64", "one").await;
    world.put_manifest("multi", "1", INDEX, &index_manifest(&[&manifest])).await;
    let delete =
        |ids: Value| world.ecr("BatchDeleteImage", json!({"repositoryName": "multi", "imageIds": ids}));
    let refused = delete(json!([{"imageDigest": child}])).await;
    assert_eq!(refused["failures"][0]["failureCode"], "ImageReferencedByManifestList");
    let done = delete(json!([{"imageTag": "1"}, {"imageDigest": child}])).await;
    assert_eq!(done["failures"], json!([]));
}

#[tokio::test]
async fn put_image_checks_what_it_stores() {
    let Some(world) = world().await else { return };
    world.repository("put").await;
    let (manifest, digest) = world.push_image("put", "a", "one").await;
    let input = |tag: &str, manifest: &str| json!({"repositoryName": "put", "imageTag": tag, "imageManifest": manifest, "imageManifestMediaType": MANIFEST});
    assert_eq!(world.ecr_error("PutImage", input("a", &manifest)).await, "ImageAlreadyExistsException");
    let put = world.ecr("PutImage", input("b", &manifest)).await;
    assert_eq!(put["image"]["imageId"]["imageDigest"], json!(digest));
    let missing = manifest.replace("sha256:", "sha256:0");
    assert_eq!(world.ecr_error("PutImage", input("c", &missing)).await, "LayersNotFoundException");
    let mut wrong = input("c", &manifest);
    wrong["imageDigest"] = json!("sha256:00");
    assert_eq!(world.ecr_error("PutImage", wrong).await, "ImageDigestDoesNotMatchException");
}

#[tokio::test]
async fn layer_is_available_and_downloadable_once_a_manifest_refers_to_it() {
    let Some(world) = world().await else { return };
    world.repository("layers").await;
    let loose = world.push_blob("layers", b"loose").await;
    world.push_image("layers", "1", "used").await;
    let used = support::digest(b"used");
    let input = json!({"repositoryName": "layers", "layerDigests": [used, loose, support::digest(b"none")]});
    let checked = world.ecr("BatchCheckLayerAvailability", input).await;
    let availability = |index: usize| checked["layers"][index]["layerAvailability"].as_str().unwrap();
    assert_eq!((availability(0), availability(1)), ("AVAILABLE", "UNAVAILABLE"));
    assert_eq!(checked["failures"][0]["failureCode"], "MissingLayerDigest");
    let url = |digest: &str| json!({"repositoryName": "layers", "layerDigest": digest});
    assert_eq!(world.ecr_error("GetDownloadUrlForLayer", url(&loose)).await, "LayerInaccessibleException");
    let answer = world.ecr("GetDownloadUrlForLayer", url(&used)).await;
    let bytes = world.http.get(answer["downloadUrl"].as_str().unwrap()).send().await.unwrap().bytes().await;
    assert_eq!(bytes.unwrap(), b"used".as_slice());
}

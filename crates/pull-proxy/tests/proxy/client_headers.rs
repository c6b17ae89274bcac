//! What of a client's headers reaches ECR, and what of ECR's the client.

use crate::support::World;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

#[tokio::test]
async fn authorization_of_the_client_goes_nowhere() {
    let rules = crate::support::HUB_RULE.to_owned() + "fallback = \"upstream\"\n";
    let world = World::with_rules("", &rules).await;
    world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    let only_hub = world.hub.add_image("library/only", "1", &["linux/amd64"]);
    for path in ["library/alpine/manifests/1", "library/only/manifests/1"] {
        let request = world.request("GET", &format!("/v2/{path}")).basic_auth("somebody", Some("canary"));
        assert_eq!(request.send().await.unwrap().status(), 200, "{path}");
    }
    let blob = world.request("GET", &format!("/v2/library/only/blobs/{}", only_hub.blobs[0]));
    assert_eq!(blob.bearer_auth("canary").send().await.unwrap().status(), 200);
    assert!(world.hub_requests() >= 2, "the fallback was not taken, so nothing was shown");
    // ECR lets in its own token only: had the client's come through, it would have answered 401.
    let refused = world.ecr.requests().iter().filter(|request| request.status == 401).count();
    assert_eq!(refused, 1, "one challenge before the token is known");
}

#[tokio::test]
async fn every_accept_line_reaches_ecr() {
    let world = World::start("tag_freshness_seconds = 0").await;
    world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    let path = "/v2/library/alpine/manifests/1";
    let lines =
        world.request("GET", path).header("accept", MANIFEST).header("accept", INDEX).send().await.unwrap();
    assert_eq!(lines.status(), 200);
    // The double answers 404 to who does not take an index, as ECR's relatives do.
    let first_line_only = world.request("GET", path).header("accept", MANIFEST).send().await.unwrap();
    assert_eq!(first_line_only.status(), 404);
}

#[tokio::test]
async fn head_has_the_headers_of_get_and_no_body() {
    let world = World::start("").await;
    let image = world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    let manifest = world.ecr.manifest_bytes("docker-hub/library/alpine", "1").unwrap();
    let head = world.head("/v2/library/alpine/manifests/1").await;
    let headers = head.headers().clone();
    assert_eq!(headers["docker-content-digest"], image.digest.as_str());
    assert_eq!(headers["content-length"], manifest.len().to_string().as_str());
    assert_eq!(headers["content-type"], INDEX);
    assert!(head.bytes().await.unwrap().is_empty());
    let asked: Vec<String> = world.ecr.requests().iter().map(|request| request.method.clone()).collect();
    assert!(!asked.contains(&"GET".to_owned()), "a HEAD became a GET: {asked:?}");

    let path = format!("/v2/library/alpine/blobs/{}", image.blobs[0]);
    let head = world.head(&path).await;
    let length: usize = head.headers()["content-length"].to_str().unwrap().parse().unwrap();
    let get = world.get(&path).await;
    assert_eq!(get.headers()["docker-content-digest"], image.blobs[0].as_str());
    assert_eq!(get.bytes().await.unwrap().len(), length);
}

#[tokio::test]
async fn range_of_a_blob_is_passed_on() {
    let world = World::start("").await;
    let blob = world.ecr.add_blob("docker-hub/library/alpine", "0123456789".as_bytes().to_vec());
    let path = format!("/v2/library/alpine/blobs/{blob}");
    for (range, content, content_range) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=7-", "789", "bytes 7-9/10")]
    {
        let answer = world.request("GET", &path).header("range", range).send().await.unwrap();
        assert_eq!(answer.status(), 206, "{range}");
        assert_eq!(answer.headers()["content-range"], content_range);
        assert_eq!(answer.headers()["content-length"], content.len().to_string().as_str());
        assert_eq!(answer.text().await.unwrap(), content);
    }
}

#[tokio::test]
async fn compressed_content_stays_as_it_is() {
    let world = World::start("").await;
    // A layer is gzip: whoever decompresses on the way changes its digest.
    let image = world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    for blob in &image.blobs {
        let request = world.request("GET", &format!("/v2/library/alpine/blobs/{blob}"));
        let answer = request.header("accept-encoding", "zstd, gzip, deflate").send().await.unwrap();
        assert_eq!(answer.headers().get("content-encoding"), None);
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(oci_copy::Digest::sha256(&bytes).to_string(), *blob);
    }
}

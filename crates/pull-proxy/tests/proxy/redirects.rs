//! `blobs = "redirect"`: clients are sent to where ECR keeps the blob, and get from us what they cannot get there.

use upstream_registry::{Fault, Operation};

use crate::support::{HUB_RULE, World};

const REPOSITORY: &str = "docker-hub/library/alpine";
const SETTING: &str = "blobs = \"redirect\"";

/// A world with one image, and the path and digest of its layer.
async fn world() -> (World, String, String) {
    let world = World::start(SETTING).await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    let digest = image.blobs[0].clone();
    (world, format!("/v2/library/alpine/blobs/{digest}"), digest)
}

/// GETs of the blob that the store has served.
fn stored(world: &World, digest: &str) -> usize {
    world.ecr.count("GET", &format!("/_blob/{digest}"))
}

#[tokio::test]
async fn client_is_sent_to_the_store_and_what_it_gets_there_is_the_blob() {
    let (world, path, digest) = world().await;
    let answer = world.get(&path).await;
    assert_eq!(answer.status(), 307);
    let target = answer.headers()["location"].to_str().unwrap().to_owned();
    assert!(answer.bytes().await.unwrap().is_empty());
    let store = world.ecr.store_address().unwrap().to_string();
    assert!(target.contains(&store) && target.contains("X-Amz-Signature"), "{target}");
    assert_eq!(stored(&world, &digest), 0, "the daemon fetched what the client is to fetch");
    let bytes = world.http.get(target).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(oci_copy::Digest::sha256(&bytes).to_string(), digest);
    // Who has the signed address has the blob: it stands in no log.
    assert!(!world.proxy.log().contains("X-Amz-Signature"));
    let line = "ecr_pull_proxy_requests_total{rule=\"docker.io\",operation=\"blob\",outcome=\"redirect\"}";
    assert!((world.metric(line).await - 1.0).abs() < 0.1);
    assert_eq!(world.metric("ecr_pull_proxy_sent_bytes_total{rule=\"docker.io\"}").await, 0.0);
}

#[tokio::test]
async fn address_is_asked_for_each_time_since_it_does_not_live_long() {
    let (world, path, digest) = world().await;
    for _ in 0..3 {
        assert_eq!(world.get(&path).await.status(), 307);
    }
    let asked = world.ecr.requests();
    let asked = asked.iter().filter(|request| request.status == 307 && request.path.ends_with(&digest));
    assert_eq!(asked.count(), 3);
}

#[tokio::test]
async fn length_is_answered_here_since_signed_addresses_take_no_head() {
    let (world, path, digest) = world().await;
    let head = world.head(&path).await;
    assert_eq!(head.status(), 200);
    let length = head.headers()["content-length"].clone();
    let target = world.get(&path).await.headers()["location"].to_str().unwrap().to_owned();
    let bytes = world.http.get(target).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(length, bytes.len().to_string().as_str());
    assert_eq!(head.headers()["docker-content-digest"], digest.as_str());
}

#[tokio::test]
async fn range_is_the_stores_affair() {
    let (world, path, _) = world().await;
    let answer = world.request("GET", &path).header("range", "bytes=1-2").send().await.unwrap();
    assert_eq!(answer.status(), 307);
    let target = answer.headers()["location"].to_str().unwrap().to_owned();
    let part = world.http.get(target).header("range", "bytes=1-2").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 2));
}

#[tokio::test]
async fn registry_that_fails_is_waited_for_before_the_client_is_sent_on() {
    let (world, path, _) = world().await;
    world.ecr.inject(Fault::server_error(Operation::GetBlob, 503).times(2));
    assert_eq!(world.get(&path).await.status(), 307);
}

#[tokio::test]
async fn blob_that_a_registry_serves_itself_is_streamed() {
    let world = World::with_rules(SETTING, &format!("{HUB_RULE}fallback = \"upstream\"\n")).await;
    let image = world.hub.add_image("library/only", "1", &["linux/amd64"]);
    let answer = world.get(&format!("/v2/library/only/blobs/{}", image.blobs[0])).await;
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(oci_copy::Digest::sha256(&bytes).to_string(), image.blobs[0]);
}

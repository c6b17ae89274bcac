//! Manifests: kept by digest, tags asked for again, damaged ones never passed on.

use upstream_registry::{Effect, Fault, Operation};

use crate::support::{World, error_of};

const REPOSITORY: &str = "docker-hub/library/alpine";
const TAG: &str = "/v2/library/alpine/manifests/1";

#[tokio::test]
async fn moved_tag_is_seen_once_its_freshness_is_over() {
    let world = World::start("tag_freshness_seconds = 0").await;
    let first = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    assert_eq!(world.head(TAG).await.headers()["docker-content-digest"], first.digest.as_str());
    let second = world.ecr.move_tag(REPOSITORY, "1");
    assert_ne!(first.digest, second.digest);
    assert_eq!(world.head(TAG).await.headers()["docker-content-digest"], second.digest.as_str());
    assert_eq!(world.get(TAG).await.headers()["docker-content-digest"], second.digest.as_str());
}

#[tokio::test]
async fn fresh_tag_and_known_digest_are_answered_from_memory() {
    let world = World::start("tag_freshness_seconds = 3600").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    assert_eq!(world.get(TAG).await.status(), 200);
    let asked = world.ecr.requests().len();
    let by_digest = format!("/v2/library/alpine/manifests/{}", image.digest);
    for path in [TAG, by_digest.as_str()] {
        let answer = world.get(path).await;
        assert_eq!(answer.headers()["docker-content-digest"], image.digest.as_str());
        assert_eq!(answer.bytes().await.unwrap(), world.ecr.manifest_bytes(REPOSITORY, "1").unwrap());
        assert_eq!(world.head(path).await.status(), 200);
    }
    assert_eq!(world.ecr.requests().len(), asked);
    assert_eq!(world.metric("ecr_pull_proxy_cache_hits_total{cache=\"manifest\"}").await, 4.0);
}

#[tokio::test]
async fn cache_of_no_bytes_keeps_nothing() {
    let world = World::start("manifest_cache_bytes = 0").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    let path = format!("/v2/library/alpine/manifests/{}", image.digest);
    for _ in 0..2 {
        assert_eq!(world.get(&path).await.status(), 200);
    }
    assert_eq!(world.ecr.count("GET", &image.digest), 2 + 1, "two, and the challenge before the first");
}

#[tokio::test]
async fn damaged_manifest_is_fetched_again() {
    let world = World::start("").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    world.ecr.inject(Fault::new(Operation::GetManifest, Effect::Corrupt).skip(1).times(1));
    let answer = world.get(&format!("/v2/library/alpine/manifests/{}", image.digest)).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.bytes().await.unwrap(), world.ecr.manifest_bytes(REPOSITORY, "1").unwrap());
}

#[tokio::test]
async fn manifest_that_stays_damaged_is_never_passed_on() {
    let world = World::start("").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    world.ecr.inject(Fault::new(Operation::GetManifest, Effect::Corrupt));
    let answer = world.get(&format!("/v2/library/alpine/manifests/{}", image.digest)).await;
    let (status, code, message) = error_of(answer).await;
    assert_eq!((status, code.as_str()), (502, "UNKNOWN"));
    assert!(message.contains("instead of"), "{message}");
}

#[tokio::test]
async fn head_without_a_digest_becomes_a_get() {
    let world = World::start("").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    world.ecr.inject(Fault::new(Operation::HeadManifest, Effect::NoDigestHeader));
    let head = world.head(TAG).await;
    assert_eq!(head.status(), 200);
    assert_eq!(head.headers()["docker-content-digest"], image.digest.as_str());
}

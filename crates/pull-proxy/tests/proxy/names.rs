//! Which repository serves which name.

use crate::support::{ECR, World, error_of};

#[tokio::test]
async fn name_of_docker_hub_is_served_from_the_repository_below_the_prefix() {
    let world = World::start("").await;
    let image = world.ecr.add_image("docker-hub/library/alpine", "3.20", &["linux/amd64"]);
    for path in ["/v2/library/alpine/manifests/3.20", "/v2/library/alpine/manifests/3.20?ns=docker.io"] {
        let answer = world.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["docker-content-digest"], image.digest.as_str());
        let namespace = answer.headers().get("oci-namespace").map(|value| value.to_str().unwrap());
        assert_eq!(namespace, path.contains("ns=").then_some("docker.io"));
        let bytes = world.ecr.manifest_bytes("docker-hub/library/alpine", "3.20").unwrap();
        assert_eq!(answer.bytes().await.unwrap(), bytes);
    }
    for blob in &image.blobs {
        assert_eq!(world.get(&format!("/v2/library/alpine/blobs/{blob}")).await.status(), 200);
    }
    assert_eq!(world.hub_requests(), 0);
}

#[tokio::test]
async fn mirrors_are_asked_before_pull_through_and_pull_through_for_what_they_lack() {
    let rules = format!(
        r#"
        [[pull_through]]
        upstream = "docker.io"
        repository = "{ECR}/docker-hub"
        [[mirror]]
        upstream = "docker.io/library/alpine"
        repository = "{ECR}/golden/alpine"
        "#
    );
    let world = World::with_rules("", &rules).await;
    let golden = world.ecr.add_image("golden/alpine", "3.20", &["linux/amd64"]);
    world.ecr.add_image("docker-hub/library/alpine", "3.20", &["linux/arm64"]);
    let other = world.ecr.add_image("docker-hub/library/alpine", "3.21", &["linux/amd64"]);
    for (tag, image) in [("3.20", golden), ("3.21", other)] {
        let answer = world.get(&format!("/v2/library/alpine/manifests/{tag}")).await;
        assert_eq!(answer.headers()["docker-content-digest"], image.digest.as_str(), "{tag}");
        let blob = world.get(&format!("/v2/library/alpine/blobs/{}", image.blobs[0])).await;
        assert_eq!(blob.status(), 200, "{tag}");
    }
}

#[tokio::test]
async fn upstream_without_a_rule_is_unknown_so_that_the_client_goes_on_by_itself() {
    let world = World::start("").await;
    let path = "/v2/org/app/manifests/1?ns=quay.io";
    let (status, code, message) = error_of(world.get(path).await).await;
    assert_eq!((status, code.as_str()), (404, "NAME_UNKNOWN"));
    assert_eq!(message, "no rule covers quay.io/org/app");
    let digest = format!("sha256:{}", "0".repeat(64));
    for referrers in ["/v2/org/app/referrers", "/v2/org/app/blobs"] {
        assert_eq!(world.get(&format!("{referrers}/{digest}?ns=quay.io")).await.status(), 404);
    }
    assert!(world.ecr.requests().is_empty(), "ECR was asked for a name without a rule");
}

#[tokio::test]
async fn referrers_of_a_known_name_are_an_empty_index_without_asking_anybody() {
    let world = World::start("").await;
    let digest = format!("sha256:{}", "0".repeat(64));
    let answer = world.get(&format!("/v2/library/alpine/referrers/{digest}?ns=docker.io")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/vnd.oci.image.index.v1+json");
    let index: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(index["manifests"], serde_json::json!([]));
    assert_eq!(index["schemaVersion"], 2);
    assert_eq!((world.ecr.requests().len(), world.hub_requests()), (0, 0));
}

#[tokio::test]
async fn tags_are_listed_page_by_page_under_the_clients_name() {
    let world = World::start("").await;
    for tag in ["1", "2", "3"] {
        world.ecr.add_image("docker-hub/library/alpine", tag, &["linux/amd64"]);
    }
    let mut path = "/v2/library/alpine/tags/list?ns=docker.io&n=2".to_owned();
    let mut tags = Vec::new();
    for more in [true, false] {
        let answer = world.get(&path).await;
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(page["name"], "library/alpine");
        tags.extend(page["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()));
        assert_eq!(link.is_some(), more, "{link:?}");
        if let Some(link) = link {
            path = link.trim_start_matches('<').split('>').next().unwrap().to_owned();
            assert!(
                path.starts_with("/v2/library/alpine/tags/list?") && path.contains("ns=docker.io"),
                "{path}"
            );
        }
    }
    assert_eq!(tags, ["1", "2", "3"]);
}

#[tokio::test]
async fn everything_that_is_not_reading_is_refused_in_the_specifications_form() {
    let world = World::start("").await;
    for (method, path) in [
        ("POST", "/v2/library/alpine/blobs/uploads/"),
        ("PUT", "/v2/library/alpine/manifests/1"),
        ("DELETE", "/v2/library/alpine/manifests/1"),
    ] {
        let answer = world.request(method, path).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], "GET, HEAD");
        assert_eq!(error_of(answer).await.0, 405, "{method} {path}");
    }
    for (path, status, code) in [
        ("/", 404, "UNSUPPORTED"),
        ("/v2/_catalog", 404, "UNSUPPORTED"),
        ("/v2/Upper/manifests/1", 400, "NAME_INVALID"),
        ("/v2/a/manifests/sha256:1", 400, "DIGEST_INVALID"),
    ] {
        let (found, found_code, _) = error_of(world.get(path).await).await;
        assert_eq!((found, found_code.as_str()), (status, code), "{path}");
    }
    let base = world.get("/v2/").await;
    assert_eq!(base.status(), 200);
    assert_eq!(base.headers()["docker-distribution-api-version"], "registry/2.0");
    assert!(world.ecr.requests().is_empty());
}

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_gateway::{Fault, FaultKind};
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    INDEX, MANIFEST, World, digest, image_manifest, index_manifest, registry_error, world_with,
};

/// An upstream registry with token authentication.
#[derive(Default)]
pub(crate) struct Stub {
    /// Path below `/v2/` to media type and bytes.
    content: Mutex<HashMap<String, (&'static str, Vec<u8>)>>,
    manifest_requests: AtomicU32,
    status: Mutex<Option<StatusCode>>,
    base: Mutex<String>,
}

impl Stub {
    async fn start() -> (Arc<Self>, url::Url) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stub = Arc::new(Self { base: Mutex::new(base.clone()), ..Self::default() });
        let app = Router::new().fallback(answer).with_state(Arc::clone(&stub));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (stub, base.parse().unwrap())
    }

    /// Address, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        self.base.lock().unwrap().clone()
    }

    /// Adds something below `/v2/`.
    pub(crate) fn put(&self, path: &str, media_type: &'static str, text: &str) {
        self.content.lock().unwrap().insert(path.to_owned(), (media_type, text.as_bytes().to_vec()));
    }

    /// Adds `name` with an index of two platforms under the tag; gives the bytes of the index.
    pub(crate) fn add(&self, name: &str, tag: &str, seed: &str) -> String {
        let mut content = self.content.lock().unwrap();
        let mut children = Vec::new();
        for platform in ["amd64", "arm64"] {
            let (config, layer) = (format!("{{\"p\":\"{platform}\"}}"), format!("{seed} of {platform}"));
            for blob in [&config, &layer] {
                let path = format!("{name}/blobs/{}", digest(blob.as_bytes()));
                content.insert(path, ("application/octet-stream", blob.clone().into_bytes()));
            }
            let manifest = image_manifest(config.as_bytes(), layer.as_bytes());
            let path = format!("{name}/manifests/{}", digest(manifest.as_bytes()));
            content.insert(path, (MANIFEST, manifest.clone().into_bytes()));
            children.push(manifest);
        }
        let index = index_manifest(&[&children[0], &children[1]]);
        for reference in [tag, &digest(index.as_bytes())] {
            content.insert(format!("{name}/manifests/{reference}"), (INDEX, index.clone().into_bytes()));
        }
        index
    }

    fn fail_with(&self, status: Option<StatusCode>) {
        *self.status.lock().unwrap() = status;
    }
}

async fn answer(State(stub): State<Arc<Stub>>, request: Request) -> Response {
    if request.uri().path() == "/token" {
        let basic = request.headers().get("authorization").map(|value| value.to_str().unwrap().to_owned());
        // base64 of "u:t"
        return match basic.as_deref() {
            Some("Basic dTp0") => json!({"token": "let-me-in"}).to_string().into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        };
    }
    if let Some(status) = *stub.status.lock().unwrap() {
        return status.into_response();
    }
    if request.headers().get("authorization").is_none_or(|value| value != "Bearer let-me-in") {
        let realm = format!("Bearer realm=\"{}/token\",service=\"stub\"", stub.base.lock().unwrap());
        return (StatusCode::UNAUTHORIZED, [("www-authenticate", realm)]).into_response();
    }
    let path = request.uri().path().trim_start_matches("/v2/").to_owned();
    if path.contains("/manifests/") {
        stub.manifest_requests.fetch_add(1, Ordering::SeqCst);
    }
    match stub.content.lock().unwrap().get(&path) {
        _ if path.is_empty() => StatusCode::OK.into_response(),
        Some((media_type, bytes)) => ([("content-type", *media_type)], bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A world with a rule `docker-hub` for a stub of Docker Hub.
async fn hub() -> Option<(World, Arc<Stub>)> {
    hub_with(false).await
}

/// The same, with or without redirects of the blobs of a first pull to upstream's host.
pub(crate) async fn hub_with(redirects: bool) -> Option<(World, Arc<Stub>)> {
    let (stub, url) = Stub::start().await;
    let world =
        world_with(|builder| builder.upstream("registry-1.docker.io", url).first_pull_redirects(redirects))
            .await?;
    let secret = world.secret("hub", &json!({"username": "u", "accessToken": "t"})).await;
    let rule = json!({
        "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": secret,
    });
    world.ecr("CreatePullThroughCacheRule", rule).await;
    Some((world, stub))
}

async fn get(world: &World, reference: &str) -> reqwest::Response {
    let path = format!("docker-hub/library/alpine/manifests/{reference}");
    world.v2("GET", &path).await.send().await.unwrap()
}

#[tokio::test]
async fn first_pull_by_tag_imports_index_children_and_blobs_byte_for_byte() {
    let Some((world, stub)) = hub().await else { return };
    let index = stub.add("library/alpine", "3.20", "layer");
    let head = world.v2("HEAD", "docker-hub/library/alpine/manifests/3.20").await.send().await.unwrap();
    assert_eq!(head.headers()["docker-content-digest"], digest(index.as_bytes()).as_str());
    assert_eq!(get(&world, "3.20").await.text().await.unwrap(), index);
    let parsed: Value = serde_json::from_str(&index).unwrap();
    for child in parsed["manifests"].as_array().unwrap() {
        let child = child["digest"].as_str().unwrap();
        let manifest = get(&world, child).await;
        assert_eq!(manifest.status(), 200);
        assert_eq!(digest(manifest.text().await.unwrap().as_bytes()), child);
    }
    let layer = digest(b"layer of arm64");
    let blob =
        world.v2("HEAD", &format!("docker-hub/library/alpine/blobs/{layer}")).await.send().await.unwrap();
    assert_eq!(blob.status(), 200);
    let found = world.ecr("DescribeRepositories", json!({})).await;
    assert_eq!(found["repositories"][0]["repositoryName"], "docker-hub/library/alpine");
}

#[tokio::test]
async fn digest_that_is_not_cached_is_not_found_and_does_not_ask_upstream() {
    let Some((world, stub)) = hub().await else { return };
    let index = stub.add("library/alpine", "3.20", "layer");
    let answer = get(&world, &digest(index.as_bytes())).await;
    assert_eq!(answer.status(), 404);
    assert_eq!(stub.manifest_requests.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn upstream_is_asked_again_after_a_day_and_the_cache_serves_when_it_is_down() {
    let Some((world, stub)) = hub().await else { return };
    let old = stub.add("library/alpine", "3", "old");
    assert_eq!(get(&world, "3").await.text().await.unwrap(), old);
    let new = stub.add("library/alpine", "3", "new");
    assert_eq!(get(&world, "3").await.text().await.unwrap(), old);
    world.gateway.clock().advance(Duration::from_secs(24 * 3600 + 1));
    stub.fail_with(Some(StatusCode::INTERNAL_SERVER_ERROR));
    // The token has run out with the clock: each request fetches a fresh one.
    assert_eq!(get(&world, "3").await.text().await.unwrap(), old);
    stub.fail_with(None);
    assert_eq!(get(&world, "3").await.text().await.unwrap(), new);
}

#[tokio::test]
async fn upstreams_refusals_reach_the_client_and_leave_no_repository() {
    let Some((world, stub)) = hub().await else { return };
    assert_eq!(registry_error(get(&world, "absent").await).await, (404, "NAME_UNKNOWN".to_owned()));
    stub.fail_with(Some(StatusCode::TOO_MANY_REQUESTS));
    assert_eq!(registry_error(get(&world, "1").await).await, (429, "TOOMANYREQUESTS".to_owned()));
    stub.fail_with(Some(StatusCode::BAD_GATEWAY));
    assert_eq!(get(&world, "1").await.status(), 503);
    let found = world.ecr("DescribeRepositories", json!({})).await;
    assert_eq!(found["repositories"], json!([]));
}

#[tokio::test]
async fn validation_of_a_rule_logs_in_upstream() {
    let Some((world, _stub)) = hub().await else { return };
    let rule = json!({"ecrRepositoryPrefix": "docker-hub"});
    let valid = world.ecr("ValidatePullThroughCacheRule", rule.clone()).await;
    assert_eq!((valid["isValid"].clone(), valid["failure"].clone()), (json!(true), Value::Null));
    let wrong = world.secret("wrong", &json!({"username": "u", "accessToken": "wrong"})).await;
    let update = json!({"ecrRepositoryPrefix": "docker-hub", "credentialArn": wrong});
    world.ecr("UpdatePullThroughCacheRule", update).await;
    let invalid = world.ecr("ValidatePullThroughCacheRule", rule).await;
    assert_eq!(invalid["isValid"], json!(false));
    assert!(invalid["failure"].as_str().unwrap().contains("refused the credential"));
}

#[tokio::test]
async fn template_shapes_the_repository_and_one_with_tags_needs_a_role() {
    let Some((world, stub)) = hub().await else { return };
    let index = stub.add("library/alpine", "1", "layer");
    let template = json!({
        "prefix": "docker-hub", "appliedFor": ["PULL_THROUGH_CACHE"], "imageTagMutability": "IMMUTABLE",
        "resourceTags": [{"Key": "team", "Value": "ci"}],
        "lifecyclePolicy": json!({"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any",
            "countType": "imageCountMoreThan", "countNumber": 5}, "action": {"type": "expire"}}]}).to_string(),
    });
    world.ecr("CreateRepositoryCreationTemplate", template).await;
    assert_eq!(registry_error(get(&world, "1").await).await, (404, "NAME_UNKNOWN".to_owned()));
    let role = format!("arn:aws:iam::{}:role/r", world.account);
    let update = json!({"prefix": "docker-hub", "customRoleArn": role});
    world.ecr("UpdateRepositoryCreationTemplate", update).await;
    assert_eq!(get(&world, "1").await.text().await.unwrap(), index);
    let found = world.ecr("DescribeRepositories", json!({})).await;
    let repository = &found["repositories"][0];
    assert_eq!(repository["imageTagMutability"], "IMMUTABLE");
    let tags = world.ecr("ListTagsForResource", json!({"resourceArn": repository["repositoryArn"]})).await;
    assert_eq!(tags["tags"], json!([{"Key": "team", "Value": "ci"}]));
    world.ecr("GetLifecyclePolicy", json!({"repositoryName": "docker-hub/library/alpine"})).await;
}

#[tokio::test]
async fn blobs_of_a_first_pull_come_from_upstreams_host_and_later_from_the_store() {
    let Some((world, stub)) = hub_with(true).await else { return };
    stub.add("library/alpine", "1", "layer");
    assert_eq!(get(&world, "1").await.status(), 200);
    let path = format!("docker-hub/library/alpine/blobs/{}", digest(b"layer of amd64"));
    let location = async || {
        let answer = world.v2("GET", &path).await.send().await.unwrap();
        answer.headers()["location"].to_str().unwrap().to_owned()
    };
    let first = location().await;
    assert!(first.contains("/_upstream/"), "{first}");
    let blob = world.http.get(&first).send().await.unwrap();
    assert_eq!(blob.bytes().await.unwrap(), b"layer of amd64".as_slice());
    let calls = world.gateway.calls(&world.account);
    assert_eq!(calls.iter().filter(|call| call.service == "upstream").count(), 1);
    world.gateway.inject(&world.account, Fault::once("upstream", "GetBlob", FaultKind::CutConnection));
    assert!(world.http.get(&first).send().await.is_err());
    let later = location().await;
    assert!(later.contains("/_layers/"), "{later}");
    let blob = world.http.get(&later).send().await.unwrap();
    assert_eq!(blob.bytes().await.unwrap(), b"layer of amd64".as_slice());
}

#[tokio::test]
async fn blob_of_a_pull_through_repository_is_never_mounted() {
    let Some((world, stub)) = hub().await else { return };
    stub.add("library/alpine", "1", "layer");
    assert_eq!(get(&world, "1").await.status(), 200);
    world.repository("to").await;
    world.ecr("PutAccountSetting", json!({"name": "BLOB_MOUNTING", "value": "ENABLED"})).await;
    let layer = digest(b"layer of amd64");
    let path = format!("to/blobs/uploads/?mount={layer}&from=docker-hub/library/alpine");
    assert_eq!(world.v2("POST", &path).await.send().await.unwrap().status(), 202);
}

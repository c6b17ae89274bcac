//! The double keeps to the specifications it is written from, seen by a plain HTTP client.

#![allow(clippy::unwrap_used, reason = "tests, also outside of test functions")]

use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, Response};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use upstream_registry::{Behaviour, Effect, Fault, Image, Operation, RateLimit, Registry, TokenAuth};

const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

async fn send(method: &str, url: String) -> Response {
    request(method, url).send().await.unwrap()
}

fn request(method: &str, url: String) -> reqwest::RequestBuilder {
    let redirect = reqwest::redirect::Policy::none();
    let client = Client::builder().no_proxy().redirect(redirect).build().unwrap();
    client.request(method.parse().unwrap(), url)
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn code(response: Response) -> String {
    let body: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    body["errors"][0]["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_same_calls_make_the_same_digests_and_odd_looks_change_them() {
    let (one, two) = (Registry::builder().start().await.unwrap(), Registry::builder().start().await.unwrap());
    let image = Image::new(&PLATFORMS).layers(2).attestations();
    assert_eq!(one.add("a/b", "1", &image), two.add("a/b", "1", &image));
    assert_ne!(one.add("a/b", "1", &image), two.add("a/b", "1", &image.clone().odd_whitespace()));
    let odd = two.manifest_bytes("a/b", "1").unwrap();
    let parsed: serde_json::Value = serde_json::from_slice(&odd).unwrap();
    assert_ne!(parsed.to_string().into_bytes(), odd.to_vec(), "parsing and writing again changes the bytes");
    assert_eq!(parsed["manifests"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn only_get_of_a_manifest_counts_as_pull() {
    let registry = Registry::builder().rate_limit(RateLimit::docker_hub(2)).start().await.unwrap();
    let made = registry.add_image("library/alpine", "3.20", &PLATFORMS);
    let url = format!("{}/v2/library/alpine/manifests/3.20", registry.url());
    for _ in 0..3 {
        let head = send("HEAD", url.clone()).await;
        assert_eq!((head.status().as_u16(), header(&head, "ratelimit-remaining")), (200, "2;w=21600"));
        assert_eq!(header(&head, "docker-content-digest"), made.digest);
        assert_eq!(header(&head, "docker-ratelimit-source"), "127.0.0.1");
    }
    for _ in 0..2 {
        assert_eq!(send("GET", url.clone()).await.status(), 200);
    }
    let refused = send("GET", url.clone()).await;
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, ""));
    assert_eq!(code(refused).await, "TOOMANYREQUESTS");
    let head = send("HEAD", url).await;
    assert_eq!((head.status().as_u16(), header(&head, "ratelimit-remaining")), (200, "0;w=21600"));
}

#[tokio::test]
async fn tokens_are_good_for_their_scope_only() {
    let auth = TokenAuth::anonymous().user("me", "secret");
    let registry = Registry::builder().token_auth(auth).start().await.unwrap();
    registry.add_image("a", "1", &PLATFORMS);
    registry.add_image("b", "1", &PLATFORMS);
    let manifest = |repository: &str| format!("{}/v2/{repository}/manifests/1", registry.url());
    let challenge = send("GET", manifest("a")).await;
    let expected = format!(
        r#"Bearer realm="{}/token",service="registry.test",scope="repository:a:pull""#,
        registry.url()
    );
    assert_eq!(
        (challenge.status().as_u16(), header(&challenge, "www-authenticate")),
        (401, expected.as_str())
    );

    let url = format!("{}/token?service=registry.test&scope=repository:a:pull,push", registry.url());
    let body: serde_json::Value =
        serde_json::from_str(&send("GET", url.clone()).await.text().await.unwrap()).unwrap();
    let token = body["token"].as_str().unwrap();
    let with = |method: &str, url: String| request(method, url).bearer_auth(token);
    assert_eq!(with("GET", manifest("a")).send().await.unwrap().status(), 200);
    assert_eq!(with("GET", manifest("b")).send().await.unwrap().status(), 401);
    let push = format!("{}/v2/a/blobs/uploads/", registry.url());
    assert_eq!(with("POST", push).send().await.unwrap().status(), 401, "anonymous tokens are for pulling");
    let wrong = request("GET", url).basic_auth("me", Some("wrong")).send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    registry.expire_tokens();
    assert_eq!(with("GET", manifest("a")).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn anonymous_registry_panics_when_dropped_after_a_credential_of_somebody_elses() {
    let shown = async |authorization: &str| {
        let auth = TokenAuth::anonymous().user("me", "secret");
        let registry = Registry::builder().token_auth(auth).anonymous_only().start().await.unwrap();
        registry.add_image("a", "1", &PLATFORMS);
        let token = format!("{}/token?service=registry.test&scope=repository:a:pull", registry.url());
        let body: serde_json::Value =
            serde_json::from_str(&send("GET", token).await.text().await.unwrap()).unwrap();
        let header = authorization.replace("OWN", body["token"].as_str().unwrap());
        let ask = async |path: &str| {
            let request = request("GET", format!("{}{path}", registry.url()));
            request.header("authorization", &header).send().await.unwrap().status().as_u16()
        };
        let statuses = [ask("/v2/a/manifests/1").await, ask("/token?service=registry.test").await];
        registry.expire_tokens();
        assert_eq!(ask("/v2/a/manifests/1").await, 401);
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(registry)));
        (statuses, dropped.map_err(|panic| panic.downcast_ref::<String>().unwrap().clone()))
    };
    // The token server takes no token, but its own is no secret of somebody's either.
    assert_eq!(shown("Bearer OWN").await, ([200, 401], Ok(())));
    for foreign in ["Basic bWU6c2VjcmV0", "Bearer canary", "Basic QVdTOmNhbmFyeQ=="] {
        let (_, dropped) = shown(foreign).await;
        let message = dropped.unwrap_err();
        let (scheme, secret) = foreign.split_once(' ').unwrap();
        for path in ["/v2/a/manifests/1", "/token"] {
            assert!(message.contains(&format!("GET {path} with {scheme}")), "{message}");
        }
        assert!(!message.contains(secret), "{message}");
    }
}

#[tokio::test]
async fn ecr_uploads_differ_from_the_specification_where_ecr_does() {
    for behaviour in [Behaviour::Plain, Behaviour::Ecr] {
        let ecr = behaviour == Behaviour::Ecr;
        let registry = Registry::builder().behaviour(behaviour).start().await.unwrap();
        let open = format!("{}/v2/mirror/a/blobs/uploads/", registry.url());
        if ecr {
            let missing = send("POST", open.clone()).await;
            assert_eq!((missing.status().as_u16(), code(missing).await.as_str()), (404, "NAME_UNKNOWN"));
            registry.create_repository("mirror/a");
        }
        let opened = send("POST", open).await;
        assert_eq!(opened.status(), 202);
        let location = format!("{}{}", registry.url(), header(&opened, "location"));
        for (piece, plain_range) in [("hello ", "0-5"), ("world", "0-10")] {
            let patched = request("PATCH", location.clone()).body(piece).send().await.unwrap();
            let expected = if ecr { (201, "0-5") } else { (202, plain_range) };
            assert_eq!((patched.status().as_u16(), header(&patched, "range")), expected);
        }
        let again = request("PATCH", location.clone())
            .header("content-range", "0-4")
            .body("hello")
            .send()
            .await
            .unwrap();
        assert_eq!((again.status().as_u16(), code(again).await.as_str()), (416, "BLOB_UPLOAD_INVALID"));
        assert_eq!(send("GET", location.clone()).await.status(), if ecr { 404 } else { 204 });
        let digest = "sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9";
        let done = request("PUT", format!("{location}?digest={digest}")).body("").send().await.unwrap();
        assert_eq!((done.status().as_u16(), registry.has_blob("mirror/a", digest)), (201, true));
    }
}

#[tokio::test]
async fn manifests_are_refused_until_what_they_name_is_there() {
    let registry = Registry::builder().behaviour(Behaviour::Ecr).start().await.unwrap();
    registry.create_repository("mirror/a");
    let other = Registry::builder().start().await.unwrap();
    let made = other.add_image("a", "1", &PLATFORMS);
    let put = async |reference: &str, bytes: Vec<u8>, media_type: &str| {
        let url = format!("{}/v2/mirror/a/manifests/{reference}", registry.url());
        request("PUT", url).header("content-type", media_type).body(bytes).send().await.unwrap()
    };
    let index = other.manifest_bytes("a", "1").unwrap().to_vec();
    assert_eq!(code(put("1", index.clone(), INDEX).await).await, "MANIFEST_BLOB_UNKNOWN");
    let child = other.manifest_bytes("a", &made.manifests[0]).unwrap().to_vec();
    let child_type = other.manifest_media_type("a", &made.manifests[0]).unwrap();
    assert_eq!(code(put("1", child.clone(), &child_type).await).await, "MANIFEST_BLOB_UNKNOWN");
    assert_eq!(code(put(&made.manifests[1], child, &child_type).await).await, "DIGEST_INVALID");
    assert_eq!(code(put("1", index, "application/json").await).await, "MANIFEST_INVALID");

    let empty = br#"{"schemaVersion":2,"manifests":[]}"#.to_vec();
    registry.make_tags_immutable("mirror/a");
    let stored = put("1", empty.clone(), INDEX).await;
    assert_eq!((stored.status().as_u16(), header(&stored, "location")), (201, ""));
    assert_eq!(code(put("1", empty, INDEX).await).await, "TAG_INVALID");
}

#[tokio::test]
async fn blob_store_refuses_a_second_authorization_and_head() {
    let registry = Registry::builder().stored_blobs().start().await.unwrap();
    let made = registry.add_image("a", "1", &PLATFORMS);
    let blob = format!("{}/v2/a/blobs/{}", registry.url(), made.blobs[0]);
    let redirect = send("GET", blob).await;
    assert_eq!(redirect.status(), 307);
    let target = header(&redirect, "location").to_owned();
    assert_eq!(request("GET", target.clone()).bearer_auth("x").send().await.unwrap().status(), 400);
    assert_eq!(send("HEAD", target.clone()).await.status(), 403);
    assert_eq!(send("GET", target).await.status(), 200);
}

#[tokio::test]
async fn cut_bodies_break_off_and_corrupt_ones_differ_in_the_last_byte() {
    let registry = Registry::builder().start().await.unwrap();
    let made = registry.add("a", "1", &Image::new(&["linux/amd64"]).layer_size(200_000));
    let url = format!("{}/v2/a/blobs/{}", registry.url(), made.blobs[0]);
    let whole = send("GET", url.clone()).await.bytes().await.unwrap();
    assert_eq!(whole.len(), 200_000);
    registry.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 70_000 }).times(1));
    let mut cut = send("GET", url.clone()).await;
    let mut arrived = 0;
    let broken = loop {
        match cut.chunk().await {
            Ok(Some(chunk)) => arrived += chunk.len(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(broken);
    assert_eq!(arrived, 70_000);
    registry.inject(Fault::new(Operation::GetBlob, Effect::Corrupt).times(1));
    let corrupt = send("GET", url.clone()).await.bytes().await.unwrap();
    assert_eq!(corrupt[..199_999], whole[..199_999]);
    assert_ne!(corrupt, whole);
    let part = request("GET", url).header("range", "bytes=65530-65545").send().await.unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 65530-65545/200000"));
    assert_eq!(part.bytes().await.unwrap(), whole.slice(65_530..65_546));
}

#[tokio::test]
async fn index_is_hidden_from_clients_that_do_not_accept_it() {
    let registry = Registry::builder().start().await.unwrap();
    registry.add_image("a", "1", &PLATFORMS);
    let url = format!("{}/v2/a/manifests/1", registry.url());
    let image_only = "application/vnd.oci.image.manifest.v1+json";
    assert_eq!(request("GET", url.clone()).header("accept", image_only).send().await.unwrap().status(), 404);
    assert_eq!(request("GET", url).header("accept", INDEX).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn program_prints_its_address_obeys_control_and_ends_with_its_input() {
    let mut child = tokio::process::Command::new(env!("CARGO_BIN_EXE_upstream-registry"))
        .args(["--image", "library/alpine:3.20", "--rate-limit", "100"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let base = format!("http://{}", told["address"].as_str().unwrap());
    let first = told["images"]["library/alpine:3.20"].as_str().unwrap().to_owned();
    let head = send("HEAD", format!("{base}/v2/library/alpine/manifests/3.20")).await;
    assert_eq!(
        (header(&head, "docker-content-digest"), header(&head, "ratelimit-limit")),
        (first.as_str(), "100;w=21600")
    );

    let moved = send("POST", format!("{base}/_control/move-tag?repository=library/alpine&tag=3.20")).await;
    assert_eq!(moved.status(), 200);
    let head = send("HEAD", format!("{base}/v2/library/alpine/manifests/3.20")).await;
    assert_ne!(header(&head, "docker-content-digest"), first);
    let requests: serde_json::Value =
        serde_json::from_str(&send("GET", format!("{base}/_control/requests")).await.text().await.unwrap())
            .unwrap();
    assert_eq!(requests.as_array().unwrap().len(), 2);
    let absent = send("POST", format!("{base}/_control/move-tag?repository=library/alpine&tag=9")).await;
    assert_eq!(absent.status(), 404);

    drop(child.stdin.take());
    let status = tokio::time::timeout(Duration::from_secs(10), child.wait()).await.unwrap().unwrap();
    assert!(status.success());
}

#[tokio::test]
async fn referrers_are_listed_in_pages_or_by_the_tag_that_clients_keep() {
    for api in [true, false] {
        let builder = Registry::builder().page_size(2);
        let builder = if api { builder } else { builder.without_referrers_api() };
        let registry = builder.start().await.unwrap();
        let image = registry.add_image("a", "1", &PLATFORMS);
        let made: std::collections::BTreeSet<String> =
            (0..3).map(|_| registry.add_referrer("a", &image.digest, "application/example")).collect();
        let mut next = Some(format!("/v2/a/referrers/{}", image.digest));
        let mut listed = Vec::new();
        while let Some(path) = next {
            let page = send("GET", format!("{}{path}", registry.url())).await;
            if !api {
                assert_eq!(page.status(), 404);
                let path = format!("/v2/a/manifests/{}", image.digest.replace(':', "-"));
                let list = send("GET", format!("{}{path}", registry.url())).await;
                listed.extend(entries(&list.bytes().await.unwrap()));
                break;
            }
            assert_eq!((page.status().as_u16(), header(&page, "content-type")), (200, INDEX));
            next = Some(header(&page, "link").to_owned())
                .and_then(|link| Some(link.strip_prefix('<')?.split_once('>')?.0.to_owned()));
            listed.extend(entries(&page.bytes().await.unwrap()));
        }
        assert_eq!(listed.len(), 3, "API: {api}");
        let digests: std::collections::BTreeSet<String> =
            listed.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect();
        assert_eq!(digests, made);
        assert!(listed.iter().all(|entry| entry["artifactType"] == "application/example"), "{listed:?}");
        // A push is answered accordingly.
        let artifact = registry.manifest_bytes("a", made.first().unwrap()).unwrap();
        let url = format!("{}/v2/a/manifests/{}", registry.url(), made.first().unwrap());
        let manifest = "application/vnd.oci.image.manifest.v1+json";
        let put = request("PUT", url).header("content-type", manifest).body(artifact).send().await.unwrap();
        let subject = if api { image.digest.as_str() } else { "" };
        assert_eq!((put.status().as_u16(), header(&put, "oci-subject")), (201, subject));
    }
}

fn entries(index: &[u8]) -> Vec<serde_json::Value> {
    let index: serde_json::Value = serde_json::from_slice(index).unwrap();
    index["manifests"].as_array().unwrap().clone()
}

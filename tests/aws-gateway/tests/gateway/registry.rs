use std::time::Duration;

use serde_json::json;

use crate::support::{
    INDEX, MANIFEST, REGION, World, digest, image_manifest, index_manifest, new_account, registry_error,
    world, world_with,
};

#[tokio::test]
async fn without_a_token_the_answer_is_a_basic_challenge() {
    let Some(world) = world().await else { return };
    let url = format!("{}/v2/", world.gateway.url());
    let answer = world.http.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.starts_with("Basic realm=\"https://")
            && challenge.ends_with("service=\"ecr.amazonaws.com\"")
    );
    let made_up = world.http.get(&url).basic_auth("AWS", Some("made.up")).send().await.unwrap();
    assert_eq!(made_up.status(), 401);
    let good = world.v2("GET", "").await.send().await.unwrap();
    assert_eq!(good.status(), 200);
}

#[tokio::test]
async fn token_is_good_for_its_region_its_account_and_its_time() {
    let Some(world) = world_with(|builder| builder.token_validity(Duration::from_secs(60))).await else {
        return;
    };
    let login = world.login().await;
    let get = |host: String| {
        let request = world.http.get(format!("{}/v2/", world.gateway.url()));
        request.header("authorization", &login).header("host", host).send()
    };
    let host = |account: &str, region: &str| format!("{account}.dkr.ecr.{region}.amazonaws.com");
    assert_eq!(get(host(&world.account, REGION)).await.unwrap().status(), 200);
    let foreign = get(host(&new_account(), REGION)).await.unwrap();
    assert_eq!(registry_error(foreign).await, (403, "DENIED".to_owned()));
    assert_eq!(get(host(&world.account, "us-east-1")).await.unwrap().status(), 400);
    let ns = format!("{}/v2/?ns={}", world.gateway.url(), host(&new_account(), REGION));
    let by_ns = world.http.get(ns).header("authorization", &login).send().await.unwrap();
    assert_eq!(by_ns.status(), 403);
    world.gateway.clock().advance(Duration::from_secs(61));
    let expired = get(host(&world.account, REGION)).await.unwrap();
    assert_eq!(registry_error(expired).await, (403, "DENIED".to_owned()));
}

#[tokio::test]
async fn accounts_have_registries_of_their_own() {
    let (Some(one), Some(other)) = (world().await, world().await) else { return };
    one.repository("mine").await;
    one.push_image("mine", "1", "x1").await;
    let foreign = other.v2("GET", "mine/manifests/1").await.send().await.unwrap();
    assert_eq!(registry_error(foreign).await, (404, "NAME_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn manifest_put_is_checked_and_has_no_location() {
    let Some(world) = world().await else { return };
    let refused = async |name: &str, reference: &str, media_type: &str, manifest: &str| {
        registry_error(world.put_manifest(name, reference, media_type, manifest).await).await
    };
    let unknown = image_manifest(b"no config", b"no layer");
    assert_eq!(refused("absent", "1", MANIFEST, &unknown).await, (404, "NAME_UNKNOWN".to_owned()));
    world.repository("strict").await;
    assert_eq!(refused("strict", "1", MANIFEST, &unknown).await, (404, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    assert_eq!(refused("strict", "1", MANIFEST, "[]").await, (400, "MANIFEST_INVALID".to_owned()));
    let index = index_manifest(&["no child"]);
    assert_eq!(refused("strict", "1", INDEX, &index).await, (404, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    let (manifest, _) = world.push_image("strict", "1", "one").await;
    let other = digest(b"other");
    assert_eq!(refused("strict", &other, MANIFEST, &manifest).await, (400, "DIGEST_INVALID".to_owned()));
    assert_eq!(refused("strict", ".bad", MANIFEST, &manifest).await, (400, "TAG_INVALID".to_owned()));
    let stored = world.put_manifest("strict", "2", MANIFEST, &manifest).await;
    assert_eq!(stored.status(), 201);
    assert!(!stored.headers().contains_key("location"));
    assert_eq!(stored.headers()["docker-content-digest"], digest(manifest.as_bytes()).as_str());
}

#[tokio::test]
async fn digest_header_is_on_head_and_not_on_get() {
    let Some(world) = world().await else { return };
    world.repository("heads").await;
    let (manifest, digest) = world.push_image("heads", "1", "one").await;
    let head = world.v2("HEAD", "heads/manifests/1").await.send().await.unwrap();
    assert_eq!(head.headers()["docker-content-digest"], digest.as_str());
    assert_eq!(head.headers()["content-length"], manifest.len().to_string().as_str());
    let get = world.v2("GET", "heads/manifests/1").await.send().await.unwrap();
    assert!(!get.headers().contains_key("docker-content-digest"));
    assert_eq!(get.headers()["content-type"], MANIFEST);
    assert_eq!(get.text().await.unwrap(), manifest);
}

#[tokio::test]
async fn immutable_tag_is_refused_even_with_the_same_digest() {
    let Some(world) = world().await else { return };
    let input = json!({
        "repositoryName": "fixed", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev*"}],
    });
    world.ecr("CreateRepository", input).await;
    let (manifest, _) = world.push_image("fixed", "1", "one").await;
    let again = world.put_manifest("fixed", "1", MANIFEST, &manifest).await;
    assert_eq!(registry_error(again).await, (400, "TAG_INVALID".to_owned()));
    for _ in 0..2 {
        assert_eq!(world.put_manifest("fixed", "dev-1", MANIFEST, &manifest).await.status(), 201);
    }
}

/// Follows the redirect of a blob GET without sending Authorization along.
async fn signed_address(world: &World, path: &str) -> String {
    let answer = world.v2("GET", path).await.send().await.unwrap();
    assert_eq!(answer.status(), 307);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn blob_is_redirected_to_another_host_that_takes_ranges_and_no_authorization() {
    let Some(world) = world().await else { return };
    world.repository("served").await;
    let blob = world.push_blob("served", b"0123456789").await;
    let address = signed_address(&world, &format!("served/blobs/{blob}")).await;
    assert!(address.starts_with("http://localhost:"));
    let whole = world.http.get(&address).send().await.unwrap();
    assert_eq!(whole.bytes().await.unwrap(), b"0123456789".as_slice());
    let part = world.http.get(&address).header("range", "bytes=2-4").send().await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()),
        (206, "bytes 2-4/10")
    );
    assert_eq!(part.bytes().await.unwrap(), b"234".as_slice());
    let beyond = world.http.get(&address).header("range", "bytes=10-").send().await.unwrap();
    assert_eq!(beyond.status(), 416);
    let doubly = world.http.get(&address).header("authorization", world.login().await).send().await.unwrap();
    assert_eq!(doubly.status(), 400);
    assert_eq!(world.http.head(&address).send().await.unwrap().status(), 403);
    let forged = world.http.get(format!("{address}x")).send().await.unwrap();
    assert_eq!(forged.status(), 403);
    let unknown = world.v2("GET", &format!("served/blobs/{}", digest(b"none"))).await.send().await.unwrap();
    assert_eq!(registry_error(unknown).await, (404, "BLOB_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn patch_answers_201_with_a_stuck_range_and_uploads_cannot_be_read() {
    let Some(world) = world().await else { return };
    world.repository("parts").await;
    let started = world.v2("POST", "parts/blobs/uploads/").await.send().await.unwrap();
    let location = started.headers()["location"].to_str().unwrap().trim_start_matches("/v2/").to_owned();
    let part = vec![1_u8; 5 * 1024 * 1024];
    for _ in 0..2 {
        let answer = world.v2("PATCH", &location).await.body(part.clone()).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.headers()["range"], format!("0-{}", part.len() - 1).as_str());
    }
    let again = world.v2("PATCH", &location).await.header("content-range", "0-9").body("0123456789");
    assert_eq!(registry_error(again.send().await.unwrap()).await, (416, "BLOB_UPLOAD_INVALID".to_owned()));
    let read = world.v2("GET", &location).await.send().await.unwrap();
    assert_eq!(read.status(), 404);
    let whole = digest(&[part.as_slice(), &part].concat());
    let done = world.v2("PUT", &format!("{location}?digest={whole}")).await.send().await.unwrap();
    assert_eq!(done.status(), 201);
}

#[tokio::test]
async fn small_part_and_empty_blob_are_refused() {
    let Some(world) = world().await else { return };
    world.repository("small").await;
    let start = async || {
        let started = world.v2("POST", "small/blobs/uploads/").await.send().await.unwrap();
        started.headers()["location"].to_str().unwrap().trim_start_matches("/v2/").to_owned()
    };
    let location = start().await;
    assert_eq!(world.v2("PATCH", &location).await.body("tiny").send().await.unwrap().status(), 201);
    let second = world.v2("PATCH", &location).await.body("tiny").send().await.unwrap();
    assert_eq!(registry_error(second).await, (400, "BLOB_UPLOAD_INVALID".to_owned()));
    let location = start().await;
    let empty = world.v2("PUT", &format!("{location}?digest={}", digest(b""))).await.send().await.unwrap();
    assert_eq!(registry_error(empty).await, (405, "UNSUPPORTED".to_owned()));
    let wrong =
        world.v2("PUT", &format!("{location}?digest={}", digest(b"x"))).await.body("y").send().await.unwrap();
    assert_eq!(registry_error(wrong).await, (400, "DIGEST_INVALID".to_owned()));
}

#[tokio::test]
async fn mount_needs_the_account_setting_and_a_manifest_that_refers_to_the_blob() {
    let Some(world) = world().await else { return };
    world.repository("from").await;
    world.repository("to").await;
    world.push_image("from", "1", "mounted layer").await;
    let loose = world.push_blob("from", b"loose").await;
    let layer = digest(b"mounted layer");
    let mount = async |digest: &str| {
        let path = format!("to/blobs/uploads/?mount={digest}&from=from");
        world.v2("POST", &path).await.send().await.unwrap().status().as_u16()
    };
    assert_eq!(mount(&layer).await, 202);
    world.ecr("PutAccountSetting", json!({"name": "BLOB_MOUNTING", "value": "ENABLED"})).await;
    assert_eq!(mount(&loose).await, 202);
    assert_eq!(mount(&layer).await, 201);
    let setting = world.ecr("GetAccountSetting", json!({"name": "BLOB_MOUNTING"})).await;
    assert_eq!(setting["value"], "ENABLED");
}

#[tokio::test]
async fn tags_are_paged_by_an_opaque_link() {
    let Some(world) = world().await else { return };
    world.repository("many").await;
    let (manifest, _) = world.push_image("many", "a", "one").await;
    for tag in ["b", "c", "d", "e"] {
        world.put_manifest("many", tag, MANIFEST, &manifest).await;
    }
    let mut seen: Vec<String> = Vec::new();
    let mut path = "many/tags/list?n=2".to_owned();
    loop {
        let answer = world.v2("GET", &path).await.send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        seen.extend(body["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap().to_owned()));
        let Some(link) = link else { break };
        path = link.trim_start_matches("</v2/").split('>').next().unwrap().to_owned();
    }
    assert_ne!(seen, ["a", "b", "c", "d", "e"], "sorted");
    seen.sort();
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    let large = world.v2("GET", "many/tags/list?n=1001").await.send().await.unwrap();
    assert_eq!(registry_error(large).await, (405, "UNSUPPORTED".to_owned()));
    let rebuilt = world.v2("GET", "many/tags/list?n=2&last=b").await.send().await.unwrap();
    assert_eq!(rebuilt.status(), 405);
}

/// Puts a manifest without layers that refers to another.
async fn put_referrer(world: &World, artifact_type: &str) -> reqwest::Response {
    let config = world.push_blob("refs", b"{}").await;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type, "layers": [],
        "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2},
        "subject": {"mediaType": MANIFEST, "digest": digest(b"x"), "size": 1},
    });
    let manifest = manifest.to_string();
    world.put_manifest("refs", &digest(manifest.as_bytes()), MANIFEST, &manifest).await
}

#[tokio::test]
async fn referrers_api_is_there_where_a_test_asks_for_it() {
    let Some(world) = world().await else { return };
    world.repository("refs").await;
    let path = format!("refs/referrers/{}", digest(b"x"));
    let listed = async || world.v2("GET", &path).await.send().await.unwrap();
    let stored = put_referrer(&world, "application/example").await;
    assert_eq!((stored.status().as_u16(), stored.headers().get("oci-subject")), (201, None));
    assert_eq!(listed().await.status(), 404);

    world.gateway.serve_referrers(&world.account);
    let stored = put_referrer(&world, "application/example").await;
    assert_eq!(stored.headers()["oci-subject"], digest(b"x").as_str());
    let list = listed().await;
    assert_eq!((list.status().as_u16(), list.headers()["content-type"].to_str().unwrap()), (200, INDEX));
    let list: serde_json::Value = serde_json::from_str(&list.text().await.unwrap()).unwrap();
    let entry = &list["manifests"][0];
    assert_eq!(list["manifests"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(entry["digest"], stored.headers()["docker-content-digest"].to_str().unwrap());
    assert_eq!(entry["artifactType"], "application/example");
}

#[tokio::test]
async fn artifact_type_with_parameters_is_refused() {
    let Some(world) = world().await else { return };
    world.repository("refs").await;
    let refused = put_referrer(&world, "application/example;version=1").await;
    assert_eq!(registry_error(refused).await, (405, "UNSUPPORTED".to_owned()));
}

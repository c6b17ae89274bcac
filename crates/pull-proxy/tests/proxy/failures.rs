//! What happens when ECR does not answer as it should, and what then may go to Docker Hub.

use std::time::{Duration, Instant};

use upstream_registry::{Effect, Fault, Operation, RateLimit, Registry, TokenAuth};

use crate::support::{ECR, HUB_RULE, World, error_of};

const REPOSITORY: &str = "docker-hub/library/alpine";
const TAG: &str = "/v2/library/alpine/manifests/1";

fn answer(operation: Operation, status: u16, code: &str) -> Fault {
    let (code, message) = (code.to_owned(), "by the test".to_owned());
    Fault::new(operation, Effect::Answer { status, code, message, retry_after: None })
}

/// Both registries have the image; the rule says whether Docker Hub may be asked.
async fn world(settings: &str, policy: &str) -> World {
    let world = World::with_rules(settings, &format!("{HUB_RULE}{policy}")).await;
    world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    world.hub.add_image("library/alpine", "1", &["linux/amd64"]);
    world
}

/// As [`world`], with the path of the image's layer.
async fn world_with_blob(settings: &str, policy: &str) -> (World, String) {
    let world = world(settings, policy).await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    (world, format!("/v2/library/alpine/blobs/{}", image.blobs[0]))
}

const FALLBACK: &str = "fallback = \"upstream\"";

#[tokio::test]
async fn errors_that_pass_are_waited_for_and_the_client_sees_nothing() {
    for fault in [
        answer(Operation::GetManifest, 500, "UNKNOWN"),
        answer(Operation::GetManifest, 503, "UNAVAILABLE"),
        Fault::too_many_requests(Operation::GetManifest, Some(1)),
        Fault::new(Operation::GetManifest, Effect::Cut { after: 10 }).skip(1),
        answer(Operation::GetBlob, 500, "UNKNOWN"),
        Fault::too_many_requests(Operation::GetBlob, Some(1)),
        // The store's answer, after the registry's challenge and redirect.
        Fault::server_error(Operation::GetBlob, 503).skip(2),
    ] {
        let (world, blob) = world_with_blob("", "").await;
        world.ecr.inject(fault.clone().times(2));
        for path in [TAG, &blob] {
            assert_eq!(world.get(path).await.status(), 200, "{path}: {fault:?}");
        }
        assert_eq!(world.hub_requests(), 0);
    }
}

#[tokio::test]
async fn errors_that_stay_are_answered_within_the_time_and_never_as_401_or_429() {
    for (status, code, expected) in [
        (500, "UNKNOWN", 503),
        (429, "TOOMANYREQUESTS", 503),
        (404, "NAME_UNKNOWN", 404),
        (403, "DENIED", 403),
        (401, "UNAUTHORIZED", 403),
    ] {
        for operation in [Operation::GetManifest, Operation::GetBlob] {
            let (world, blob) = world_with_blob("wait_seconds = 2", "").await;
            let path = if operation == Operation::GetBlob { blob.as_str() } else { TAG };
            world.ecr.inject(answer(operation, status, code));
            let began = Instant::now();
            let (found, _, message) = error_of(world.get(path).await).await;
            assert_eq!(found, expected, "{operation:?} {status}: {message}");
            let took = began.elapsed();
            assert!(took < Duration::from_secs(4), "{operation:?} {status} took {took:?}");
            assert_eq!(world.hub_requests(), 0, "{status}: no fallback is the default");
        }
    }
}

#[tokio::test]
async fn registry_that_limits_requests_is_not_hammered() {
    let world = world("wait_seconds = 4\ntag_freshness_seconds = 0", "").await;
    world.ecr.inject(Fault::too_many_requests(Operation::HeadManifest, Some(30)));
    // Many clients, different tags: none may ask again before the registry said so.
    let requests = (0..20).map(|n| world.head_of_tag(n));
    for status in futures::future::join_all(requests).await {
        assert_eq!(status, 503);
    }
    let first = world.ecr.requests().len();
    for n in 20..40 {
        assert_eq!(world.head_of_tag(n).await, 503);
    }
    assert_eq!(world.ecr.requests().len(), first, "asked again within the 30 s that it wanted");
}

impl World {
    async fn head_of_tag(&self, n: u32) -> u16 {
        self.head(&format!("/v2/library/alpine/manifests/t{n}")).await.status().as_u16()
    }
}

#[tokio::test]
async fn with_fallback_every_failure_of_ecr_is_served_by_docker_hub() {
    for (status, code) in [
        (500, "UNKNOWN"),
        (429, "TOOMANYREQUESTS"),
        (404, "MANIFEST_UNKNOWN"),
        (403, "DENIED"),
        (401, "UNAUTHORIZED"),
    ] {
        let world = world("wait_seconds = 5", FALLBACK).await;
        world.ecr.inject(answer(Operation::Any, status, code));
        assert_eq!(world.get(TAG).await.status(), 200, "{status}");
        assert!(world.hub_requests() > 0, "{status}");
        let line = "ecr_pull_proxy_fallbacks_total{rule=\"docker.io\"}";
        assert_eq!(world.metric(line).await, 1.0, "{status}");
    }
}

#[tokio::test]
async fn while_ecr_answers_the_fallback_is_not_used() {
    let world = world("", FALLBACK).await;
    assert_eq!(world.get(TAG).await.status(), 200);
    assert_eq!(world.hub_requests(), 0);
}

#[tokio::test]
async fn unreachable_ecr_falls_back_and_comes_back() {
    let world = world(
        "wait_seconds = 3\nbreaker_failures = 2\nbreaker_seconds = 1\ntag_freshness_seconds = 0",
        FALLBACK,
    );
    let world = world.await;
    world.ecr.inject(answer(Operation::Any, 503, "UNAVAILABLE"));
    assert_eq!(world.head(TAG).await.status(), 200);
    let open = format!("ecr_pull_proxy_breaker_open{{registry=\"{ECR}\"}}");
    assert_eq!(world.metric(&open).await, 1.0);
    let health: serde_json::Value =
        serde_json::from_str(&world.get("/healthz").await.text().await.unwrap()).unwrap();
    assert_eq!(health["registries"][ECR]["breaker"], "open");
    // While it is open nobody waits for ECR.
    let began = Instant::now();
    assert_eq!(world.head(TAG).await.status(), 200);
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
    world.ecr.clear_faults();
    let began = Instant::now();
    while world.metric(&open).await > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(20), "the breaker stays open");
        assert_eq!(world.head(TAG).await.status(), 200);
    }
    let fallbacks = world.hub_requests();
    assert_eq!(world.head(TAG).await.status(), 200);
    assert_eq!(world.hub_requests(), fallbacks, "ECR answers, and Docker Hub is still asked");
}

#[tokio::test]
async fn with_fallback_an_open_breaker_is_not_waited_for() {
    let world = world("wait_seconds = 60\nbreaker_failures = 1\nbreaker_seconds = 15", FALLBACK).await;
    world.ecr.inject(answer(Operation::Any, 503, "UNAVAILABLE").times(1));
    let began = Instant::now();
    assert_eq!(world.get(TAG).await.status(), 200);
    assert_eq!(world.get("/v2/library/alpine/manifests/1?ns=docker.io").await.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(world.metric("ecr_pull_proxy_fallbacks_total{rule=\"docker.io\"}").await, 2.0);
}

#[tokio::test]
async fn without_fallback_an_open_breaker_is_waited_for() {
    let world = world("breaker_failures = 1\nbreaker_seconds = 1", "").await;
    world.ecr.inject(answer(Operation::GetManifest, 503, "UNAVAILABLE").times(2));
    assert_eq!(world.get(TAG).await.status(), 200);
    let asked = world.ecr.requests().iter().filter(|request| request.status == 503).count();
    assert_eq!(asked, 2, "one, and one trial");
}

#[tokio::test]
async fn digest_that_is_nowhere_is_refused_with_the_remedy_or_falls_back_by_its_own_policy() {
    let refused = world("", "").await;
    let pinned = refused.hub.add_image("library/pinned", "1", &["linux/amd64"]);
    let path = format!("/v2/library/pinned/manifests/{}", pinned.digest);
    let (status, code, message) = error_of(refused.get(&path).await).await;
    assert_eq!((status, code.as_str()), (404, "MANIFEST_UNKNOWN"));
    assert!(message.contains("imports tags only") && message.contains("[[mirror]]"), "{message}");
    assert_eq!(refused.hub_requests(), 0);

    let lenient = world("", "digest_fallback = \"upstream\"").await;
    let pinned = lenient.hub.add_image("library/pinned", "1", &["linux/amd64"]);
    assert_eq!(lenient.get(&path).await.status(), 200);
    let blob = format!("/v2/library/pinned/blobs/{}", pinned.blobs[0]);
    assert_eq!(lenient.get(&blob).await.status(), 200);
    let asked = lenient.hub_requests();
    assert!(asked >= 2);
    // A tag has the rule's other policy, which is none.
    assert_eq!(lenient.get("/v2/library/pinned/manifests/1").await.status(), 404);
    assert_eq!(lenient.hub_requests(), asked);
}

#[tokio::test]
async fn digest_in_a_mirror_is_served_from_there() {
    let rules = format!(
        "{HUB_RULE}\n[[mirror]]\nupstream = \"docker.io/library/alpine\"\nrepository = \"{ECR}/mirror/alpine\"\n"
    );
    let world = World::with_rules("", &rules).await;
    let image = world.ecr.add_image("mirror/alpine", "1", &["linux/amd64"]);
    let answer = world.get(&format!("/v2/library/alpine/manifests/{}", image.digest)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn slow_import_goes_on_after_the_client_gave_up_and_the_next_one_finds_it() {
    let world = world("wait_seconds = 1", "").await;
    let import = Effect::Delay { by: Duration::from_secs(3) };
    world.ecr.inject(Fault::new(Operation::GetManifest, import).skip(1));
    let began = Instant::now();
    let (status, _, message) = error_of(world.get(TAG).await).await;
    assert_eq!(status, 503);
    assert!(message.contains("ask again"), "{message}");
    assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    // As a client does: it asks again, and again, with its own patience.
    while world.get(TAG).await.status() != 200 {
        assert!(began.elapsed() < Duration::from_secs(20));
    }
    let imports = world.ecr.requests();
    let imports = imports.iter().filter(|request| request.method == "GET" && request.status == 200);
    assert_eq!(imports.count(), 1, "one import for all tries");
}

#[tokio::test]
async fn docker_hub_with_tokens_gets_anonymous_ones_alone() {
    let rules = format!("{HUB_RULE}{FALLBACK}");
    let hub = Registry::builder().token_auth(TokenAuth::anonymous());
    let world = World::with_hub("", &rules, hub).await;
    world.hub.add_image("library/only", "1", &["linux/amd64"]);
    assert_eq!(world.get("/v2/library/only/manifests/1").await.status(), 200);
    let requests = world.hub.requests();
    let tokens: Vec<_> = requests.iter().filter(|request| request.path == "/token").collect();
    assert!(!tokens.is_empty() && tokens.iter().all(|request| request.authorization.is_none()), "{tokens:?}");
    assert!(requests.iter().all(|request| request.authorization.as_deref() != Some("Basic")), "{requests:?}");
}

#[tokio::test]
async fn used_up_pull_limit_of_docker_hub_is_not_asked_again() {
    let rules = format!("{HUB_RULE}{FALLBACK}");
    let hub = Registry::builder().rate_limit(RateLimit::docker_hub(1));
    let world = World::with_hub("wait_seconds = 5", &rules, hub).await;
    for tag in ["1", "2", "3"] {
        world.hub.add_image("library/only", tag, &["linux/amd64"]);
    }
    assert_eq!(world.get("/v2/library/only/manifests/1").await.status(), 200);
    let (status, _, message) = error_of(world.get("/v2/library/only/manifests/2").await).await;
    assert_eq!(status, 503);
    assert!(message.contains("pull limit"), "{message}");
    let asked = world.hub_requests();
    assert_eq!(world.get("/v2/library/only/manifests/3").await.status(), 503);
    assert_eq!(world.hub_requests(), asked, "asked although waiting takes hours");
}

//! ECR's token: who gets it, and when there is a new one.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{PASSWORD, Proxy, World, error_of};

const TAG: &str = "/v2/library/alpine/manifests/1";
/// Each request asks ECR.
const ASKS: &str = "tag_freshness_seconds = 0";

async fn world(settings: &str) -> World {
    let world = World::start(settings).await;
    world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    world
}

#[tokio::test]
async fn one_token_serves_many_requests() {
    let world = world(ASKS).await;
    for _ in 0..5 {
        assert_eq!(world.head(TAG).await.status(), 200);
    }
    assert_eq!(world.api.calls(), 1);
    assert!(world.metric("ecr_pull_proxy_token_left_seconds{region=\"eu-central-1\"}").await > 43_000.0);
}

#[tokio::test]
async fn refused_token_is_renewed_once_and_the_request_succeeds() {
    let world = world(ASKS).await;
    assert_eq!(world.head(TAG).await.status(), 200);
    world.api.set_password("another-password");
    world.ecr.set_basic_auth("AWS", "another-password");
    assert_eq!(world.get(TAG).await.status(), 200);
    assert_eq!(world.api.calls(), 2);
}

#[tokio::test]
async fn token_that_ecr_never_takes_is_not_fetched_for_every_request() {
    let world = world(ASKS).await;
    world.ecr.set_basic_auth("AWS", "a-password-that-nobody-has");
    for _ in 0..5 {
        let (status, code, message) = error_of(world.get(TAG).await).await;
        // Never 401: the client would go and look for credentials.
        assert_eq!((status, code.as_str()), (403, "DENIED"), "{message}");
        assert!(message.contains("ecr:GetAuthorizationToken"), "{message}");
    }
    assert_eq!(world.api.calls(), 2, "the first token, and one in its place");
}

#[tokio::test]
async fn short_lived_token_is_renewed_at_half_its_life_and_one_renewal_serves_all() {
    let world = world(ASKS).await;
    world.api.set_lifetime(Duration::from_secs(4));
    assert_eq!(world.head(TAG).await.status(), 200);
    assert_eq!(world.api.calls(), 1);
    world.api.set_lifetime(Duration::from_secs(3600));
    heads_until(&world, 2).await;
    assert_eq!(world.api.calls(), 2);
    assert!(
        world.ecr.requests().iter().filter(|request| request.status == 401).count() == 1,
        "it was never refused"
    );
}

#[tokio::test]
async fn renewal_that_fails_is_not_noticed_while_the_old_token_is_good() {
    let world = world(ASKS).await;
    world.api.set_lifetime(Duration::from_secs(8));
    assert_eq!(world.head(TAG).await.status(), 200);
    world.api.refuse(Some("AccessDeniedException"));
    heads_until(&world, 2).await;
}

/// Sends twenty HEADs at a time, all of which succeed, until ECR was asked so often for a token.
async fn heads_until(world: &World, calls: u32) {
    let began = std::time::Instant::now();
    while world.api.calls() < calls {
        assert!(began.elapsed() < Duration::from_secs(30), "the token is not renewed");
        let requests = (0..20).map(|_| world.head(TAG));
        for answer in futures::future::join_all(requests).await {
            assert_eq!(answer.status(), 200);
        }
    }
}

#[tokio::test]
async fn without_a_token_the_answer_names_the_permission_and_nothing_is_sent_to_ecr_with_another() {
    let world = world("wait_seconds = 1").await;
    world.api.refuse(Some("AccessDeniedException"));
    let (status, code, message) = error_of(world.get(TAG).await).await;
    assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"));
    assert!(
        message.contains("AccessDeniedException") && message.contains("ecr:GetAuthorizationToken"),
        "{message}"
    );
    assert!(world.ecr.requests().iter().all(|request| request.authorization.is_none()));
}

#[tokio::test]
async fn token_reaches_neither_the_blob_store_nor_docker_hub() {
    let rules = crate::support::HUB_RULE.to_owned() + "fallback = \"upstream\"\n";
    let world = World::with_rules("", &rules).await;
    let image = world.ecr.add_image("docker-hub/library/alpine", "1", &["linux/amd64"]);
    world.hub.add_image("library/only", "1", &["linux/amd64"]);
    assert_eq!(world.get(&format!("/v2/library/alpine/blobs/{}", image.blobs[0])).await.status(), 200);
    assert_eq!(world.get("/v2/library/only/manifests/1").await.status(), 200);
    let requests = world.ecr.requests();
    let stored: Vec<_> = requests.iter().filter(|request| request.path.starts_with("/_blob/")).collect();
    assert!(!stored.is_empty() && stored.iter().all(|request| request.authorization.is_none()), "{stored:?}");
    let with_token =
        requests.iter().filter(|request| request.authorization.as_deref() == Some("Basic")).count();
    assert!(with_token > 0, "the token was used");
    assert!(world.hub_requests() > 0, "Docker Hub was asked");
    assert!(!world.proxy.log().contains(PASSWORD));
}

#[tokio::test]
async fn certificates_of_aws_ca_bundle_are_trusted_and_no_others() {
    let world = world("wait_seconds = 10").await;
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let bundle = directory.path().join("bundle.pem");
    std::fs::write(&bundle, authority.cert.pem()).unwrap();
    let url = with_tls(&authority, &world.api.url).await;
    let answer = async |environment: &[(&str, &str)]| {
        let proxy = Proxy::with_environment(&world.proxy.config(), &url, environment).await;
        world.http.get(format!("{}{TAG}", proxy.url())).send().await.unwrap()
    };
    let (status, _, message) = error_of(answer(&[]).await).await;
    assert!(status == 503 && message.contains("GetAuthorizationToken"), "{status} {message}");
    assert_eq!(world.api.calls(), 0);
    assert_eq!(answer(&[("AWS_CA_BUNDLE", bundle.to_str().unwrap())]).await.status(), 200);
    assert_eq!(world.api.calls(), 1);
}

/// The same server by TLS.
async fn with_tls(authority: &rcgen::CertifiedKey<rcgen::KeyPair>, url: &str) -> String {
    let key = PrivateKeyDer::try_from(authority.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![authority.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let address = url.strip_prefix("http://").unwrap().to_owned();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut plain = TcpStream::connect(&address).await.unwrap();
            // A client that does not trust it hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut stream, &mut plain).await });
        }
    });
    format!("https://localhost:{port}")
}

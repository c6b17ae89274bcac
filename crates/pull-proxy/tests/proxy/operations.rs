//! The daemon as something that is operated: connections that do nothing, stopping, sockets of systemd, metrics.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use futures::StreamExt;
use upstream_registry::{Effect, Fault, Image, Operation};

use crate::support::{World, eventually};

const REPOSITORY: &str = "docker-hub/library/alpine";
const TAG: &str = "/v2/library/alpine/manifests/1";
const MIB: u64 = 1024 * 1024;

#[tokio::test]
async fn thousand_idle_connections_do_no_harm_and_are_closed() {
    let world = World::start("header_timeout_seconds = 3").await;
    world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    let idle: Vec<TcpStream> =
        (0..1000).map(|_| TcpStream::connect(world.proxy.address()).unwrap()).collect();
    // Half of them begin a request and never end it.
    for mut stream in idle.iter().take(500) {
        stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: ").unwrap();
    }
    assert_eq!(world.get(TAG).await.status(), 200);
    let began = Instant::now();
    while world.metric("ecr_pull_proxy_connections").await > 10.0 {
        assert!(began.elapsed() < Duration::from_secs(30), "idle connections stay open");
        assert_eq!(world.get(TAG).await.status(), 200);
    }
    for mut stream in idle {
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        // The end, or an error answer and the end; no timeout.
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
    }
}

#[tokio::test]
async fn connections_above_the_bound_wait_for_their_turn() {
    let world = World::start("max_connections = 2\nheader_timeout_seconds = 2").await;
    let idle: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(world.proxy.address()).unwrap()).collect();
    // Served once the idle ones have had their time.
    assert_eq!(world.get("/v2/").await.status(), 200);
    drop(idle);
}

#[tokio::test]
async fn stopping_lets_a_download_end_and_takes_no_new_connections() {
    let mut world = World::start("").await;
    let image = world.ecr.add(REPOSITORY, "1", &Image::new(&["linux/amd64"]).layer_size(64 * MIB));
    let path = format!("/v2/library/alpine/blobs/{}", image.blobs[0]);
    let mut stream = world.get(&path).await.bytes_stream();
    let mut bytes = stream.next().await.unwrap().unwrap().to_vec();
    world.proxy.signal("TERM");
    world.proxy.notice("STOPPING=1").await;
    eventually("the end of listening", || TcpStream::connect(world.proxy.address()).err()).await;
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(oci_copy::Digest::sha256(&bytes).to_string(), image.blobs[0]);
    assert!(world.proxy.ended().await.success());
}

#[tokio::test]
async fn stopping_waits_no_longer_than_the_drain_time() {
    let mut world = World::start("drain_seconds = 1").await;
    let image = world.ecr.add(REPOSITORY, "1", &Image::new(&["linux/amd64"]).layer_size(256 * MIB));
    let path = format!("/v2/library/alpine/blobs/{}", image.blobs[0]);
    let mut stream = world.get(&path).await.bytes_stream();
    assert!(stream.next().await.unwrap().is_ok());
    world.proxy.signal("TERM");
    // Nobody reads on; the daemon ends all the same.
    assert!(world.proxy.ended().await.success());
    assert!(world.proxy.log().contains("drain time is over"));
    let rest = async {
        while stream.next().await.transpose()?.is_some() {}
        Ok::<_, reqwest::Error>(())
    };
    assert!(rest.await.is_err(), "a cut download ended as if it were whole");
}

#[tokio::test]
async fn socket_of_systemd_is_served() {
    let world = World::start("").await;
    world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    // What systemd does: the socket is descriptor 3 of a process whose id stands in LISTEN_PID.
    let directory = tempfile::tempdir().unwrap();
    let config = world.proxy.config().replace("listen = [\"127.0.0.1:0\"]", "");
    std::fs::write(directory.path().join("proxy.toml"), config).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" --config proxy.toml"])
        .arg(env!("CARGO_BIN_EXE_ecr-pull-proxy"))
        .current_dir(directory.path())
        .env("AWS_ACCESS_KEY_ID", "123456789012")
        .env("AWS_SECRET_ACCESS_KEY", "x")
        .env("AWS_ENDPOINT_URL_ECR", &world.api.url)
        .stderr(std::process::Stdio::null())
        .stdin(std::os::fd::OwnedFd::from(listener));
    let mut daemon = shell.spawn().unwrap();
    // The socket was open before the daemon was: the request waits for it.
    let answer = world.http.get(format!("http://{address}{TAG}")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    daemon.kill().unwrap();
    daemon.wait().unwrap();
}

#[tokio::test]
async fn metrics_tell_requests_by_rule_and_outcome_with_latency_and_bytes() {
    let world = World::start("").await;
    let image = world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    assert_eq!(world.get(TAG).await.status(), 200);
    assert_eq!(world.get("/v2/library/absent/manifests/1").await.status(), 404);
    let blob =
        world.get(&format!("/v2/library/alpine/blobs/{}", image.blobs[0])).await.bytes().await.unwrap();
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(world.get(&format!("/v2/library/alpine/referrers/{digest}")).await.status(), 200);
    for (operation, outcome, count) in [
        ("manifest", "ecr", 1.0),
        ("manifest", "not_found", 1.0),
        ("blob", "ecr", 1.0),
        ("referrers", "local", 1.0),
    ] {
        let labels = format!("{{rule=\"docker.io\",operation=\"{operation}\",outcome=\"{outcome}\"}}");
        let line = format!("ecr_pull_proxy_requests_total{labels}");
        assert!((world.metric(&line).await - count).abs() < 0.1, "{line}");
    }
    let sent = world.metric("ecr_pull_proxy_sent_bytes_total{rule=\"docker.io\"}").await;
    assert!(sent >= blob.len() as f64, "{sent}");
    let observed = world.metric("ecr_pull_proxy_request_head_seconds_count{operation=\"manifest\"}").await;
    assert!((observed - 2.0).abs() < 0.1, "{observed}");
    let answer = world.get("/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(answer.text().await.unwrap().ends_with("# EOF\n"));
}

#[tokio::test]
async fn log_is_json_with_what_was_asked_and_no_secret() {
    let world = World::start("").await;
    world.ecr.add_image(REPOSITORY, "1", &["linux/amd64"]);
    world.ecr.inject(Fault::new(Operation::GetManifest, Effect::Corrupt).times(1));
    let request = world.request("GET", TAG).basic_auth("somebody", Some("canary-of-the-client"));
    assert_eq!(request.send().await.unwrap().status(), 200);
    let log = world.proxy.log();
    let lines: Vec<serde_json::Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let request = lines.iter().find(|line| line["message"] == "request").unwrap();
    assert_eq!(request["registry"], "docker.io");
    assert_eq!((&request["repository"], &request["reference"]), (&"library/alpine".into(), &"1".into()));
    assert_eq!((&request["outcome"], &request["status"]), (&"ecr".into(), &200.into()));
    assert!(!log.contains("canary"), "{log}");
}

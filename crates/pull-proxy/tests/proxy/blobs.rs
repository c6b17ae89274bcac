//! Blobs on their way: verified where they are kept or where that is wished, taken up again, fetched once, and never faster than their readers want.

use std::time::{Duration, Instant};

use futures::StreamExt;
use oci_copy::Digest;
use upstream_registry::{Effect, Fault, Image, Operation};

use crate::support::{World, error_of};

const REPOSITORY: &str = "docker-hub/library/alpine";
const MIB: u64 = 1024 * 1024;

/// An image with one layer of this size; gives the path of the layer's blob and its digest.
fn layer(world: &World, tag: &str, size: u64) -> (String, String) {
    let (_, path, digest) = image(world, tag, size);
    (path, digest)
}

/// As [`layer`], with the path of the manifest before.
fn image(world: &World, tag: &str, size: u64) -> (String, String, String) {
    let image = Image::new(&["linux/amd64"]).layer_size(size);
    let made = world.ecr.add(REPOSITORY, tag, &image);
    let manifest = format!("/v2/library/alpine/manifests/{}", made.manifests[0]);
    // Layers come before configs.
    let digest = made.blobs[0].clone();
    (manifest, format!("/v2/library/alpine/blobs/{digest}"), digest)
}

/// GETs of the blob that the store has served.
fn stored(world: &World, digest: &str) -> usize {
    world.ecr.count("GET", &format!("/_blob/{digest}"))
}

/// Reads a body to its end, if it ends cleanly.
async fn whole(answer: reqwest::Response) -> Result<Vec<u8>, reqwest::Error> {
    assert_eq!(answer.status(), 200);
    answer.bytes().await.map(Into::into)
}

#[tokio::test]
async fn cut_stream_is_taken_up_where_it_broke() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 3 * MIB);
    for after in [0, 1, 100_000, 3 * MIB - 1] {
        // The blob is larger than what is kept: each round fetches it.
        let before = stored(&world, &digest);
        // The registry's own answer is a redirect; the store's is the second GET that the fault counts.
        world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Cut { after }).skip(skip(before)).times(1));
        let bytes = whole(world.get(&path).await).await.unwrap();
        assert_eq!(Digest::sha256(&bytes).to_string(), digest, "cut after {after}");
        assert_eq!(stored(&world, &digest), before + 2, "cut after {after}");
        // Only the rest is asked for.
        let last =
            world.ecr.requests().into_iter().rfind(|request| request.path.starts_with("/_blob/")).unwrap();
        assert_eq!(last.status, if after == 0 { 200 } else { 206 }, "cut after {after}");
    }
}

/// Requests of a blob before its store is asked: the challenge comes once.
fn skip(before: usize) -> u32 {
    if before == 0 { 2 } else { 1 }
}

#[tokio::test]
async fn token_that_expires_in_the_middle_of_a_blob_is_renewed_for_the_rest() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 8 * MIB);
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 4 * MIB }).skip(2).times(1));
    let mut stream = world.get(&path).await.bytes_stream();
    let mut bytes = stream.next().await.unwrap().unwrap().to_vec();
    world.api.set_password("another-password");
    world.ecr.set_basic_auth("AWS", "another-password");
    while let Some(piece) = stream.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(Digest::sha256(&bytes).to_string(), digest);
    assert_eq!(world.api.calls(), 2);
}

#[tokio::test]
async fn where_every_byte_is_verified_a_damaged_blob_never_ends_as_a_clean_stream() {
    let world = World::start("blobs = \"verify\"").await;
    let (path, digest) = layer(&world, "1", 3 * MIB);
    // The double changes the last byte alone.
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let damaged = whole(world.get(&path).await).await;
    assert!(damaged.is_err(), "a damaged blob arrived as if it were good");
    assert_eq!(world.metric("ecr_pull_proxy_cut_answers_total{rule=\"docker.io\"}").await, 1.0);
    world.ecr.clear_faults();
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest, "something damaged was kept");
}

#[tokio::test]
async fn damaged_blob_that_would_be_kept_never_ends_as_a_clean_stream() {
    let world = World::start("").await;
    // More than what is read whole before the answer begins, and less than what is not kept.
    let (path, digest) = layer(&world, "1", MIB / 2);
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    assert!(whole(world.get(&path).await).await.is_err(), "a damaged blob arrived as if it were good");
    world.ecr.clear_faults();
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest, "something damaged was kept");
    let fetched = stored(&world, &digest);
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest);
    assert_eq!(stored(&world, &digest), fetched, "the blob is not one that is kept");
}

#[tokio::test]
async fn damaged_blob_that_is_not_kept_is_left_to_the_client_to_refuse() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 3 * MIB);
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(bytes.len() as u64, 3 * MIB);
    assert_ne!(Digest::sha256(&bytes).to_string(), digest, "the double damages nothing");
    world.ecr.clear_faults();
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest, "something damaged was kept");
}

#[tokio::test]
async fn small_corrupted_blob_is_an_error_before_anything_is_sent() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 1000);
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let (status, code, message) = error_of(world.get(&path).await).await;
    assert_eq!((status, code.as_str()), (502, "UNKNOWN"));
    assert!(message.contains("another digest"), "{message}");
    world.ecr.clear_faults();
    let bytes = whole(world.get(&path).await).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest, "something damaged was kept");
}

#[tokio::test]
async fn registry_that_cuts_every_stream_is_given_up_and_the_connection_cut() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 3 * MIB);
    world.ecr.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 1000 }).skip(2));
    assert!(whole(world.get(&path).await).await.is_err());
    assert!((2..=6).contains(&stored(&world, &digest)), "{} tries", stored(&world, &digest));
}

#[tokio::test]
async fn two_hundred_cold_pulls_fetch_each_manifest_and_blob_once() {
    // On a slow machine clients fall behind, and would then have transfers of their own.
    let world = World::start("transfer_bytes = 1048576\nlaggard_seconds = 60").await;
    // A small layer, and one of several times the window.
    let image = Image::new(&["linux/amd64"]).layers(2).layer_size(6 * MIB);
    let large = world.ecr.add(REPOSITORY, "1", &image);
    let small = world.ecr.add("docker-hub/library/small", "1", &Image::new(&["linux/amd64"]).layers(2));
    let pulls = (0..200).map(|_| async {
        for (name, image) in [("small", &small), ("alpine", &large)] {
            let repository = format!("/v2/library/{name}");
            let head = world.head(&format!("{repository}/manifests/1")).await;
            assert_eq!(head.headers()["docker-content-digest"], image.digest.as_str());
            for manifest in std::iter::once(&image.digest).chain(&image.manifests) {
                let bytes =
                    whole(world.get(&format!("{repository}/manifests/{manifest}")).await).await.unwrap();
                assert_eq!(Digest::sha256(&bytes).to_string(), *manifest);
            }
            let blobs = image.blobs.iter().map(|blob| {
                let path = format!("{repository}/blobs/{blob}");
                let world = &world;
                async move {
                    let mut hasher = oci_copy::Hasher::new(oci_copy::Algorithm::Sha256);
                    let mut stream = world.get(&path).await.bytes_stream();
                    while let Some(piece) = stream.next().await {
                        hasher.update(&piece.unwrap());
                    }
                    assert_eq!(hasher.finish().to_string(), *blob);
                }
            });
            futures::future::join_all(blobs).await;
        }
    });
    futures::future::join_all(pulls).await;
    for image in [&small, &large] {
        for manifest in std::iter::once(&image.digest).chain(&image.manifests) {
            let served = world.ecr.requests();
            let served = served.iter().filter(|request| {
                request.method == "GET" && request.path.ends_with(manifest.as_str()) && request.status == 200
            });
            assert_eq!(served.count(), 1, "manifest {manifest}");
        }
        for blob in &image.blobs {
            assert_eq!(stored(&world, blob), 1, "blob {blob}");
        }
    }
}

#[tokio::test]
async fn slow_reader_holds_the_others_up_only_so_long_and_still_gets_everything() {
    let world = World::start("laggard_seconds = 1\ntransfer_bytes = 1048576").await;
    let (manifest, path, digest) = image(&world, "1", 48 * MIB);
    // Both have the manifest and begin; one of them reads nothing for now.
    for _ in 0..2 {
        assert_eq!(world.get(&manifest).await.status(), 200);
    }
    let (slow, fast) = futures::future::join(world.get(&path), world.get(&path)).await;
    let fast = whole(fast).await.unwrap();
    assert_eq!(Digest::sha256(&fast).to_string(), digest);
    assert_eq!(stored(&world, &digest), 1, "the fast reader shares the transfer");
    let bytes = whole(slow).await.unwrap();
    assert_eq!(Digest::sha256(&bytes).to_string(), digest);
    assert_eq!(stored(&world, &digest), 2, "the slow one goes on by itself");
}

#[tokio::test]
async fn start_of_a_blob_is_kept_for_who_has_the_manifest_and_comes_later() {
    let world = World::start("transfer_bytes = 1048576").await;
    let (manifest, path, digest) = image(&world, "1", 48 * MIB);
    for _ in 0..2 {
        assert_eq!(world.get(&manifest).await.status(), 200);
    }
    let first = tokio::spawn(whole(world.get(&path).await));
    let began = Instant::now();
    // The first has had a whole window, and would have gone on.
    while world.metric("ecr_pull_proxy_sent_bytes_total{rule=\"docker.io\"}").await < MIB as f64 {
        assert!(began.elapsed() < Duration::from_secs(30), "the first reader gets nothing");
    }
    let second = whole(world.get(&path).await).await.unwrap();
    for bytes in [first.await.unwrap().unwrap(), second] {
        assert_eq!(Digest::sha256(&bytes).to_string(), digest);
    }
    assert_eq!(stored(&world, &digest), 1);
}

#[tokio::test]
async fn blob_is_not_read_faster_than_its_only_reader_takes_it() {
    let world = World::start("transfer_bytes = 1048576").await;
    let (path, _) = layer(&world, "1", 1024 * MIB);
    let mut stream = world.get(&path).await.bytes_stream();
    assert!(stream.next().await.unwrap().is_ok());
    // The buffers of two connections and the window fill up, and then nothing moves.
    let line = "ecr_pull_proxy_sent_bytes_total{rule=\"docker.io\"}";
    let began = Instant::now();
    let (mut sent, mut since) = (0.0, Instant::now());
    while since.elapsed() < Duration::from_secs(1) {
        assert!(began.elapsed() < Duration::from_secs(60), "it never stands still");
        let now = world.metric(line).await;
        if now > sent {
            (sent, since) = (now, Instant::now());
        }
    }
    assert!(sent < 64.0 * MIB as f64, "{sent} bytes for a reader that stands still");
}

#[tokio::test]
async fn thousand_downloads_at_a_time_take_less_than_60_mib() {
    let world = World::start("").await;
    let image = Image::new(&["linux/amd64"]).layers(500).layer_size(MIB);
    let made = world.ecr.add(REPOSITORY, "1", &image);
    // The code itself is several times larger here than in a release build.
    let rest = memory(&world);
    let downloads = (0..1000).map(|number| {
        let digest = &made.blobs[number % 500];
        let request = world.request("GET", &format!("/v2/library/alpine/blobs/{digest}"));
        async move {
            let mut stream = request.send().await.unwrap().bytes_stream();
            let mut hasher = oci_copy::Hasher::new(oci_copy::Algorithm::Sha256);
            while let Some(piece) = stream.next().await {
                hasher.update(&piece.unwrap());
            }
            assert_eq!(hasher.finish().to_string(), *digest);
        }
    });
    futures::future::join_all(downloads).await;
    let highest = memory(&world);
    assert!(highest - rest < 60 * MIB, "{} MiB at rest, {} MiB at most", rest / MIB, highest / MIB);
}

/// The most resident memory that the daemon has had, in bytes.
fn memory(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.proxy.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn transfer_ends_when_nobody_reads_any_more() {
    let world = World::start("").await;
    let (path, _) = layer(&world, "1", 256 * MIB);
    let mut stream = world.get(&path).await.bytes_stream();
    assert!(stream.next().await.unwrap().is_ok());
    assert_eq!(world.metric("ecr_pull_proxy_transfers").await, 1.0);
    drop(stream);
    let began = Instant::now();
    while world.metric("ecr_pull_proxy_transfers").await > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(30), "the transfer goes on for nobody");
    }
}

#[tokio::test]
async fn small_blob_is_kept_for_who_comes_later() {
    let world = World::start("").await;
    let (path, digest) = layer(&world, "1", 1000);
    let began = Instant::now();
    while world.metric("ecr_pull_proxy_cache_hits_total{cache=\"blob\"}").await < 2.0 {
        assert!(began.elapsed() < Duration::from_secs(30), "it is not kept");
        assert_eq!(Digest::sha256(&whole(world.get(&path).await).await.unwrap()).to_string(), digest);
    }
    assert_eq!(stored(&world, &digest), 1);
}

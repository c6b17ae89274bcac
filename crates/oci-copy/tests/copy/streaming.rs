//! Large blobs pass through; they are not collected.

use std::time::Duration;

use http::HeaderMap;
use oci_copy::{Pieces, ReadRequest, Registry, Resource};
use upstream_registry::{Image, Registry as Double};

use crate::support::*;

/// Peak resident memory of this process in KiB, where the system tells it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

#[tokio::test]
async fn blobs_far_larger_than_the_memory_they_may_use_are_copied() {
    const LAYER: u64 = 96 * 1024 * 1024;
    let from = upstream().await;
    let to = Double::builder().discard_blobs().start().await.unwrap();
    let made = from.add(ALPINE, "3.20", &Image::new(&["linux/amd64"]).layers(3).layer_size(LAYER));
    let report = copy(&anonymous(&from), &made.digest, &anonymous(&to)).await.unwrap();
    assert!(report.bytes_copied > 3 * LAYER);
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    // Both registries and all other tests run in this process as well.
    if let Some(peak) = peak_memory() {
        assert!(peak < 100 * 1024, "peak of {peak} KiB");
    }
}

#[tokio::test]
async fn pieces_of_a_body_are_as_large_as_was_asked_for() {
    const LAYER: u64 = 64 * 1024 * 1024;
    let from = upstream().await;
    let made = from.add(ALPINE, "3.20", &Image::new(&["linux/amd64"]).layers(1).layer_size(LAYER));
    for (pieces, limit) in [(Pieces::Large, Pieces::LARGE), (Pieces::Small, Pieces::SMALL)] {
        let largest = largest_piece(&anonymous(&from), &made.blobs, pieces).await;
        // Positive control: the registry sends as fast as that many can be had.
        assert!(largest > limit / 2, "{pieces:?}: {largest}");
        assert!(largest <= limit, "{pieces:?}: {largest}");
    }
}

/// Most bytes that one piece of these blobs had.
async fn largest_piece(source: &Registry, blobs: &[String], pieces: Pieces) -> usize {
    let mut largest = 0;
    for blob in blobs {
        let blob = digest(blob);
        let request = ReadRequest {
            head: false,
            repository: ALPINE,
            resource: Resource::Blob(&blob),
            headers: HeaderMap::new(),
            follow: true,
            patience: Duration::from_secs(10),
            pieces,
        };
        let mut answer = source.read(&request).await.unwrap();
        while let Some(piece) = answer.chunk().await.unwrap() {
            largest = largest.max(piece.len());
        }
    }
    largest
}

#[tokio::test]
async fn progress_tells_bytes_and_rate() {
    let (from, to) = (upstream().await, Double::builder().discard_blobs().start().await.unwrap());
    let made = from.add(ALPINE, "3.20", &Image::new(&["linux/amd64"]).layers(2).layer_size(32 * 1024 * 1024));
    let seen = std::sync::Mutex::new(Vec::new());
    let progress = |event: &oci_copy::Event<'_>| seen.lock().unwrap().push(format!("{event:?}"));
    let tags = [oci_copy::Tag::parse("3.20").unwrap()];
    let cancel = oci_copy::CancellationToken::new();
    let (source, destination) = (anonymous(&from), anonymous(&to));
    let planned = digest(&made.digest);
    let options = oci_copy::CopyOptions::new();
    oci_copy::copy_image(
        &source,
        ALPINE,
        &planned,
        &destination,
        MIRROR,
        &tags,
        &options,
        &progress,
        &cancel,
    )
    .await
    .unwrap();
    let seen = seen.lock().unwrap();
    let count = |name: &str| seen.iter().filter(|event| event.starts_with(name)).count();
    assert_eq!((count("BlobStarted"), count("BlobCopied")), (3, 3));
    assert_eq!((count("ManifestCopied"), count("TagWritten")), (2, 1));
}

//! Every request fails once in turn, and every piece of content is damaged once in turn: whatever comes of the copy, no tag
//! names anything incomplete, and a second copy finishes without sending again what arrived.

use oci_copy::{CopyOptions, RetryPolicy};
use upstream_registry::{Effect, Fault, Image, ImageDigests, Operation, Registry};

use crate::support::*;

/// Size of each layer in bytes.
const LAYER: u64 = 30_000;

fn image() -> Image {
    Image::new(&PLATFORMS).layers(2).layer_size(LAYER)
}

/// Copies with a single try of each request, one at a time.
async fn copy_once(
    from: &Registry,
    to: &Registry,
    made: &ImageDigests,
) -> Result<oci_copy::CopyReport, oci_copy::Error> {
    let single = RetryPolicy::default().with_attempts(1);
    let source = client(from).retry(single.clone()).build().unwrap();
    let destination = client(to)
        .credentials(oci_copy::Credentials::basic("AWS", "ecr-token"))
        .retry(single)
        .build()
        .unwrap();
    copy_with(&source, &made.digest, &destination, &CopyOptions::new().parallel(1)).await
}

/// The tag is not there, or it names the image with all that belongs to it.
fn assert_tag_is_whole(to: &Registry, made: &ImageDigests, case: &str) {
    let Some(named) = to.tag(MIRROR, "3.20") else { return };
    assert_eq!(named, made.digest, "{case}");
    for manifest in &made.manifests {
        assert!(to.manifest_bytes(MIRROR, manifest).is_some(), "{case}: {manifest} is missing");
    }
    for blob in &made.blobs {
        assert!(to.has_blob(MIRROR, blob), "{case}: {blob} is missing");
    }
}

/// Copies while `fault` strikes, then without it.
async fn fail_then_finish(case: &str, fault: Fault, at_source: bool) -> bool {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &image());
    if at_source {
        from.inject(fault)
    } else {
        to.inject(fault)
    }
    let first = copy_once(&from, &to, &made).await;
    assert_tag_is_whole(&to, &made, case);
    let there = made.blobs.iter().filter(|blob| to.has_blob(MIRROR, blob)).count() as u64;
    from.clear_faults();
    to.clear_faults();

    let second = copy_once(&from, &to, &made).await.unwrap_or_else(|error| panic!("{case}: {error}"));
    assert_eq!(to.tag(MIRROR, "3.20").as_ref(), Some(&made.digest), "{case}");
    assert_tag_is_whole(&to, &made, case);
    // What arrived is not sent again, whatever the failure was.
    assert_eq!(second.blobs_skipped, there, "{case}");
    assert!(second.bytes_copied <= (made.blobs.len() as u64 - there) * LAYER, "{case}");
    first.is_err()
}

/// Strikes each request of a copy in turn. Answers how many copies failed: an answer without a body cannot be cut.
async fn each_request(effect: &Effect, at_source: bool) -> u32 {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &image());
    copy_once(&from, &to, &made).await.unwrap();
    let requests = if at_source { from.requests().len() } else { to.requests().len() };
    let mut failed = 0;
    for number in 0..u32::try_from(requests).unwrap() {
        let fault = Fault::new(Operation::Any, effect.clone()).skip(number).times(1);
        let side = if at_source { "source" } else { "destination" };
        let case = format!("request {number} of the {side}, {effect:?}");
        failed += u32::from(fail_then_finish(&case, fault, at_source).await);
    }
    failed
}

#[tokio::test]
async fn cut_requests_leave_nothing_incomplete() {
    // What has a body at the source: the token, three manifests, six blobs.
    let failed = each_request(&Effect::Cut { after: 1 }, true).await;
    assert!(failed >= 9, "only {failed} copies failed");
    each_request(&Effect::Cut { after: 0 }, false).await;
}

#[tokio::test]
async fn requests_refused_by_a_broken_server_leave_nothing_incomplete() {
    for at_source in [true, false] {
        let broken = Effect::Answer {
            status: 500,
            code: "UNKNOWN".to_owned(),
            message: "unknown error".to_owned(),
            retry_after: None,
        };
        let failed = each_request(&broken, at_source).await;
        assert!(failed >= 9, "only {failed} copies failed");
    }
}

#[tokio::test]
async fn each_damaged_manifest_and_blob_is_refused() {
    for (operation, pieces) in [(Operation::GetManifest, 3), (Operation::GetBlob, 6)] {
        for number in 0..pieces {
            let fault = Fault::new(operation, Effect::Corrupt).skip(number).times(1);
            let case = format!("{operation:?} {number} is damaged");
            assert!(fail_then_finish(&case, fault, true).await, "{case}: it was taken");
        }
        // Positive control: beyond the last piece nothing is damaged.
        let fault = Fault::new(operation, Effect::Corrupt).skip(pieces).times(1);
        assert!(!fail_then_finish("no piece is damaged", fault, true).await);
    }
}

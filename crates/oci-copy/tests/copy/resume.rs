//! A copy goes on where an earlier one stopped.

use upstream_registry::{Effect, Fault, Image, Operation};

use crate::support::*;

#[tokio::test]
async fn second_copy_copies_nothing_and_costs_no_pull() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).layers(2));
    let (source, destination) = (anonymous(&from), ecr_client(&to));

    let first = copy(&source, &made.digest, &destination).await.unwrap();
    // The counters count: without this the second half would prove nothing.
    assert_eq!((first.blobs_copied, first.blobs_skipped), (6, 0));
    assert_eq!(uploads(&to), 6);
    assert_eq!(from.count("GET", "/manifests/"), 3);
    from.clear_requests();
    to.clear_requests();

    let second = copy(&source, &made.digest, &destination).await.unwrap();
    assert_eq!((second.blobs_copied, second.blobs_skipped, second.bytes_copied), (0, 6, 0));
    assert_eq!((second.manifests_copied, second.tags_written), (0, 0));
    assert_eq!(from.requests(), []);
    assert_eq!((to.count("PUT", "/"), to.count("POST", "/")), (0, 0));
}

#[tokio::test]
async fn failed_copy_is_continued_blob_by_blob() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&["linux/amd64"]).layers(4).layer_size(200_000));
    let source = client(&from).retry(oci_copy::RetryPolicy::default().with_attempts(1)).build().unwrap();
    let destination = ecr_client(&to);
    // Two blobs pass, every further one is cut in the middle.
    from.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 70_000 }).skip(3));
    let one_try = client(&to)
        .credentials(oci_copy::Credentials::basic("AWS", "ecr-token"))
        .retry(oci_copy::RetryPolicy::default().with_attempts(1))
        .build()
        .unwrap();

    let error = copy_with(&source, &made.digest, &one_try, &oci_copy::CopyOptions::new().parallel(1))
        .await
        .unwrap_err();
    assert!(matches!(error, oci_copy::Error::Unreachable { cause: oci_copy::Cause::Closed, .. }), "{error}");
    assert_eq!(to.tag(MIRROR, "3.20"), None);
    let there = made.blobs.iter().filter(|blob| to.has_blob(MIRROR, blob)).count();
    assert_eq!(there, 3);

    from.clear_faults();
    let report = copy(&source, &made.digest, &destination).await.unwrap();
    assert_eq!((report.blobs_skipped, report.blobs_copied), (3, 2));
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn connection_cut_in_the_middle_of_a_blob_is_made_good_within_the_same_copy() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&["linux/amd64"]).layer_size(300_000));
    // The config comes first; the layer is cut twice.
    from.inject(Fault::new(Operation::GetBlob, Effect::Cut { after: 100_000 }).skip(1).times(2));
    let options = oci_copy::CopyOptions::new().parallel(1);
    let report = copy_with(&anonymous(&from), &made.digest, &ecr_client(&to), &options).await.unwrap();
    assert_eq!(report.blobs_copied, 2);
    assert_eq!(report.bytes_copied, made.blob_bytes);
    // Each try opens an upload of its own, as ECR wants it.
    assert_eq!(to.count("POST", "/blobs/uploads/"), 4);
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn child_that_vanished_from_the_destination_is_restored() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    copy(&source, &made.digest, &destination).await.unwrap();
    to.delete_manifest(MIRROR, &made.manifests[1]);
    let report = copy(&source, &made.digest, &destination).await.unwrap();
    assert_eq!(report.manifests_copied, 1);
    assert!(to.manifest_bytes(MIRROR, &made.manifests[1]).is_some());
}

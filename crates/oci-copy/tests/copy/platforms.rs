//! Chosen platforms of an index.

use oci_copy::{CopyOptions, Error, Platform};
use upstream_registry::Image;

use crate::support::*;

const ANNOTATION: &str = "example.source.digest";

fn only(platforms: &[&str]) -> CopyOptions {
    let platforms = platforms.iter().map(|platform| Platform::parse(platform).unwrap()).collect();
    CopyOptions::new().platforms(platforms, ANNOTATION)
}

#[test]
fn platforms_are_written_as_docker_writes_them() {
    for good in ["linux/amd64", "linux/arm/v7", "windows/amd64"] {
        assert_eq!(Platform::parse(good).unwrap().to_string(), good);
    }
    for bad in ["", "linux", "linux/", "/amd64", "Linux/amd64", "linux/arm/v7/x", "linux amd64"] {
        assert!(Platform::parse(bad).is_none(), "{bad} was read");
    }
    let (arm, v7) = (Platform::parse("linux/arm").unwrap(), Platform::parse("linux/arm/v7").unwrap());
    assert!(
        arm.includes(&v7) && !v7.includes(&arm) && !arm.includes(&Platform::parse("linux/arm64").unwrap())
    );
}

#[tokio::test]
async fn index_of_chosen_platforms_holds_their_entries_unchanged_and_is_always_the_same() {
    let (from, to) = (upstream().await, ecr().await);
    let platforms = ["linux/amd64", "linux/arm64", "linux/arm/v7", "windows/amd64"];
    let made = from.add(ALPINE, "3.20", &Image::new(&platforms).attestations().odd_whitespace());
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    let options = only(&["linux/arm64", "linux/amd64"]);
    let report = copy_with(&source, &made.digest, &destination, &options).await.unwrap();
    let digest = report.digest.unwrap().to_string();
    assert_ne!(digest, made.digest);
    assert_eq!(to.tag(MIRROR, "3.20").as_deref(), Some(digest.as_str()));
    // Index, two images, two attestations; of each image config and layer, of each attestation a layer, one config for both.
    assert_eq!((report.manifests_copied, report.blobs_copied), (5, 7));
    assert!(to.manifest_bytes(MIRROR, &made.digest).is_none(), "the whole index is not there");

    let read = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let whole = read(&from.manifest_bytes(ALPINE, &made.digest).unwrap());
    let index = read(&to.manifest_bytes(MIRROR, &digest).unwrap());
    // Upstream's entries are four platforms, then the attestation of each.
    let entry = |number: usize| whole["manifests"][number].clone();
    assert_eq!(index["manifests"], serde_json::Value::from(vec![entry(0), entry(1), entry(4), entry(5)]));
    assert_eq!(index["annotations"][ANNOTATION], made.digest.as_str());

    // Named in another order, copied again, or copied elsewhere: the same bytes.
    let again = copy_with(&source, &made.digest, &destination, &only(&["linux/amd64", "linux/arm64"])).await;
    let again = again.unwrap();
    assert_eq!(again.digest.map(|digest| digest.to_string()), Some(digest));
    assert_eq!((again.manifests_copied, again.blobs_copied, again.tags_written), (0, 0, 0));
}

#[tokio::test]
async fn platform_that_is_missing_is_named_with_those_that_there_are() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).attestations());
    let error = copy_with(&anonymous(&from), &made.digest, &ecr_client(&to), &only(&["linux/s390x"]))
        .await
        .unwrap_err();
    let Error::PlatformMissing { platform, available, .. } = &error else { panic!("{error}") };
    assert_eq!((platform.as_str(), available.as_str()), ("linux/s390x", "linux/amd64, linux/arm64"));
    assert_eq!(to.tag(MIRROR, "3.20"), None);
}

#[tokio::test]
async fn image_without_an_index_is_copied_as_it_is() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS));
    let child = &made.manifests[0];
    let report =
        copy_with(&anonymous(&from), child, &ecr_client(&to), &only(&["linux/amd64"])).await.unwrap();
    assert_eq!(report.digest.map(|digest| digest.to_string()).as_ref(), Some(child));
}

//! Blobs that another repository of the destination has, or is about to have.

use std::time::Duration;

use oci_copy::{CancellationToken, CopyOptions, CopyReport, Credentials, Error, MountSources, Registry, Tag};
use upstream_registry::{Fault, ImageDigests, Operation, Registry as Double, TokenAuth};

use crate::support::*;

const OTHER: &str = "mirror/other";
const LIMIT: Duration = Duration::from_secs(30);

async fn destination(mounts: bool) -> (Double, Registry) {
    let builder = Double::builder().token_auth(TokenAuth::users_only().user("me", "secret"));
    let double = if mounts { builder.mount() } else { builder }.start().await.unwrap();
    let registry = client(&double).credentials(Credentials::basic("me", "secret")).build().unwrap();
    (double, registry)
}

async fn copy_to(
    from: &Registry,
    made: &ImageDigests,
    to: &Registry,
    repository: &str,
    options: &CopyOptions,
) -> Result<CopyReport, Error> {
    let (tags, cancel) = ([Tag::parse("3.20").unwrap()], CancellationToken::new());
    let planned = digest(&made.digest);
    let copy = oci_copy::copy_image(from, ALPINE, &planned, to, repository, &tags, options, &(), &cancel);
    tokio::time::timeout(LIMIT, copy).await.expect("no copy waits for ever")
}

#[tokio::test]
async fn copies_that_run_together_bring_a_shared_blob_once() {
    for (shares, mounts, expected) in [(true, true, (4, 4)), (true, false, (8, 0)), (false, true, (8, 0))] {
        let options = CopyOptions::new();
        let options = &if shares { options.mount_sources(MountSources::default()) } else { options };
        let (from, (double, to)) = (upstream().await, destination(mounts).await);
        let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
        let source = anonymous(&from);
        let (one, two) = tokio::join!(
            copy_to(&source, &made, &to, MIRROR, options),
            copy_to(&source, &made, &to, OTHER, options)
        );
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(
            (one.blobs_copied + two.blobs_copied, one.blobs_mounted + two.blobs_mounted),
            expected,
            "shares: {shares}, mounts: {mounts}"
        );
        assert_eq!(double.tag(MIRROR, "3.20"), double.tag(OTHER, "3.20"));
        if shares && mounts {
            let later = copy_to(&source, &made, &to, "mirror/third", options).await.unwrap();
            assert_eq!((later.blobs_copied, later.bytes_copied, later.blobs_mounted), (0, 0, 4));
        }
    }
}

#[tokio::test]
async fn who_waits_for_a_copy_that_fails_copies_himself() {
    let (from, broken, (double, to)) = (upstream().await, upstream().await, destination(true).await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    broken.add_image(ALPINE, "3.20", &PLATFORMS);
    // Tried again some times: so it is under way when the other begins.
    broken.inject(Fault::server_error(Operation::GetBlob, 503));
    let options = CopyOptions::new().mount_sources(MountSources::default());
    let (bad, good) = (anonymous(&broken), anonymous(&from));
    let second = async {
        while broken.count("GET", "/blobs/") == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        copy_to(&good, &made, &to, MIRROR, &options).await
    };
    let (failed, copied) =
        tokio::join!(copy_to(&bad, &made, &to, OTHER, &options), tokio::time::timeout(LIMIT, second));
    let copied = copied.expect("the broken copy asks for a blob");
    assert!(matches!(failed, Err(Error::Registry { status: 503, .. })), "{failed:?}");
    assert_eq!(copied.unwrap().blobs_copied, 4);
    assert_eq!(double.tag(OTHER, "3.20"), None);
}

#[tokio::test]
async fn copies_with_blobs_of_each_other_do_not_wait_for_each_other() {
    let (from, (double, to)) = (upstream().await, destination(true).await);
    // Each has a blob that the other has, in another order.
    let first = from.add_image(ALPINE, "3.20", &["linux/amd64", "linux/arm64"]);
    let second = from.add_image(ALPINE, "3.20", &["linux/arm64", "linux/amd64"]);
    let options = CopyOptions::new().mount_sources(MountSources::default()).parallel(1);
    let source = anonymous(&from);
    let (one, two) = tokio::join!(
        copy_to(&source, &first, &to, MIRROR, &options),
        copy_to(&source, &second, &to, OTHER, &options)
    );
    one.unwrap();
    two.unwrap();
    assert_eq!(double.tag(OTHER, "3.20"), Some(second.digest));
}

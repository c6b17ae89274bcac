//! Authorization that runs out in the middle of a copy: it is renewed, and no content is sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oci_copy::{CopyOptions, Credentials};
use upstream_registry::{Effect, Fault, Image, Operation, Registry as Double, TokenAuth};

use crate::support::*;

/// Bytes of each layer; the double counts what it sent and took.
const LAYER: u64 = 400_000;

fn image() -> Image {
    Image::new(&PLATFORMS).layers(2).layer_size(LAYER)
}

/// Requests of this kind that an undisturbed copy makes of the registry.
fn requests(double: &Double, method: &str, part: &str) -> u32 {
    u32::try_from(double.count(method, part)).unwrap()
}

#[tokio::test]
async fn bearer_token_of_the_source_that_runs_out_at_any_request_is_renewed() {
    let tokens = || Double::builder().token_auth(TokenAuth::anonymous()).start();
    // Index and two images; the token was given for the HEAD before. Two layers and a configuration of each image.
    for (operation, requests) in [(Operation::GetManifest, 3), (Operation::GetBlob, 6)] {
        for number in 0..requests {
            let case = format!("{operation:?}, number {number}");
            let (from, to) = (tokens().await.unwrap(), ecr().await);
            let made = from.add(ALPINE, "3.20", &image());
            from.inject(Fault::new(operation, Effect::ExpireTokens).skip(number).times(1));
            let options = CopyOptions::new().parallel(1);
            let report = copy_with(&anonymous(&from), &made.digest, &ecr_client(&to), &options).await;
            let report = report.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(to.tag(MIRROR, "3.20").as_ref(), Some(&made.digest), "{case}");
            assert_eq!(from.count("GET", "/token"), 2, "{case}: one token, and one anew");
            let bytes = (from.blob_bytes_sent(), to.blob_bytes_received(), report.bytes_copied);
            assert_eq!(bytes, (made.blob_bytes, made.blob_bytes, made.blob_bytes), "{case}");
        }
    }
}

#[tokio::test]
async fn password_of_ecr_that_runs_out_at_any_request_is_renewed() {
    let from = upstream().await;
    let made = from.add(ALPINE, "3.20", &image());
    let undisturbed = ecr().await;
    let options = CopyOptions::new().parallel(1);
    copy_with(&anonymous(&from), &made.digest, &ecr_client(&undisturbed), &options).await.unwrap();
    let uploads = "/blobs/uploads/";
    for (operation, method, part) in [
        (Operation::HeadManifest, "HEAD", "/manifests/"),
        (Operation::HeadBlob, "HEAD", "/blobs/"),
        (Operation::OpenUpload, "POST", uploads),
        (Operation::PutUpload, "PUT", uploads),
        (Operation::PutManifest, "PUT", "/manifests/"),
    ] {
        let requests = requests(&undisturbed, method, part);
        assert!(requests > 2, "{operation:?}");
        // The first request of all has no login yet.
        for number in u32::from(operation == Operation::HeadManifest)..requests {
            let case = format!("{operation:?}, number {number}");
            let (from, to) = (upstream().await, ecr().await);
            let made = from.add(ALPINE, "3.20", &image());
            let expire = Effect::ExpirePassword { next: "next-token".to_owned() };
            to.inject(Fault::new(operation, expire).skip(number).times(1));
            let asked = Arc::new(AtomicUsize::new(0));
            let renewable = Credentials::renewable(Renewing { asked: asked.clone() });
            let destination = client(&to).credentials(renewable).build().unwrap();
            let report = copy_with(&anonymous(&from), &made.digest, &destination, &options).await;
            let report = report.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(to.tag(MIRROR, "3.20").as_ref(), Some(&made.digest), "{case}");
            assert!(asked.load(Ordering::Relaxed) >= 1, "{case}");
            assert_eq!(
                (to.blob_bytes_received(), report.bytes_copied),
                (made.blob_bytes, made.blob_bytes),
                "{case}"
            );
            // Only a PUT that is refused has begun to read its blob; that one is read again.
            let again = if operation == Operation::PutUpload { LAYER } else { 0 };
            let sent = from.blob_bytes_sent();
            assert!((made.blob_bytes..=made.blob_bytes + again).contains(&sent), "{case}: {sent}");
        }
    }
}

#[tokio::test]
async fn both_run_out_while_several_blobs_are_on_their_way() {
    let from = Double::builder().token_auth(TokenAuth::anonymous()).start().await.unwrap();
    let to = ecr().await;
    let made = from.add(ALPINE, "3.20", &image());
    from.inject(Fault::new(Operation::GetBlob, Effect::ExpireTokens).skip(1).times(1));
    let expire = Effect::ExpirePassword { next: "next-token".to_owned() };
    to.inject(Fault::new(Operation::PutUpload, expire).skip(1).times(1));
    let asked = Arc::new(AtomicUsize::new(0));
    let renewable = Credentials::renewable(Renewing { asked: asked.clone() });
    let destination = client(&to).credentials(renewable).build().unwrap();
    let report = copy(&anonymous(&from), &made.digest, &destination).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    assert_eq!((to.blob_bytes_received(), report.bytes_copied), (made.blob_bytes, made.blob_bytes));
    assert_eq!(from.count("GET", "/token"), 2, "the transfers share the new token");
}

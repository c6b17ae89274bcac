//! `Registry::read`: passing on somebody else's request.

use std::time::Duration;

use http::header::{AUTHORIZATION, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};
use oci_copy::{Credentials, Digest, Error, Pieces, ReadRequest, Registry, Resource};
use upstream_registry::{Effect, Fault, Operation, Registry as Double};

fn request<'a>(digest: &'a Digest, headers: HeaderMap, follow: bool) -> ReadRequest<'a> {
    let resource = Resource::Blob(digest);
    let (patience, pieces) = (Duration::from_secs(10), Pieces::Large);
    ReadRequest { head: false, repository: "a", resource, headers, follow, patience, pieces }
}

async fn double() -> (Double, Registry, Digest) {
    let double = Double::builder().basic_auth("AWS", "password").stored_blobs().start().await.unwrap();
    let digest = Digest::parse(&double.add_blob("a", "0123456789".as_bytes().to_vec())).unwrap();
    let client = Registry::builder(double.url()).credentials(Credentials::basic("AWS", "password"));
    (double, client.build().unwrap(), digest)
}

#[tokio::test]
async fn headers_are_passed_on_but_never_an_authorization() {
    let (_double, client, digest) = double().await;
    let headers = HeaderMap::from_iter([
        (RANGE, HeaderValue::from_static("bytes=2-4")),
        (AUTHORIZATION, HeaderValue::from_static("Basic Y2FuYXJ5OmNhbmFyeQ==")),
    ]);
    let answer = client.read(&request(&digest, headers, true)).await.unwrap();
    assert_eq!(answer.status, StatusCode::PARTIAL_CONTENT);
    assert_eq!(answer.bytes(10, "blob").await.unwrap(), "234");
}

#[tokio::test]
async fn redirect_that_is_not_followed_is_held_to_the_policy() {
    let (double, client, digest) = double().await;
    let answer = client.read(&request(&digest, HeaderMap::new(), false)).await.unwrap();
    let store = double.store_address().unwrap().port();
    assert_eq!(answer.redirect.and_then(|target| target.port()), Some(store));
    let to = "http://169.254.169.254/latest/".to_owned();
    double.inject(Fault::new(Operation::GetBlob, Effect::Redirect { to }));
    let error = client.read(&request(&digest, HeaderMap::new(), false)).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { .. }), "{error}");
}

#[tokio::test]
async fn error_status_is_an_error() {
    let (_double, client, _) = double().await;
    let absent = Digest::sha256(b"absent");
    let error = client.read(&request(&absent, HeaderMap::new(), true)).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error}");
}

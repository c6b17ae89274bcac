//! Tokens and passwords: asked for, reused, renewed, refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oci_copy::{Credentials, Error};
use upstream_registry::{Effect, Fault, Image, Operation, Registry as Double, TokenAuth, TokenField};

use crate::support::*;

async fn with_tokens(auth: TokenAuth) -> Double {
    Double::builder().token_auth(auth).start().await.unwrap()
}

#[tokio::test]
async fn anonymous_token_is_asked_for_once_and_reused() {
    for auth in [
        TokenAuth::anonymous(),
        TokenAuth::anonymous().field(TokenField::AccessToken),
        TokenAuth::anonymous().field(TokenField::Both).without_service(),
        TokenAuth::anonymous().expires_in(None).without_scope(),
    ] {
        let (from, to) = (with_tokens(auth).await, ecr().await);
        let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).layers(2));
        copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
        assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
        assert_eq!(from.count("GET", "/token"), 1);
    }
}

#[tokio::test]
async fn token_of_one_second_is_renewed_before_it_runs_out() {
    let auth = TokenAuth::anonymous().expires_in(Some(1)).lifetime(Duration::from_secs(1));
    let from = with_tokens(auth).await;
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = anonymous(&from);
    source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(from.count("GET", "/token"), 2);
    let refused = from.requests().into_iter().filter(|request| request.status == 401).count();
    assert_eq!(refused, 1, "only the first request, which asks for the challenge");
}

#[tokio::test]
async fn token_that_runs_out_in_the_middle_is_renewed_on_both_sides() {
    let from = with_tokens(TokenAuth::anonymous()).await;
    let to = with_tokens(TokenAuth::users_only().user("me", "secret")).await;
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).layers(2));
    // The first GET of a manifest asks for the challenge, the second has a new token.
    from.inject(Fault::new(Operation::GetManifest, Effect::ExpireTokens).skip(2).times(1));
    from.inject(Fault::new(Operation::GetBlob, Effect::ExpireTokens).skip(1).times(1));
    for operation in
        [Operation::HeadBlob, Operation::OpenUpload, Operation::PutUpload, Operation::PutManifest]
    {
        to.inject(Fault::new(operation, Effect::ExpireTokens).skip(1).times(1));
    }
    let destination = client(&to).credentials(Credentials::basic("me", "secret")).build().unwrap();
    copy(&anonymous(&from), &made.digest, &destination).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    assert!(from.count("GET", "/token") >= 3);
}

#[tokio::test]
async fn token_for_pulling_alone_is_no_leave_to_push() {
    let (from, to) = (upstream().await, with_tokens(TokenAuth::anonymous()).await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let error = copy(&anonymous(&from), &made.digest, &anonymous(&to)).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(to.count("GET", "/token") < 5, "a refused token is not asked for again and again");
}

#[tokio::test]
async fn wrong_password_is_tried_once() {
    let from = with_tokens(TokenAuth::users_only().user("me", "secret")).await;
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = client(&from).credentials(Credentials::basic("me", "wrong-password")).build().unwrap();
    let error = source.head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert_eq!(from.count("GET", "/token"), 1);
    let shown = format!("{error} {error:?} {source:?}");
    assert!(!shown.contains("wrong-password") && !shown.contains("d3JvbmctcGFzc3dvcmQ"), "{shown}");
}

#[tokio::test]
async fn private_image_without_login_is_unauthorized() {
    let from = with_tokens(TokenAuth::users_only()).await;
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let error = anonymous(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
}

#[tokio::test]
async fn token_server_that_is_busy_is_asked_again() {
    let from = with_tokens(TokenAuth::anonymous()).await;
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::too_many_requests(Operation::Token, None).times(1));
    from.inject(Fault::server_error(Operation::Token, 503).times(1));
    assert!(anonymous(&from).head_manifest(ALPINE, &tag("3.20")).await.unwrap().is_some());
    assert_eq!(from.count("GET", "/token"), 3);
}

#[tokio::test]
async fn basic_credentials_that_run_out_are_renewed() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let asked = Arc::new(AtomicUsize::new(0));
    let destination =
        client(&to).credentials(Credentials::renewable(Renewing { asked: asked.clone() })).build().unwrap();
    assert!(destination.head_manifest(MIRROR, &tag("3.20")).await.unwrap().is_none());
    to.set_basic_auth("AWS", "next-token");
    copy(&anonymous(&from), &made.digest, &destination).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    assert!(asked.load(Ordering::Relaxed) >= 1);
}

#[tokio::test]
async fn fixed_credentials_that_are_refused_end_in_an_error() {
    let to = ecr().await;
    let client = client(&to).credentials(Credentials::basic("AWS", "old-token")).build().unwrap();
    let error = client.head_manifest(MIRROR, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert_eq!(to.requests().len(), 2);
}

fn denied(message: &str) -> Effect {
    let (code, message) = ("DENIED".to_owned(), message.to_owned());
    Effect::Answer { status: 403, code, message, retry_after: None }
}

#[tokio::test]
async fn token_that_ecr_calls_expired_with_403_is_renewed() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let asked = Arc::new(AtomicUsize::new(0));
    let destination =
        client(&to).credentials(Credentials::renewable(Renewing { asked: asked.clone() })).build().unwrap();
    assert!(destination.head_manifest(MIRROR, &tag("3.20")).await.unwrap().is_none());
    to.set_basic_auth("AWS", "next-token");
    let expired = denied("Your authorization token has expired. Reauthenticate and try again.");
    to.inject(Fault::new(Operation::HeadManifest, expired).times(1));
    copy(&anonymous(&from), &made.digest, &destination).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn missing_permission_is_denied_with_the_registrys_reason() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    to.inject(Fault::new(
        Operation::OpenUpload,
        denied("not authorized to perform: ecr:InitiateLayerUpload"),
    ));
    let error = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
    assert!(
        matches!(&error, Error::Denied { message, .. } if message.contains("InitiateLayerUpload")),
        "{error}"
    );
}

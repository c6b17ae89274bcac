//! Damage on the way, redirects that lead astray, and registries that answer with errors.

use oci_copy::{CancellationToken, Cause, CopyOptions, Error, Registry, Tag, copy_image};
use upstream_registry::{Effect, Fault, Image, Operation, Registry as Double};

use crate::support::*;

#[tokio::test]
async fn corrupt_blob_is_never_completed_even_where_the_destination_does_not_look() {
    let (from, to) = (upstream().await, Double::builder().careless().start().await.unwrap());
    for (tag, image) in
        [("tiny", Image::new(&PLATFORMS)), ("large", Image::new(&PLATFORMS).layer_size(300_000))]
    {
        let made = from.add(ALPINE, tag, &image);
        from.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
        let error = copy(&anonymous(&from), &made.digest, &anonymous(&to)).await.unwrap_err();
        assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
        assert!(!made.blobs.iter().any(|blob| to.has_blob(MIRROR, blob)), "{tag}");
        assert_eq!(to.tag(MIRROR, "3.20"), None);
        from.clear_faults();
        // The same destination takes the blobs when they are right.
        copy(&anonymous(&from), &made.digest, &anonymous(&to)).await.unwrap();
        assert!(made.blobs.iter().all(|blob| to.has_blob(MIRROR, blob)), "{tag}");
        to.delete_tag(MIRROR, "3.20");
    }
}

#[tokio::test]
async fn blob_that_is_corrupt_once_is_fetched_again() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::GetBlob, Effect::Corrupt).times(1));
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn corrupt_manifest_is_refused() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::GetManifest, Effect::Corrupt));
    let error = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    assert_eq!(to.count("PUT", "/"), 0);
}

#[tokio::test]
async fn wrong_digest_header_changes_nothing_when_the_bytes_are_right() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::GetManifest, Effect::WrongDigestHeader));
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn errors_of_the_server_are_tried_again() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    for operation in [Operation::GetBlob, Operation::GetManifest] {
        from.inject(Fault::server_error(operation, 503).times(2));
    }
    for operation in
        [Operation::HeadBlob, Operation::OpenUpload, Operation::PutUpload, Operation::PutManifest]
    {
        to.inject(Fault::server_error(operation, 500).times(2));
    }
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn redirects_to_forbidden_places_are_refused() {
    for target in
        ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/blob", "https://[fe80::1]/blob"]
    {
        for operation in [Operation::GetBlob, Operation::GetManifest] {
            let (from, to) = (upstream().await, ecr().await);
            let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
            from.inject(Fault::new(operation, Effect::Redirect { to: target.to_owned() }));
            let error = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
            assert!(matches!(error, Error::Forbidden { .. }), "{target}: {error}");
            assert!(!error.to_string().contains("meta-data"), "{error}");
            assert_eq!(to.tag(MIRROR, "3.20"), None);
        }
    }
}

#[tokio::test]
async fn redirect_that_leads_back_to_itself_ends() {
    let from = upstream().await;
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let to = format!("{}/", from.url());
    from.inject(Fault::new(Operation::GetManifest, Effect::Redirect { to }));
    let error = anonymous(&from).get_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert_eq!(from.count("GET", "/manifests/"), 6);
}

#[tokio::test]
async fn manifests_are_followed_to_another_host() {
    let (front, back, to) = (upstream().await, upstream().await, ecr().await);
    let made = back.add_image(ALPINE, "3.20", &PLATFORMS);
    front.inject(Fault::new(Operation::Any, Effect::Redirect { to: format!("{}/", back.url()) }));
    let source = anonymous(&front);
    let found = source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), made.digest);
    copy(&source, &made.digest, &ecr_client(&to)).await.unwrap();
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn unreachable_registry_is_named_with_its_cause_within_seconds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let started = std::time::Instant::now();
    let registry = Registry::builder(format!("http://{address}")).build().unwrap();
    let error = registry.head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { cause: Cause::Connect, .. }), "{error}");
    let registry = Registry::builder("registry.invalid").build().unwrap();
    let error = registry.head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { cause: Cause::Dns, .. }), "{error}");
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[tokio::test]
async fn plain_http_behind_an_https_name_is_a_tls_error() {
    let from = upstream().await;
    let registry =
        client(&from).endpoint(format!("https://{}", from.address()).parse().unwrap()).build().unwrap();
    let error = registry.head_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { cause: Cause::Tls, .. }), "{error:?}");
}

#[tokio::test]
async fn cancelled_copy_stops_and_tags_nothing() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).layers(4).layer_size(100_000));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let progress = move |event: &oci_copy::Event<'_>| {
        if matches!(event, oci_copy::Event::BlobCopied { .. }) {
            stop.cancel();
        }
    };
    let tags = [Tag::parse("3.20").unwrap()];
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    let options = CopyOptions::new().parallel(1);
    let planned = digest(&made.digest);
    let error =
        copy_image(&source, ALPINE, &planned, &destination, MIRROR, &tags, &options, &progress, &cancel)
            .await
            .unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert_eq!(to.count("PUT", "/manifests/"), 0);
    assert!(uploads(&to) < made.blobs.len());
}

#[tokio::test]
async fn image_that_is_gone_is_not_found() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.delete_manifest(ALPINE, &made.digest);
    let error = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap_err();
    assert!(matches!(&error, Error::NotFound { repository, .. } if repository == ALPINE), "{error}");
}

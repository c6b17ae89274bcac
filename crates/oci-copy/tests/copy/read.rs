//! Reading a registry: HEAD, tags, sizes.

use oci_copy::{Descriptor, Error, HeadFallback};
use upstream_registry::{Effect, Fault, Operation, Registry as Double};

use crate::support::*;

#[tokio::test]
async fn absent_tag_and_absent_repository_are_none() {
    let from = upstream().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = anonymous(&from);
    let found = source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), made.digest);
    assert_eq!(found.size, from.manifest_bytes(ALPINE, "3.20").unwrap().len() as u64);
    assert!(source.head_manifest(ALPINE, &tag("3.21")).await.unwrap().is_none());
    assert!(source.head_manifest("library/absent", &tag("3.20")).await.unwrap().is_none());
}

#[tokio::test]
async fn head_without_digest_falls_back_to_get_only_if_allowed() {
    let from = upstream().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::HeadManifest, Effect::NoDigestHeader));
    let source = anonymous(&from);
    let error = source.head_manifest_with(ALPINE, &tag("3.20"), HeadFallback::Fail).await.unwrap_err();
    assert!(matches!(error, Error::Protocol { .. }), "{error}");
    assert_eq!(from.count("GET", "/manifests/"), 0);
    let found = source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap();
    assert_eq!(found.digest.to_string(), made.digest);
}

#[tokio::test]
async fn head_that_names_another_digest_than_asked_is_an_error() {
    let from = upstream().await;
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    from.inject(Fault::new(Operation::HeadManifest, Effect::WrongDigestHeader));
    let error = anonymous(&from).head_manifest(ALPINE, &digest(&made.digest).into()).await.unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
}

#[tokio::test]
async fn tags_are_read_over_all_pages() {
    let from = Double::builder().page_size(3).start().await.unwrap();
    let expected: Vec<String> = (0..8).map(|number| format!("3.{number}")).collect();
    for tag in &expected {
        from.add_image(ALPINE, tag, &["linux/amd64"]);
    }
    let tags = anonymous(&from).tags(ALPINE).await.unwrap();
    assert_eq!(tags.iter().map(|tag| tag.as_str().to_owned()).collect::<Vec<_>>(), expected);
    assert_eq!(from.count("GET", "/tags/list"), 3);
}

#[tokio::test]
async fn oversized_manifest_is_refused() {
    let from = upstream().await;
    let media_type = oci_copy::media_type::OCI_INDEX;
    let bytes = format!(r#"{{"schemaVersion":2,"manifests":[]{}}}"#, " ".repeat(4 * 1024 * 1024));
    from.add_manifest(ALPINE, Some("3.20"), media_type, bytes);
    let error = anonymous(&from).get_manifest(ALPINE, &tag("3.20")).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
}

#[tokio::test]
async fn repository_that_would_leave_its_path_is_refused_before_anything_is_sent() {
    let from = upstream().await;
    for repository in ["../_control", "a/../b", "a?b", "", "A", "a//b"] {
        let error = anonymous(&from).head_manifest(repository, &tag("3.20")).await.unwrap_err();
        assert!(matches!(error, Error::Reference(_)), "{repository}: {error}");
    }
    assert_eq!(from.requests(), []);
}

#[tokio::test]
async fn small_blob_is_read_whole_and_verified() {
    let from = upstream().await;
    let content: &[u8] = br#"{"architecture":"arm64","os":"linux"}"#;
    let named = from.add_blob(ALPINE, content);
    let blob = |size: usize| Descriptor::new("application/json", digest(&named), size as u64);
    let source = anonymous(&from);
    let whole = blob(content.len());
    assert_eq!(&source.read_blob(ALPINE, &whole).await.unwrap()[..], content);
    from.inject(Fault::new(Operation::GetBlob, Effect::Corrupt).times(1));
    assert_eq!(&source.read_blob(ALPINE, &whole).await.unwrap()[..], content, "damaged once: asked again");
    from.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
    let error = source.read_blob(ALPINE, &whole).await.unwrap_err();
    assert!(matches!(error, Error::DigestMismatch { .. }), "{error}");
    from.clear_faults();
    let error = source.read_blob(ALPINE, &blob(content.len() + 1)).await.unwrap_err();
    assert!(matches!(error, Error::SizeMismatch { .. }), "{error}");
    from.clear_requests();
    let error = source.read_blob(ALPINE, &blob(5 * 1024 * 1024)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert_eq!(from.requests(), [], "too large by its descriptor: not asked at all");
}

//! What destinations do differently: ECR's habits, immutable tags, mounts.

use oci_copy::{CopyOptions, Credentials, Error, MountSources};
use upstream_registry::{Behaviour, Registry as Double, TokenAuth};

use crate::support::*;

#[tokio::test]
async fn missing_repository_is_named() {
    let (from, to) = (upstream().await, Double::builder().behaviour(Behaviour::Ecr).start().await.unwrap());
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let error = copy(&anonymous(&from), &made.digest, &anonymous(&to)).await.unwrap_err();
    assert!(
        matches!(&error, Error::RepositoryNotFound { repository, .. } if repository == MIRROR),
        "{error}"
    );
}

#[tokio::test]
async fn immutable_tag_is_kept_when_equal_and_an_error_when_not() {
    let (from, to) = (upstream().await, ecr().await);
    to.make_tags_immutable(MIRROR);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    copy(&source, &made.digest, &destination).await.unwrap();
    copy(&source, &made.digest, &destination).await.unwrap();

    let moved = from.move_tag(ALPINE, "3.20");
    let error = copy(&source, &moved.digest, &destination).await.unwrap_err();
    assert!(matches!(&error, Error::TagImmutable { tag, .. } if tag == "3.20"), "{error}");
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn blobs_are_mounted_where_the_registry_allows_it() {
    for allowed in [true, false] {
        let from = upstream().await;
        let auth = TokenAuth::users_only().user("me", "secret");
        let builder = Double::builder().token_auth(auth);
        let to = if allowed { builder.mount() } else { builder }.start().await.unwrap();
        // The same image, at home in another repository of the destination already.
        let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
        to.add_image(ALPINE, "3.20", &PLATFORMS);
        let destination = client(&to).credentials(Credentials::basic("me", "secret")).build().unwrap();

        let sources = MountSources::default();
        made.blobs.iter().for_each(|blob| sources.note(&digest(blob), ALPINE));
        let options = CopyOptions::new().mount_sources(sources);
        let report = copy_with(&anonymous(&from), &made.digest, &destination, &options).await.unwrap();

        let expected = if allowed { (4, 0) } else { (0, 4) };
        assert_eq!((report.blobs_mounted, report.blobs_copied), expected, "allowed: {allowed}");
        assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
    }
}

#[tokio::test]
async fn blob_of_no_bytes_is_named_where_the_registry_refuses_it() {
    let (from, to) = (upstream().await, ecr().await);
    let (config, empty) = (from.add_blob(ALPINE, "{}"), from.add_blob(ALPINE, ""));
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": oci_copy::media_type::OCI_MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": empty, "size": 0}],
    });
    let media_type = oci_copy::media_type::OCI_MANIFEST;
    let image = from.add_manifest(ALPINE, Some("3.20"), media_type, manifest.to_string());
    let error = copy(&anonymous(&from), &image, &ecr_client(&to)).await.unwrap_err();
    assert!(matches!(&error, Error::EmptyBlob { digest, .. } if digest.to_string() == empty), "{error}");
    assert_eq!(to.tag(MIRROR, "3.20"), None);

    let plain = upstream().await;
    copy(&anonymous(&from), &image, &anonymous(&plain)).await.unwrap();
    assert_eq!(plain.tag(MIRROR, "3.20"), Some(image), "others take it");
}

#[tokio::test]
async fn several_tags_are_written_and_one_already_right_is_left_alone() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    copy(&source, &made.digest, &destination).await.unwrap();
    let tags = ["3.20", "3", "latest"].map(|tag| oci_copy::Tag::parse(tag).unwrap());
    let cancel = oci_copy::CancellationToken::new();
    let planned = digest(&made.digest);
    let options = CopyOptions::new();
    let report =
        oci_copy::copy_image(&source, ALPINE, &planned, &destination, MIRROR, &tags, &options, &(), &cancel)
            .await
            .unwrap();
    assert_eq!((report.tags_written, report.manifests_copied), (2, 0));
    assert_eq!(to.tag(MIRROR, "latest"), Some(made.digest));
}

#[tokio::test]
async fn digest_without_tags_is_stored_under_its_digest() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add_image(ALPINE, "3.20", &PLATFORMS);
    let planned = digest(&made.digest);
    let cancel = oci_copy::CancellationToken::new();
    let (source, destination) = (anonymous(&from), ecr_client(&to));
    let options = CopyOptions::new();
    let report =
        oci_copy::copy_image(&source, ALPINE, &planned, &destination, MIRROR, &[], &options, &(), &cancel)
            .await
            .unwrap();
    assert_eq!((report.tags_written, report.manifests_copied), (0, 3));
    assert!(to.manifest_bytes(MIRROR, &made.digest).is_some());
}

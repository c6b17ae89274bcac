//! What arrives has the digest that was planned, byte for byte.

use upstream_registry::Image;

use crate::support::*;

#[tokio::test]
async fn index_children_and_blobs_arrive_byte_for_byte_in_a_registry_like_ecr() {
    let (from, to) = (upstream().await, ecr().await);
    let image = Image::new(&PLATFORMS).layers(3).attestations().artifact_type().odd_whitespace();
    let made = from.add(ALPINE, "3.20", &image);

    let report = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();

    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest.clone()));
    for digest in made.manifests.iter().chain([&made.digest]) {
        assert_eq!(to.manifest_bytes(MIRROR, digest), from.manifest_bytes(ALPINE, digest), "{digest}");
        assert_eq!(to.manifest_media_type(MIRROR, digest), from.manifest_media_type(ALPINE, digest));
    }
    assert!(made.blobs.iter().all(|blob| to.has_blob(MIRROR, blob)));
    assert_eq!(report.blobs_copied, made.blobs.len() as u64);
    assert_eq!(report.bytes_copied, made.blob_bytes);
    assert_eq!(report.manifests_copied, 5);
    assert_eq!(report.warnings, []);
}

#[tokio::test]
async fn tag_that_moves_between_plan_and_copy_does_not_change_what_arrives() {
    let (from, to) = (upstream().await, ecr().await);
    from.add_image(ALPINE, "3.20", &PLATFORMS);
    let source = anonymous(&from);
    let planned = source.head_manifest(ALPINE, &tag("3.20")).await.unwrap().unwrap().digest;

    let moved = from.move_tag(ALPINE, "3.20");
    assert_ne!(moved.digest, planned.to_string());
    copy(&source, &planned.to_string(), &ecr_client(&to)).await.unwrap();

    assert_eq!(to.tag(MIRROR, "3.20"), Some(planned.to_string()));
    assert_eq!(to.manifest_bytes(MIRROR, &moved.digest), None);
}

#[tokio::test]
async fn children_come_before_the_index_and_the_tag_comes_last() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).attestations());
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();

    let requests = to.requests();
    let puts: Vec<&str> = requests
        .iter()
        .filter(|request| request.method == "PUT" && request.status == 201)
        .map(|request| request.path.rsplit('/').next().unwrap())
        .collect();
    let manifests = puts.iter().rev().take(5).rev().copied().collect::<Vec<_>>();
    assert_eq!(manifests.last(), Some(&"3.20"));
    assert!(manifests[..4].iter().all(|put| made.manifests.iter().any(|child| child == put)), "{puts:?}");
}

#[tokio::test]
async fn unknown_child_is_copied_as_it_is() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS).unknown_child());
    copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    let odd = made.manifests.last().unwrap();
    assert_eq!(to.manifest_media_type(MIRROR, odd).unwrap(), "application/vnd.example.thing.v1+json");
}

#[tokio::test]
async fn foreign_layer_is_left_out_with_a_warning() {
    let (from, to) = (upstream().await, ecr().await);
    let made = from.add(ALPINE, "3.20", &Image::new(&["windows/amd64"]).foreign_layer());
    let report = copy(&anonymous(&from), &made.digest, &ecr_client(&to)).await.unwrap();
    assert!(matches!(report.warnings.as_slice(), [oci_copy::Warning::ForeignLayerSkipped(_)]), "{report:?}");
    assert_eq!(to.tag(MIRROR, "3.20"), Some(made.digest));
}

#[tokio::test]
async fn schema_1_is_refused() {
    let (from, to) = (upstream().await, ecr().await);
    let media_type = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let digest = from.add_manifest(ALPINE, Some("3.20"), media_type, r#"{"schemaVersion":1}"#);
    let error = copy(&anonymous(&from), &digest, &ecr_client(&to)).await.unwrap_err();
    assert!(matches!(error, oci_copy::Error::UnsupportedManifest { .. }), "{error}");
    assert_eq!(to.tag(MIRROR, "3.20"), None);
}

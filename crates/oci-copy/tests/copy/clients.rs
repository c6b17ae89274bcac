//! What was copied, read by clients that are not ours, from a registry that is not ours either.

use oci_copy::{CancellationToken, CopyOptions, ReferrersReport, Registry, copy_referrers};
use registry_clients::{Client, DockerRegistry, Image as Stored};
use upstream_registry::Image;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn crane_and_skopeo_read_the_same_digests_from_debians_registry() {
    let Some(registry) = DockerRegistry::start() else { return };
    let from = upstream().await;
    let image = Image::new(&PLATFORMS).layers(2).attestations().odd_whitespace();
    let made = from.add(ALPINE, "3.20", &image);
    let to = Registry::builder(registry.host()).plain_http_loopback(true).build().unwrap();
    copy(&anonymous(&from), &made.digest, &to).await.unwrap();

    let stored = Stored {
        host: registry.host().to_owned(),
        repository: MIRROR.to_owned(),
        tag: "3.20".to_owned(),
        auth: None,
    };
    for client in Client::all() {
        let read = client.read(&stored);
        assert_eq!(read.len(), made.manifests.len() + 1, "{client:?}");
        for digest in made.manifests.iter().chain([&made.digest]) {
            let bytes = from.manifest_bytes(ALPINE, digest).unwrap();
            assert_eq!(read.get(digest).map(Vec::as_slice), Some(bytes.as_ref()), "{client:?}: {digest}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn list_of_referrers_kept_in_debians_registry_is_an_index_to_crane() {
    let Some(registry) = DockerRegistry::start() else { return };
    let from = upstream().await;
    let made = from.add(ALPINE, "3.20", &Image::new(&PLATFORMS));
    let artifact = from.add_referrer(ALPINE, &made.digest, "application/vnd.example.signature");
    let to = Registry::builder(registry.host()).plain_http_loopback(true).build().unwrap();
    copy(&anonymous(&from), &made.digest, &to).await.unwrap();
    let (options, cancel) = (CopyOptions::new(), CancellationToken::new());
    let mut report = ReferrersReport::default();
    let (source, root) = (anonymous(&from), digest(&made.digest));
    copy_referrers(&source, ALPINE, &root, &to, MIRROR, &options, &(), &cancel, &mut report).await.unwrap();
    let tag = made.digest.replacen(':', "-", 1);
    let stored = Stored { host: registry.host().to_owned(), repository: MIRROR.to_owned(), tag, auth: None };
    // Debian's skopeo drops artifactType from an index, and then refuses to read it with its digest.
    for client in Client::all().into_iter().filter(|client| matches!(client, Client::Crane(_))) {
        let read = client.read(&stored);
        let bytes = from.manifest_bytes(ALPINE, &artifact).unwrap();
        assert_eq!(read.get(&artifact).map(Vec::as_slice), Some(bytes.as_ref()), "{client:?}");
        assert_eq!(read.len(), 2, "{client:?}: the list and the artifact");
    }
}

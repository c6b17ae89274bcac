//! What the mirror has, read by clients that are not ours.

use acceptance::{Account, Stack, Workspace};
use registry_clients::{Client, Image as Stored};
use upstream_registry::Image;

use super::{NAME, PLATFORMS, REPOSITORY, docker_hub, mirror};

#[test]
fn crane_and_skopeo_read_upstreams_digests_from_the_mirror() {
    let account = Account::new();
    let upstream = docker_hub();
    let image = upstream.add(REPOSITORY, "v3", &Image::new(PLATFORMS).odd_whitespace().attestations());
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, &["v3"]));
    workspace.apply().expect_success();
    let host = Stack::shared().url().strip_prefix("http://").expect("plain http").to_owned();
    let authorized = account.aws(&["ecr", "get-authorization-token"]);
    let auth = authorized["authorizationData"][0]["authorizationToken"].as_str().map(str::to_owned);
    let stored = Stored { host, repository: NAME.to_owned(), tag: "v3".to_owned(), auth };
    for client in Client::all() {
        let read = client.read(&stored);
        assert_eq!(read.len(), image.manifests.len() + 1, "{client:?}");
        for digest in image.manifests.iter().chain([&image.digest]) {
            let bytes = upstream.manifest_bytes(REPOSITORY, digest).expect("a manifest");
            assert_eq!(read.get(digest).map(Vec::as_slice), Some(bytes.as_ref()), "{client:?}: {digest}");
        }
    }
}

//! skopeo (Debian package `skopeo`).

use std::path::Path;
use std::process::Command;

use acceptance::Account;
use serde_json::Value;

use super::{CACHED, apply, assert_cached, docker_hub, fetched_upstream, login, program, registry, run};

/// Copies the cached image, with all platforms, into a new directory; answers the digest of what arrived.
fn copy(skopeo: &Path, config: &Path, into: &Path) -> String {
    std::fs::create_dir(into).expect("a directory");
    let mut command = Command::new(skopeo);
    command
        .args(["--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false"])
        .arg("--src-authfile")
        .arg(config.join("config.json"))
        .arg(format!("docker://{}/{CACHED}:1", registry()))
        .arg(format!("oci:{}", into.join("layout").display()))
        .env("HOME", config)
        .env("TMPDIR", config);
    run(&mut command);
    let index = std::fs::read_to_string(into.join("layout/index.json")).expect("the layout's index");
    let index: Value = serde_json::from_str(&index).expect("an index in JSON");
    index["manifests"][0]["digest"].as_str().expect("a digest").to_owned()
}

#[test]
fn skopeo_pulls_through_the_rule_once() {
    let Some(skopeo) = program("skopeo") else { return };
    let (account, hub) = (Account::new(), docker_hub());
    let made = hub.add_image("library/busybox", "1", &["linux/amd64", "linux/arm64"]);
    let workspace = apply(&account, &hub);
    let config = login(&account, &workspace);
    assert_eq!(hub.pulls(), 0);

    assert_eq!(copy(&skopeo, &config, &workspace.directory().join("first")), made.digest);
    assert_cached(&account, &made.digest);
    // ECR pulled the index and its two images, with the login; the client fetched the blobs from upstream's host.
    assert_eq!(hub.pulls(), 3);
    assert_eq!(fetched_upstream(&account), made.blobs.len());

    assert_eq!(copy(&skopeo, &config, &workspace.directory().join("second")), made.digest);
    assert_eq!(hub.pulls(), 3, "cached");
    assert_eq!(fetched_upstream(&account), made.blobs.len(), "from ECR's own store");
}

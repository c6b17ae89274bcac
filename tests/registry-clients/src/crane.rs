//! crane, of go-containerregistry, installed by Go.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Image, Manifests, exists, installed, output};

/// The newest whose modules Debian's Go 1.19 takes.
const MODULE: &str = "github.com/google/go-containerregistry/cmd/crane@v0.16.1";

/// Builds it, which takes a while the first time; Go's own caches decide what is left to do.
pub(crate) fn install() -> Option<PathBuf> {
    if !exists("go") {
        return None;
    }
    let place = installed();
    let mut go = Command::new("go");
    // Nothing outside target is touched, and what is there can be removed.
    go.args(["install", "-modcacherw", MODULE]).env("GOPATH", &place).env("GOCACHE", place.join("build"));
    output(go.env("GOBIN", &place).env("GOFLAGS", "").env("CGO_ENABLED", "0").current_dir(&place));
    Some(place.join("crane"))
}

pub(crate) fn read(program: &Path, image: &Image) -> Manifests {
    let home = tempfile::tempdir().expect("a directory");
    image.write_login(home.path());
    let crane = |arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).arg("--insecure").env("DOCKER_CONFIG", home.path()).env("HOME", home.path());
        output(&mut command)
    };
    let digest = String::from_utf8(crane(&["digest", &image.tagged()])).expect("a digest").trim().to_owned();
    // By digest crane compares what it gets with it, blobs too.
    let by_digest = |digest: &str| crane(&["manifest", &format!("{}@{digest}", image.repository())]);
    let index = by_digest(&digest);
    let children: Vec<String> = descriptors(&index, "manifests");
    let mut manifests: Manifests =
        children.into_iter().map(|child| (child.clone(), by_digest(&child))).collect();
    manifests.insert(digest, index);
    for manifest in manifests.values() {
        for blob in ["config", "layers"].map(|member| descriptors(manifest, member)).concat() {
            crane(&["blob", &format!("{}@{blob}", image.repository())]);
        }
    }
    manifests
}

/// The digests of what a manifest names under `member`, one or several.
fn descriptors(manifest: &[u8], member: &str) -> Vec<String> {
    let parsed: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
    let member = &parsed[member];
    let several = member.as_array().into_iter().flatten();
    let all = several.chain(member.is_object().then_some(member));
    all.map(|entry| entry["digest"].as_str().expect("a digest").to_owned()).collect()
}

//! skopeo, of Debian.

use std::process::Command;

use crate::{Image, Manifests, exists, output};

pub(crate) fn is_there() -> bool {
    exists("skopeo")
}

/// Copies the image into a directory, with everything that the index names; a digest that would change is refused.
pub(crate) fn read(image: &Image) -> Manifests {
    let home = tempfile::tempdir().expect("a directory");
    let login = image.write_login(home.path());
    let copied = home.path().join("image");
    let mut copy = Command::new("skopeo");
    copy.args(["copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--src-authfile"])
        .arg(&login);
    copy.arg(format!("docker://{}", image.tagged())).arg(format!("dir:{}", copied.display()));
    output(copy.env("HOME", home.path()));
    let files = std::fs::read_dir(&copied).expect("the copied image");
    let paths = files.map(|file| file.expect("a file").path());
    let manifests = paths.filter(|path| path.to_string_lossy().ends_with("manifest.json"));
    manifests
        .map(|path| {
            let digest = output(Command::new("skopeo").arg("manifest-digest").arg(&path));
            let digest = String::from_utf8(digest).expect("a digest").trim().to_owned();
            (digest, std::fs::read(path).expect("a manifest"))
        })
        .collect()
}

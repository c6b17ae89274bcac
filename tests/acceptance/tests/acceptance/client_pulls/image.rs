//! An image that runs: Debian's static busybox, and a command that prints.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use upstream_registry::Registry;

/// Path of busybox in the image, and on the machine (Debian package `busybox-static`).
pub(super) const BUSYBOX: &str = "/bin/busybox";
pub(super) const PRINTS: &str = "pulled through";

/// Adds `library/busybox:1` for one platform, and answers its digest.
pub(super) fn add(hub: &Registry) -> String {
    let layer = archive("bin/busybox", &std::fs::read(BUSYBOX).expect("busybox"));
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture,
        "os": "linux",
        "config": {"Cmd": [BUSYBOX, "echo", PRINTS]},
        "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
    })
    .to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": digest(config.as_bytes()),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": digest(&layer),
            "size": layer.len(),
        }],
    });
    let repository = "library/busybox";
    hub.add_blob(repository, layer);
    hub.add_blob(repository, config);
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    hub.add_manifest(repository, Some("1"), media_type, manifest.to_string())
}

/// A tar archive of one executable file (POSIX ustar).
fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; 512];
    let size = format!("{:011o}\0", content.len());
    let mut set = |offset: usize, bytes: &[u8]| header[offset..offset + bytes.len()].copy_from_slice(bytes);
    for (offset, field) in
        [(0, name), (100, "0000755\0"), (108, "0000000\0"), (116, "0000000\0"), (124, &size)]
    {
        set(offset, field.as_bytes());
    }
    // The checksum counts its own field as spaces.
    for (offset, field) in [(136, "00000000000\0"), (148, "        "), (156, "0"), (257, "ustar\x0000")] {
        set(offset, field.as_bytes());
    }
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header.to_vec();
    archive.extend(content);
    // The content is filled up to a block; two empty blocks end the archive.
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

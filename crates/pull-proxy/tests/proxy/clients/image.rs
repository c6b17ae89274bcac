//! An image that runs: busybox, and a text that it prints.

use std::fs;
use std::io::Write as _;
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use upstream_registry::Registry;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// What the image prints.
pub(super) const GREETING: &str = "served from ECR";

/// Adds the image to a registry and gives the digest of its index.
pub(super) fn add(registry: &Registry, repository: &str, tag: &str) -> String {
    let tar = layer();
    let diff_id = oci_copy::Digest::sha256(&tar).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar).unwrap();
    let gzip = gzip.finish().unwrap();
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let config = json!({
        "architecture": architecture, "os": "linux",
        "config": {"Cmd": ["/bin/busybox", "echo", GREETING]},
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
    })
    .to_string();
    let blob = |media_type: &str, bytes: Vec<u8>| -> Value {
        let size = bytes.len();
        json!({"mediaType": media_type, "digest": registry.add_blob(repository, bytes), "size": size})
    };
    let (config, layer) = (blob(CONFIG, config.into_bytes()), blob(LAYER, gzip));
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}).to_string();
    let size = manifest.len();
    let digest = registry.add_manifest(repository, None, MANIFEST, manifest);
    let platform = json!({"architecture": architecture, "os": "linux"});
    let child = json!({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform});
    let attestation = attestation(registry, repository, &digest);
    let index =
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child, attestation]}).to_string();
    registry.add_manifest(repository, Some(tag), INDEX, index)
}

/// Adds where an image comes from, as BuildKit says it, and gives the entry of the index: Docker of today asks for its
/// referrers.
fn attestation(registry: &Registry, repository: &str, subject: &str) -> Value {
    let platform = json!({"architecture": "unknown", "os": "unknown"});
    let blob = |media_type: &str, content: &Value| -> Value {
        let bytes = content.to_string().into_bytes();
        let size = bytes.len();
        json!({"mediaType": media_type, "digest": registry.add_blob(repository, bytes), "size": size})
    };
    let predicate = "https://slsa.dev/provenance/v0.2";
    let mut statement = blob("application/vnd.in-toto+json", &json!({"predicateType": predicate}));
    statement["annotations"] = json!({"in-toto.io/predicate-type": predicate});
    let diff_ids = json!([statement["digest"]]);
    let mut config = platform.clone();
    config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    let config = blob(CONFIG, &config);
    let manifest =
        json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [statement]})
            .to_string();
    let size = manifest.len();
    let digest = registry.add_manifest(repository, None, MANIFEST, manifest);
    let annotations = json!({
        "vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": subject,
    });
    json!({
        "mediaType": MANIFEST, "digest": digest, "size": size,
        "platform": platform, "annotations": annotations,
    })
}

/// A tar archive with a busybox that needs no libraries.
fn layer() -> Vec<u8> {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("bin")).unwrap();
    fs::copy("/bin/busybox", root.path().join("bin/busybox")).unwrap();
    let mut tar = Command::new("tar");
    // The same bytes each time.
    tar.args(["--create", "--owner=0", "--group=0", "--mtime=@0", "--directory"]).arg(root.path()).arg("bin");
    let output = tar.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

use std::process::Command;

use upstream_registry::{Effect, Fault, Image, Operation};

use super::world::{World, in_namespace, run};

#[test]
fn skopeo_copies_a_name_of_docker_hub_from_ecr() {
    let name = "clients::skopeo::skopeo_copies_a_name_of_docker_hub_from_ecr";
    in_namespace(name, &["skopeo"], |mut world| async move {
        let registries = world.write("registries.conf", &super::podman::registries(&world));
        let copy = |world: &World, to: &str| {
            let mut copy = Command::new("skopeo");
            copy.args(["--insecure-policy", "--registries-conf"]).arg(&registries);
            copy.args(["copy", "--all", "--preserve-digests", "docker://docker.io/library/alpine:3.20"]);
            copy.arg(format!("dir:{}", world.path(to).display()));
            copy
        };
        run(&mut copy(&world, "image"));
        let index = std::fs::read(world.path("image/manifest.json")).unwrap();
        assert_eq!(oci_copy::Digest::sha256(&index).to_string(), world.digest);
        let again = copy(&world, "again");
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

/// Decision 0003 leaves large blobs to the client.
#[test]
fn skopeo_refuses_a_damaged_layer() {
    let name = "clients::skopeo::skopeo_refuses_a_damaged_layer";
    in_namespace(name, &["skopeo"], |world| async move {
        let doubles = crate::support::World::start("").await;
        let image = Image::new(&["linux/amd64"]).layers(1).layer_size(3 << 20);
        doubles.ecr.add("docker-hub/library/large", "1", &image);
        let address = doubles.proxy.url().replace("http://", "docker://");
        let copy = |to: &str| {
            let mut copy = Command::new("skopeo");
            copy.args(["--insecure-policy", "copy", "--all", "--preserve-digests", "--src-tls-verify=false"]);
            copy.arg(format!("{address}/library/large:1")).arg(format!("dir:{}", world.path(to).display()));
            copy
        };
        // The layer comes before the config; the double changes its last byte.
        doubles.ecr.inject(Fault::new(Operation::GetBlob, Effect::Corrupt));
        let refused = copy("damaged").output().unwrap();
        let text = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && text.contains("Digest did not match"), "{text}");
        assert!(!world.path("damaged/manifest.json").exists(), "an image with a damaged layer was stored");
        doubles.ecr.clear_faults();
        run(&mut copy("whole"));
        assert!(world.path("whole/manifest.json").exists());
    });
}

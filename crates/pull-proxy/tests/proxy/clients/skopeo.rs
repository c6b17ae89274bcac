use std::process::Command;

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

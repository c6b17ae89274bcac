use std::process::Command;

use super::world::{World, in_namespace, run};

/// `registries.conf` that makes the daemon Docker Hub's mirror (containers-registries.conf(5)).
pub(super) fn registries(world: &World) -> String {
    format!(
        "unqualified-search-registries = [\"docker.io\"]\n[[registry]]\nlocation = \"docker.io\"\n\
         [[registry.mirror]]\nlocation = \"{}\"\ninsecure = true\n",
        world.mirror()
    )
}

#[test]
fn podman_pulls_a_name_of_docker_hub_from_ecr() {
    let name = "clients::podman::podman_pulls_a_name_of_docker_hub_from_ecr";
    in_namespace(name, &["podman"], |mut world| async move {
        let registries = world.write("registries.conf", &registries(&world));
        let policy = world.write("policy.json", r#"{"default": [{"type": "insecureAcceptAnything"}]}"#);
        let podman = |world: &World| {
            let mut podman = Command::new("podman");
            podman.env("CONTAINERS_REGISTRIES_CONF", &registries).env("HOME", world.directory.path());
            podman.args(["--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"]);
            podman.arg("--root").arg(world.path("root")).arg("--runroot").arg(world.path("run"));
            podman
        };
        let pull = |world: &World| {
            let mut pull = podman(world);
            pull.args(["pull", "--signature-policy"]).arg(&policy).arg("alpine:3.20");
            pull
        };
        run(&mut pull(&world));
        let image = "docker.io/library/alpine:3.20";
        let found = run(podman(&world).args(["image", "inspect", "--format", "{{.RepoDigests}}", image]));
        assert!(found.contains(&world.digest), "{found} without {}", world.digest);
        run(podman(&world).args(["rmi", image]));
        let again = pull(&world);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

use std::process::Command;

use super::image::GREETING;
use super::world::{World, in_namespace, run};

#[test]
fn dockerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it() {
    let name = "clients::dockerd::dockerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it";
    in_namespace(name, &["dockerd", "docker"], |mut world| async move {
        let socket = format!("unix://{}", world.path("docker.sock").display());
        let docker = |world: &World| {
            let mut docker = Command::new("docker");
            docker.env("DOCKER_HOST", &socket).env("HOME", world.directory.path());
            docker
        };
        let mut dockerd = Command::new("dockerd");
        dockerd
            .arg("--data-root")
            .arg(world.path("root"))
            .arg("--exec-root")
            .arg(world.path("exec"))
            .arg("--pidfile")
            .arg(world.path("pid"))
            .args(["--host", &socket, "--registry-mirror", &world.proxy.url()])
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]);
        let mut ready = docker(&world);
        ready.arg("info");
        world.daemon(&mut dockerd, ready).await;
        let pull = |world: &World| {
            let mut pull = docker(world);
            pull.args(["pull", "alpine:3.20"]);
            pull
        };
        run(&mut pull(&world));
        let format = "{{index .RepoDigests 0}}";
        let found = run(docker(&world).args(["image", "inspect", "--format", format, "alpine:3.20"]));
        assert_eq!(found.trim(), format!("alpine@{}", world.digest));
        let printed = run(docker(&world).args(["run", "--rm", "--network", "none", "alpine:3.20"]));
        assert_eq!(printed.trim(), GREETING);
        run(docker(&world).args(["rmi", "alpine:3.20"]));
        let again = pull(&world);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

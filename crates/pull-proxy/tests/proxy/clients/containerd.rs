use std::process::Command;

use super::image::GREETING;
use super::world::{World, in_namespace, run};

#[test]
fn containerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it() {
    let name = "clients::containerd::containerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it";
    in_namespace(name, &["containerd", "ctr"], |mut world| async move {
        let hosts = format!(
            "server = \"https://registry-1.docker.io\"\n[host.\"http://{}\"]\ncapabilities = [\"pull\", \"resolve\"]\n",
            world.mirror()
        );
        world.write("certs.d/docker.io/hosts.toml", &hosts);
        let at = |name: &str| world.path(name).display().to_string();
        let config = format!(
            "version = 2\nroot = \"{}\"\nstate = \"{}\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\
             [grpc]\naddress = \"{}\"\n",
            at("root"),
            at("state"),
            at("socket")
        );
        let config = world.write("config.toml", &config);
        let ctr = |world: &World| {
            let mut ctr = Command::new("ctr");
            ctr.arg("--address").arg(world.path("socket"));
            ctr
        };
        let mut ready = ctr(&world);
        ready.arg("version");
        world.daemon(Command::new("containerd").arg("--config").arg(config), ready).await;
        let image = "docker.io/library/alpine:3.20";
        let pull = |world: &World| {
            let mut pull = ctr(world);
            pull.args(["images", "pull", "--hosts-dir"]).arg(world.path("certs.d")).arg(image);
            pull
        };
        run(&mut pull(&world));
        let found = run(ctr(&world).args(["images", "list", &format!("name=={image}")]));
        assert!(found.contains(&world.digest), "{found} without {}", world.digest);
        let printed = run(ctr(&world).args(["run", "--rm", image, "container"]));
        assert_eq!(printed.trim(), GREETING);
        // It names what it wants; the answer does so too.
        assert!(world.proxy.log().contains("\"registry\":\"docker.io\""));
        run(ctr(&world).args(["images", "remove", "--sync", image]));
        let again = pull(&world);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

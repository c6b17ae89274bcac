//! A current dockerd, on containerd's image store: it takes `hosts.toml` for any registry, and asks for referrers.

use serde_json::json;

use super::engine::{CLIENT, Engine};
use super::image::GREETING;
use super::world::{World, in_namespace_of_today, run};

const PROGRAMS: [&str; 1] = [CLIENT];
const IMAGE: &str = "alpine:3.20";

/// Asserts that what the engine wanted to know of the registry was answered, each with 200, the referrers too: anything
/// else would have sent it to the next host.
fn answered_everything(world: &World, registry: &str) {
    let log = world.proxy.log();
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let requests: Vec<_> =
        lines.filter(|line| line["message"] == "request" && line["registry"] == registry).collect();
    for operation in ["manifest", "blob", "referrers"] {
        assert!(requests.iter().any(|request| request["operation"] == operation), "no {operation}: {log}");
    }
    assert!(requests.iter().all(|request| request["status"] == 200), "{requests:?}");
}

#[test]
fn current_dockerd_pulls_a_name_of_docker_hub_by_its_mirrors_and_runs_it() {
    let name =
        "clients::dockerd_of_today::current_dockerd_pulls_a_name_of_docker_hub_by_its_mirrors_and_runs_it";
    in_namespace_of_today(name, &PROGRAMS, |mut world| async move {
        let settings = json!({"registry-mirrors": [world.proxy.url()]});
        let engine = Engine::start(&mut world, &settings).await;
        let info = ["info", "--format", "{{.ServerVersion}} {{.DriverStatus}}"];
        let info = run(&mut engine.docker(&world, &info));
        assert!(info.contains("io.containerd.snapshotter"), "not containerd's image store: {info}");
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        assert_eq!(engine.pulled(&world, IMAGE), format!("alpine@{}", world.digest));
        answered_everything(&world, "docker.io");
        // Our runc is built without libseccomp.
        let options = ["--security-opt", "seccomp=unconfined"];
        assert_eq!(engine.printed(&world, IMAGE, &options), GREETING);
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        let again = engine.docker(&world, &["pull", IMAGE]);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

#[test]
fn current_dockerd_with_the_daemon_as_server_never_goes_to_docker_hub() {
    let name =
        "clients::dockerd_of_today::current_dockerd_with_the_daemon_as_server_never_goes_to_docker_hub";
    in_namespace_of_today(name, &PROGRAMS, |mut world| async move {
        let hosts = "certs.d/docker.io/hosts.toml";
        world.write_docker(hosts, &format!("server = \"{}\"\n", world.proxy.url()));
        let engine = Engine::start(&mut world, &json!({})).await;
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        assert_eq!(engine.pulled(&world, IMAGE), format!("alpine@{}", world.digest));
        answered_everything(&world, "docker.io");
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        world.stop_proxy().await;
        world.stays_away_from_docker_hub(engine.docker(&world, &["pull", IMAGE]));
        // The control: it reads the file at each pull, and as a mirror the daemon is passed by.
        let mirror = format!(
            "server = \"https://registry-1.docker.io\"\n[host.\"{}\"]\ncapabilities = [\"pull\", \"resolve\"]\n",
            world.proxy.url()
        );
        world.write_docker(hosts, &mirror);
        world.goes_to_docker_hub(engine.docker(&world, &["pull", IMAGE]));
    });
}

#[test]
fn current_dockerd_pulls_a_name_of_another_registry_that_has_a_rule() {
    let name = "clients::dockerd_of_today::current_dockerd_pulls_a_name_of_another_registry_that_has_a_rule";
    in_namespace_of_today(name, &PROGRAMS, |mut world| async move {
        let image = "quay.io/org/app:1";
        world.write_docker("certs.d/quay.io/hosts.toml", &format!("server = \"{}\"\n", world.proxy.url()));
        let engine = Engine::start(&mut world, &json!({})).await;
        run(&mut engine.docker(&world, &["pull", image]));
        assert_eq!(engine.pulled(&world, image), format!("quay.io/org/app@{}", world.digest));
        answered_everything(&world, "quay.io");
        run(&mut engine.docker(&world, &["rmi", image]));
        world.stop_proxy().await;
        world.stays_away_from_docker_hub(engine.docker(&world, &["pull", image]));
        world.write_docker("certs.d/quay.io/hosts.toml", "");
        world.goes_to_docker_hub(engine.docker(&world, &["pull", image]));
    });
}

#[test]
fn nested_current_dockerd_pulls_over_the_address_for_containers() {
    let name = "clients::dockerd_of_today::nested_current_dockerd_pulls_over_the_address_for_containers";
    in_namespace_of_today(name, &PROGRAMS, |mut world| async move {
        let settings = world.nested_engine();
        let engine = Engine::start(&mut world, &settings).await;
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        assert_eq!(engine.pulled(&world, IMAGE), format!("alpine@{}", world.digest));
        answered_everything(&world, "docker.io");
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        let again = engine.docker(&world, &["pull", IMAGE]);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

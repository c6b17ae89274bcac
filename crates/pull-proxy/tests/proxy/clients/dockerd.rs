//! Debian's dockerd, whose image store knows mirrors of Docker Hub alone.

use std::time::{Duration, Instant};

use serde_json::json;

use super::engine::{CLIENT, Engine};
use super::image::GREETING;
use super::world::{World, in_namespace, run};

const PROGRAMS: [&str; 2] = ["dockerd", CLIENT];
const IMAGE: &str = "alpine:3.20";

/// An engine with the daemon as its mirror.
async fn engine(world: &mut World) -> Engine {
    let settings = json!({"registry-mirrors": [world.proxy.url()]});
    Engine::start(world, &settings).await
}

#[test]
fn dockerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it() {
    let name = "clients::dockerd::dockerd_pulls_a_name_of_docker_hub_from_ecr_and_runs_it";
    in_namespace(name, &PROGRAMS, |mut world| async move {
        let engine = engine(&mut world).await;
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        assert_eq!(engine.pulled(&world, IMAGE), format!("alpine@{}", world.digest));
        assert_eq!(engine.printed(&world, IMAGE, &[]), GREETING);
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        let again = engine.docker(&world, &["pull", IMAGE]);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

#[test]
fn dockerd_stays_inside_without_the_daemon_when_docker_hubs_names_lead_nowhere() {
    let name =
        "clients::dockerd::dockerd_stays_inside_without_the_daemon_when_docker_hubs_names_lead_nowhere";
    in_namespace(name, &PROGRAMS, |mut world| async move {
        world.block_docker_hub(true);
        let engine = engine(&mut world).await;
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        world.stop_proxy().await;
        world.stays_away_from_docker_hub(engine.docker(&world, &["pull", IMAGE]));
        // The control. Go remembers what names lead to for some seconds.
        world.block_docker_hub(false);
        let began = Instant::now();
        while world.hub_connections() == 0 {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "nothing is counted, so the zero says nothing"
            );
            assert!(!engine.docker(&world, &["pull", IMAGE]).output().unwrap().status.success());
        }
    });
}

#[test]
fn nested_dockerd_pulls_over_the_address_for_containers() {
    let name = "clients::dockerd::nested_dockerd_pulls_over_the_address_for_containers";
    in_namespace(name, &PROGRAMS, |mut world| async move {
        let settings = world.nested_engine();
        let engine = Engine::start(&mut world, &settings).await;
        run(&mut engine.docker(&world, &["pull", IMAGE]));
        assert_eq!(engine.pulled(&world, IMAGE), format!("alpine@{}", world.digest));
        run(&mut engine.docker(&world, &["rmi", IMAGE]));
        let again = engine.docker(&world, &["pull", IMAGE]);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

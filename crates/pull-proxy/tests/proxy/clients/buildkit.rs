//! BuildKit, in a current dockerd and by itself, builds upon a name of Docker Hub.

use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::engine::{CLIENT, Engine};
use super::world::{World, in_namespace_of_today, run_with_progress};

/// What the image that is built prints.
const BUILT: &str = "built upon ECR";

/// A directory with a Dockerfile.
fn context(world: &World) -> PathBuf {
    world.write("context/greeting", BUILT);
    let dockerfile =
        "FROM alpine:3.20\nCOPY greeting /greeting\nCMD [\"/bin/busybox\", \"cat\", \"/greeting\"]\n";
    world.write("context/Dockerfile", dockerfile).parent().unwrap().to_owned()
}

#[test]
fn docker_build_on_a_current_dockerd_takes_its_base_from_ecr() {
    let name = "clients::buildkit::docker_build_on_a_current_dockerd_takes_its_base_from_ecr";
    in_namespace_of_today(name, &[CLIENT], |mut world| async move {
        let settings = json!({"registry-mirrors": [world.proxy.url()]});
        let engine = Engine::start(&mut world, &settings).await;
        let context = context(&world).display().to_string();
        let build = |world: &World| {
            let arguments = ["build", "--pull", "--progress=plain", "--tag=built", &context];
            let mut build = engine.docker(world, &arguments);
            build.env("DOCKER_BUILDKIT", "1");
            build
        };
        let (_, progress) = run_with_progress(&mut build(&world));
        assert!(progress.contains(&world.digest), "{progress} without {}", world.digest);
        let options = ["--security-opt", "seccomp=unconfined"];
        assert_eq!(engine.printed(&world, "built", &options), BUILT);
        let again = build(&world);
        world.goes_to_docker_hub_without_proxy(again).await;
    });
}

#[test]
fn buildkitd_takes_its_base_from_ecr_over_the_address_for_containers() {
    let name = "clients::buildkit::buildkitd_takes_its_base_from_ecr_over_the_address_for_containers";
    in_namespace_of_today(name, &[], |mut world| async move {
        let mirror = world.mirror_for_containers();
        let config = world.write(
            "buildkitd.toml",
            &format!(
                "[registry.\"docker.io\"]\nmirrors = [\"{mirror}\"]\n[registry.\"{mirror}\"]\nhttp = true\n"
            ),
        );
        let address = format!("unix://{}", world.path("buildkitd.sock").display());
        let buildctl = || {
            let mut buildctl = Command::new("buildctl");
            buildctl.args(["--addr", &address]);
            buildctl
        };
        let mut buildkitd = Command::new("buildkitd");
        buildkitd.arg("--config").arg(config).arg("--root").arg(world.path("root"));
        buildkitd.args(["--addr", &address, "--oci-worker-net=host", "--containerd-worker=false"]);
        let mut ready = buildctl();
        ready.args(["debug", "workers"]);
        world.daemon(&mut buildkitd, ready).await;
        let context = context(&world).display().to_string();
        let build = || {
            let mut build = buildctl();
            build.args(["build", "--no-cache", "--progress=plain", "--frontend=dockerfile.v0"]);
            for local in ["context", "dockerfile"] {
                build.arg("--local").arg(format!("{local}={context}"));
            }
            build
        };
        let (_, progress) = run_with_progress(&mut build());
        assert!(progress.contains(&world.digest), "{progress} without {}", world.digest);
        world.goes_to_docker_hub_without_proxy(build()).await;
    });
}

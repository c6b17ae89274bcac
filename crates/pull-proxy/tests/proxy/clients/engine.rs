//! A Docker engine with its client, whichever `dockerd` the PATH has first.

use std::process::Command;

use serde_json::Value;

use super::world::{World, run};

/// Debian's client: it speaks to old engines and new ones, and builds with BuildKit without a plugin.
pub(super) const CLIENT: &str = "/usr/bin/docker";

pub(super) struct Engine {
    socket: String,
}

impl Engine {
    /// Starts one with these settings as its `daemon.json`.
    pub(super) async fn start(world: &mut World, settings: &Value) -> Self {
        world.write_docker("daemon.json", &settings.to_string());
        let engine = Self { socket: format!("unix://{}", world.path("docker.sock").display()) };
        let mut dockerd = Command::new("dockerd");
        dockerd
            .arg("--data-root")
            .arg(world.path("root"))
            .arg("--exec-root")
            .arg(world.path("exec"))
            .arg("--pidfile")
            .arg(world.path("pid"))
            .args(["--host", &engine.socket])
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"]);
        let ready = engine.docker(world, &["info"]);
        world.daemon(&mut dockerd, ready).await;
        engine
    }

    /// The client, with these arguments.
    pub(super) fn docker(&self, world: &World, arguments: &[&str]) -> Command {
        let mut docker = Command::new(CLIENT);
        docker.args(arguments).env("DOCKER_HOST", &self.socket).env("HOME", world.directory.path());
        docker
    }

    /// The name and digest that an image was pulled by.
    pub(super) fn pulled(&self, world: &World, image: &str) -> String {
        let format = "{{index .RepoDigests 0}}";
        run(&mut self.docker(world, &["image", "inspect", "--format", format, image])).trim().to_owned()
    }

    /// What a container of the image prints.
    pub(super) fn printed(&self, world: &World, image: &str, options: &[&str]) -> String {
        let arguments = [&["run", "--rm", "--network", "none"], options, &[image]].concat();
        run(&mut self.docker(world, &arguments)).trim().to_owned()
    }
}

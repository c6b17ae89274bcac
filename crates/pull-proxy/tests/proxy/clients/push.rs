//! A job that has the engine's socket builds from a name of Docker Hub and pushes to ECR, and logs in nowhere.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::engine::{CLIENT, Engine};
use super::image;
use super::world::{World, in_namespace, run};
use crate::support::{ECR, eventually};

const CONFIG_DIRECTORY: &str = "/run/ecr-pull-proxy/docker";

/// What GitLab Runner's Docker executor starts for a job: the socket, and the directory with the login, read-only.
///
/// The image has busybox alone, so that the Docker client comes from this machine.
fn job(engine: &Engine, world: &World, login: &Path, options: &[&str], words: &[&str]) -> Command {
    let mut run = engine.docker(world, &["run", "--rm", "--network", "none"]);
    let mut volume = |from: &Path, to: &str| {
        run.arg("--volume").arg(format!("{}:{to}", from.display()));
    };
    for path in ["/usr", "/lib", "/lib64"] {
        if Path::new(path).exists() {
            volume(Path::new(path), &format!("{path}:ro"));
        }
    }
    volume(&world.path("docker.sock"), "/var/run/docker.sock");
    volume(&world.path("context"), "/context:ro");
    volume(login, &format!("{CONFIG_DIRECTORY}:ro"));
    run.args(["--env", "DOCKER_BUILDKIT=0"]).args(options).arg("alpine:3.20").args(words);
    run
}

/// A runtime directory as systemd makes it for a user that exists while the unit runs, where it outlives restarts: a link
/// to where nobody but root comes (systemd.exec(5), `DynamicUser=` and `RuntimeDirectoryPreserve=`).
fn runtime_directory(memory: &Path) -> PathBuf {
    let (private, link) = (memory.join("private"), memory.join("docker"));
    for (directory, mode) in [(&private, 0o700), (&private.join("docker"), 0o755)] {
        std::fs::create_dir(directory).unwrap();
        std::fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
    }
    std::os::unix::fs::symlink(private.join("docker"), &link).unwrap();
    link
}

#[test]
fn job_with_the_socket_builds_from_docker_hub_and_pushes_to_ecr_without_a_login() {
    let name = "clients::push::job_with_the_socket_builds_from_docker_hub_and_pushes_to_ecr_without_a_login";
    in_namespace(name, &["dockerd", CLIENT], |mut world| async move {
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        let login = runtime_directory(memory.path());
        let push = format!(
            "[push]\nrole_arn = \"arn:aws:iam::123456789012:role/ci-push\"\nrepositories = [\"{ECR}/team/*\"]\n\
             docker_config = \"{}/config.json\"\n",
            login.display()
        );
        world.restart(&push).await;
        image::add(&world.aws.upstream, "docker/library/busybox", "1.37");
        world.write("context/Dockerfile", "FROM busybox:1.37\nCOPY Dockerfile /built-by-a-job\n");
        for repository in ["team/app", "mirror/app"] {
            world.aws.ecr("CreateRepository", &json!({"repositoryName": repository})).await;
        }
        let settings = json!({"registry-mirrors": [world.proxy.url()], "insecure-registries": [ECR]});
        let engine = Engine::start(&mut world, &settings).await;
        eventually("the login", || login.join("config.json").exists().then_some(())).await;

        let config = format!("DOCKER_CONFIG={CONFIG_DIRECTORY}");
        let with_login = |words: &[&str]| job(&engine, &world, &login, &["--env", &config], words);
        let team = format!("{ECR}/team/app:1");
        run(&mut with_login(&["docker", "build", "--tag", &team, "/context"]));
        assert_eq!(world.hub_connections(), 0, "the build went to Docker Hub");

        let without = job(&engine, &world, &login, &[], &["docker", "push", &team]).output().unwrap();
        refused(&without, "no basic auth credentials");
        let pushed = run(&mut with_login(&["docker", "push", &team]));
        let images = world.aws.ecr("DescribeImages", &json!({"repositoryName": "team/app"})).await;
        let image = &images["imageDetails"][0];
        assert_eq!(image["imageTags"], json!(["1"]), "{images}");
        assert!(pushed.contains(image["imageDigest"].as_str().unwrap()), "{pushed}{images}");
        for repository in ["mirror/app", "ecr-public/docker/library/busybox"] {
            let name = format!("{ECR}/{repository}:1.37");
            run(&mut engine.docker(&world, &["tag", &team, &name]));
            refused(&with_login(&["docker", "push", &name]).output().unwrap(), "denied");
        }
        // A job may run as any user.
        let mut any = job(
            &engine,
            &world,
            &login,
            &["--user", "12345"],
            &["busybox", "cat", "/run/ecr-pull-proxy/docker/config.json"],
        );
        assert!(run(&mut any).contains(ECR));

        let calls = world.aws.gateway.calls("123456789012");
        let session = "arn:aws:sts::123456789012:assumed-role/ci-push/ecr-pull-proxy";
        let put: Vec<_> = calls.iter().filter(|call| call.action == "PutManifest").collect();
        assert!(
            !put.is_empty() && put.iter().all(|call| call.session.as_deref() == Some(session)),
            "{put:?}"
        );
        let pulls =
            calls.iter().filter(|call| call.action.ends_with("Manifest") && call.path.contains("busybox"));
        assert!(pulls.clone().any(|call| call.session.is_none()), "the proxy pulls as itself");
    });
}

#[track_caller]
fn refused(output: &Output, text: &str) {
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains(text), "{said}");
}

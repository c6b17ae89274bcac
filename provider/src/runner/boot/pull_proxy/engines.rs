//! What the engines of a worker are told, so that they ask the proxy; and, where nothing may go past it, what keeps them
//! from asking Docker Hub.

use std::fmt::Write as _;

use pull_proxy::rules::DOCKER_HUB;
use serde_json::json;
use toml::{Table, Value};

use super::super::bundle::Bundle;
use super::jobs::{BUILDKIT_CONFIG, NESTED_DAEMON_JSON};
use super::{Fallback, LOCAL, NESTED, PullProxy};

/// The registry behind the name `docker.io`.
const DOCKER_HUB_REGISTRY: &str = "registry-1.docker.io";
/// Names by which an engine finds Docker Hub's registry and its logins.
const DOCKER_HUB_NAMES: &str = "docker.io index.docker.io registry-1.docker.io auth.docker.io";
/// Folders in which engines look for `<registry>/hosts.toml`.
const HOSTS_DIRECTORIES: [&str; 2] = ["/etc/docker/certs.d", "/etc/containerd/certs.d"];

pub(super) fn add(proxy: &PullProxy, bundle: &mut Bundle) {
    for host in proxy.upstream_hosts() {
        let text = hosts_toml(host, proxy.fallback);
        for directory in HOSTS_DIRECTORIES {
            bundle.file(format!("{directory}/{}/hosts.toml", directory_name(host)), 0o644, text.as_str());
        }
    }
    bundle.file(BUILDKIT_CONFIG, 0o644, buildkitd_toml(proxy));
    if proxy.serves_docker_hub() {
        bundle.file(NESTED_DAEMON_JSON, 0o644, nested_daemon_json());
        if proxy.fallback == Fallback::None {
            bundle
                // An image that has /etc/hosts written anew at each boot would open the way again.
                .file("/etc/cloud/cloud.cfg.d/99-ecrunner.cfg", 0o644, "manage_etc_hosts: false\n")
                .prepare("blocking Docker Hub", block_docker_hub());
        }
    }
}

/// `registry-mirrors` of the worker's own engine, which takes them for Docker Hub only.
pub fn registry_mirrors(proxy: &PullProxy) -> Option<String> {
    proxy.serves_docker_hub().then(|| format!("http://{LOCAL}"))
}

/// Read by containerd, and by Docker from 28 on. With the proxy as `server` there is no other way; as `host` it is asked
/// before the server.
pub(super) fn hosts_toml(host: &str, fallback: Fallback) -> String {
    let proxy = format!("http://{LOCAL}");
    let mut asked = Table::from_iter([
        ("capabilities".to_owned(), Value::from(vec!["pull", "resolve"])),
        // On loopback who does not answer at once is not there; the default is 30 seconds.
        ("dial_timeout".to_owned(), Value::from("1s")),
    ]);
    match fallback {
        Fallback::None => {
            asked.insert("server".to_owned(), Value::from(proxy));
            asked.to_string()
        }
        Fallback::Upstream => {
            let server = if host == DOCKER_HUB { DOCKER_HUB_REGISTRY } else { host };
            Table::from_iter([
                ("server".to_owned(), Value::from(format!("https://{server}"))),
                ("host".to_owned(), Value::from(Table::from_iter([(proxy, Value::from(asked))]))),
            ])
            .to_string()
        }
    }
}

/// How engines name the folder of a registry: a port is put between underscores.
fn directory_name(host: &str) -> String {
    host.split_once(':').map_or_else(|| host.to_owned(), |(name, port)| format!("{name}_{port}_"))
}

/// For a buildkitd in a container.
pub(super) fn buildkitd_toml(proxy: &PullProxy) -> String {
    let mirrored = |host: &str| {
        let mirrors = Table::from_iter([("mirrors".to_owned(), Value::from(vec![NESTED]))]);
        (host.to_owned(), Value::from(mirrors))
    };
    let mut registries: Table = proxy.upstream_hosts().into_iter().map(mirrored).collect();
    let plain = Table::from_iter([("http".to_owned(), Value::from(true))]);
    registries.insert(NESTED.to_owned(), Value::from(plain));
    Table::from_iter([("registry".to_owned(), Value::from(registries))]).to_string()
}

/// For a dockerd in a container. Docker 25 to 27 builds by plain HTTP only with registries that are called insecure.
fn nested_daemon_json() -> String {
    let config = json!({
        "registry-mirrors": [format!("http://{NESTED}")],
        "insecure-registries": [NESTED],
    });
    format!("{config:#}\n")
}

/// Engines without `hosts.toml` go to Docker Hub when their mirror fails: to addresses where nobody listens.
fn block_docker_hub() -> String {
    let mut shell = String::new();
    for nowhere in ["0.0.0.0", "::"] {
        let line = format!("{nowhere} {DOCKER_HUB_NAMES}");
        let _ = writeln!(shell, "grep -qxF '{line}' /etc/hosts || printf '\\n%s\\n' '{line}' >>/etc/hosts");
    }
    shell
}

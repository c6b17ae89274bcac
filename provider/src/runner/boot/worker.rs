//! The worker's bundle: Docker Engine, its configuration, the pull proxy, and the user that the runner manager connects as.

use serde_json::{Map, Value, json};

use super::bundle::{BootError, Bundle};
use super::pull_proxy::{self, PullProxy};
use super::setup::{OperatingSystem, Setup};
use super::{FAILED_MARKER, READY_MARKER};

/// Longest wait of [`ready_command`], in seconds: packages of a slow mirror, and an `extra_script`.
const READY_LIMIT_SECONDS: u32 = 900;

/// What a worker gets at first boot.
///
/// Nothing on it restarts Docker on its own account while jobs run: Ubuntu's unattended upgrades are off, since a
/// worker lives for hours and gets updates with its image; Amazon Linux 2023 installs what the image's release has.
pub fn bundle(setup: &Setup, proxy: Option<&PullProxy>) -> Bundle {
    let mut bundle = Bundle::new(setup.operating_system);
    let user = setup.user();
    let mirror = proxy.and_then(pull_proxy::registry_mirrors);
    bundle.file("/etc/docker/daemon.json", 0o644, daemon_json(setup.daemon_json.as_deref(), mirror));
    if setup.operating_system == OperatingSystem::Ubuntu2404 {
        bundle.file("/etc/apt/apt.conf.d/99ecrunner", 0o644, "APT::Periodic::Enable \"0\";\n");
    }
    bundle.package(setup.docker());
    for package in setup.extra_packages.iter().flatten() {
        bundle.package(package.as_str());
    }
    if let Some(proxy) = proxy {
        proxy.add_to(&mut bundle);
    }
    bundle
        // Ubuntu's package starts the service, Amazon Linux's does not. The configuration was there before either.
        .command(
            "checking the Docker configuration",
            "dockerd --validate --config-file /etc/docker/daemon.json",
        )
        .command("starting Docker", "systemctl enable --now docker.service")
        .command("adding the user to the group docker", format!("usermod --append --groups docker {user}"))
        // As that user, in a new session: what the runner manager will do.
        .command("asking Docker", format!("runuser -u {user} -- docker info >/dev/null"));
    if let Some(script) = &setup.extra_script {
        bundle.extra_script(script);
    }
    bundle
}

/// What to write as `instance_ready_command`: waits for the marker file, and fails as soon as boot did.
///
/// Docker is not asked here but at boot: the session may be older than the user's place in the group `docker`. Nor is
/// `cloud-init status --wait`, which also fails on mere warnings.
pub fn ready_command() -> String {
    format!(
        "n=0; until [ -e {READY_MARKER} ]; do [ ! -e {FAILED_MARKER} ] && [ $n -lt {READY_LIMIT_SECONDS} ] || exit 1; \
         n=$((n + 1)); sleep 1; done"
    )
}

/// The argument that keeps a worker's user data from being sent.
pub fn cause(error: &BootError) -> &'static str {
    match error {
        BootError::TooLarge { largest, .. }
            if largest.first().is_some_and(|(path, _)| path == pull_proxy::CONFIG) =>
        {
            "pull_proxy"
        }
        _ => "setup",
    }
}

/// What in a setup would keep Docker from starting, or from asking the pull proxy where that serves Docker Hub; as
/// sentences, which concern `daemon_json`.
pub fn conflict(setup: &Setup, docker_hub_is_served: bool) -> Option<&'static str> {
    let Ok(Value::Object(theirs)) = serde_json::from_str(setup.daemon_json.as_deref()?) else { return None };
    if docker_hub_is_served && theirs.contains_key("registry-mirrors") {
        return Some(
            "pull_proxy serves Docker Hub, for which registry-mirrors names the proxy. Remove registry-mirrors, or the \
             names of docker.io from mirrors and rules of pull_proxy.",
        );
    }
    // Amazon Linux's /etc/sysconfig/docker passes the flag, and dockerd takes a setting from one place only.
    let twice =
        setup.operating_system == OperatingSystem::AmazonLinux2023 && theirs.contains_key("default-ulimits");
    twice.then_some(
        "Amazon Linux passes default ulimits to dockerd as a flag, and dockerd does not start with a setting that is \
         in daemon.json too. Remove default-ulimits; extra_script can change OPTIONS in /etc/sysconfig/docker.",
    )
}

/// Ours, with the practitioner's merged over it. That it is an object was checked before.
fn daemon_json(merged: Option<&str>, registry_mirror: Option<String>) -> String {
    let mut ours = json!({
        // Jobs outlive a restart of the daemon.
        "live-restore": true,
        // A job that prints without end must not fill the disk.
        "log-driver": "json-file",
        "log-opts": { "max-size": "10m", "max-file": "3" },
        // The same image store whatever the engine's version.
        "features": { "containerd-snapshotter": false },
    });
    if let Some(mirror) = registry_mirror {
        ours["registry-mirrors"] = json!([mirror]);
    }
    if let (Some(Ok(Value::Object(theirs))), Value::Object(ours)) =
        (merged.map(serde_json::from_str), &mut ours)
    {
        // Other drivers refuse these options, and the daemon would not start.
        let driver = theirs.get("log-driver").and_then(Value::as_str).unwrap_or("json-file");
        if !matches!(driver, "json-file" | "local") {
            ours.remove("log-opts");
        }
        merge(ours, theirs);
    }
    format!("{ours:#}\n")
}

/// JSON merge patch. Source: RFC 7396.
fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (_, Value::Null) => {
                into.remove(&key);
            }
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_practitioners_daemon_json_wins_key_by_key_and_null_takes_away() {
        let merged =
            daemon_json(Some(r#"{"log-opts": {"max-size": "1g"}, "live-restore": null, "mtu": 1400}"#), None);
        assert_eq!(
            keys(&merged),
            json!({
                "log-driver": "json-file",
                "log-opts": { "max-size": "1g", "max-file": "3" },
                "features": { "containerd-snapshotter": false },
                "mtu": 1400
            })
        );
    }

    #[test]
    fn options_of_one_log_driver_are_not_given_to_another() {
        let options = |text: &str| keys(&daemon_json(Some(text), None))["log-opts"].clone();
        assert_eq!(options(r#"{"log-driver": "journald"}"#), Value::Null);
        assert_eq!(options(r#"{"log-driver": "local"}"#)["max-size"], "10m");
    }

    #[test]
    fn what_the_service_passes_as_a_flag_is_refused_where_it_does() {
        let setup = |operating_system| Setup {
            operating_system,
            daemon_json: Some(r#"{"default-ulimits": {}}"#.to_owned()),
            ..Setup::default()
        };
        assert!(conflict(&setup(OperatingSystem::AmazonLinux2023), false).is_some());
        assert_eq!(conflict(&setup(OperatingSystem::Ubuntu2404), false), None);
        assert_eq!(conflict(&Setup::default(), true), None);
    }

    #[test]
    fn mirrors_of_the_practitioner_are_refused_where_ours_is_needed() {
        for daemon_json in
            [r#"{"registry-mirrors": ["https://mirror.example.com"]}"#, r#"{"registry-mirrors": null}"#]
        {
            let setup = Setup { daemon_json: Some(daemon_json.to_owned()), ..Setup::default() };
            assert!(conflict(&setup, true).is_some_and(|problem| problem.contains("registry-mirrors")));
            assert_eq!(conflict(&setup, false), None);
        }
    }

    #[test]
    fn docker_is_not_asked_in_the_managers_first_session() {
        assert!(!ready_command().contains("docker"));
    }

    #[test]
    fn extra_script_keeps_its_interpreter_and_runs_last() {
        let setup = |script: &str| Setup { extra_script: Some(script.to_owned()), ..Setup::default() };
        let plain = bundle(&setup("echo hello"), None).user_data().unwrap();
        assert!(plain.plain().contains("#!/bin/sh\\necho hello"));
        let windows = bundle(&setup("echo hello\r\n"), None).user_data().unwrap();
        assert_eq!(plain, windows);
        let python = bundle(&setup("#!/usr/bin/python3\nprint()"), None).user_data().unwrap();
        assert!(python.plain().contains("\"#!/usr/bin/python3"));
        let text = plain.plain();
        let last = text.find("step='running extra_script'").unwrap();
        assert!(last > text.find("docker info").unwrap() && last < text.find("telling success").unwrap());
    }
}

//! The units for systemd: understood, as well protected as they say, and in step with the daemon.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::file;

const SERVICE: &str = "ecr-pull-proxy.service";
const SOCKET: &str = "ecr-pull-proxy.socket";
/// What `systemd-analyze security` finds open, and has to: the daemon uses the network and sockets, on the machine's own
/// root directory. It has no device besides those that every process has. What a dynamic user implies is checked as well,
/// whether the unit says it or not.
const OPEN: [&str; 7] = [
    "DeviceAllow",
    "IPAddressDeny",
    "PrivateMounts",
    "PrivateNetwork",
    "RestrictAddressFamilies_AF_INET_INET6",
    "RestrictAddressFamilies_AF_UNIX",
    "RootDirectoryOrRootImage",
];

fn unit(name: &str) -> String {
    std::fs::read_to_string(file("systemd").join(name)).unwrap()
}

/// The settings of a unit; of one that stands several times the last.
fn settings(name: &str) -> BTreeMap<String, String> {
    let unit = unit(name);
    let lines = unit.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(key, value)| (key.into(), value.into())).collect()
}

/// `systemd-analyze`, or a line that says that it is missing.
fn analyze() -> Option<Command> {
    if Command::new("systemd-analyze").arg("--version").output().is_ok() {
        return Some(Command::new("systemd-analyze"));
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "no systemd-analyze");
    eprintln!("skipped: no systemd-analyze to check the units");
    None
}

#[test]
fn units_are_understood_by_systemd() {
    let directory = tempfile::tempdir().unwrap();
    for name in [SERVICE, SOCKET] {
        // The program is not where the unit has it.
        let unit = unit(name).replace("/usr/local/bin/ecr-pull-proxy", env!("CARGO_BIN_EXE_ecr-pull-proxy"));
        std::fs::write(directory.path().join(name), unit).unwrap();
    }
    for name in [SERVICE, SOCKET] {
        let Some(mut verify) = analyze() else { return };
        let verify = verify.args(["verify", "--man=no"]).arg(directory.path().join(name)).output().unwrap();
        // Unknown keys are warnings only, so any word about our units is a failure.
        let text = String::from_utf8_lossy(&verify.stderr).into_owned();
        let ours: Vec<&str> = text.lines().filter(|line| line.contains("ecr-pull-proxy")).collect();
        assert!(verify.status.success() && ours.is_empty(), "{text}");
    }
}

#[test]
fn service_may_do_nothing_that_it_does_not_need() {
    let Some(mut security) = analyze() else { return };
    security.args(["security", "--offline=true", "--no-pager", "--json=short"]);
    let output = security.arg(file("systemd").join(SERVICE)).output().unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(checks.len() > 70, "{checks:?}");
    let open = checks.iter().filter(|check| check["set"] != true);
    let mut open: Vec<&str> = open.map(|check| check["json_field"].as_str().unwrap()).collect();
    open.sort_unstable();
    assert_eq!(open, OPEN);
}

#[test]
fn service_keeps_to_what_the_daemon_does() {
    let service = settings(SERVICE);
    for (key, value, why) in [
        ("Type", "notify", "engines wait until it listens"),
        ("NotifyAccess", "main", "nobody else says that it is ready"),
        ("Before", "docker.service containerd.service", "their first pull is answered"),
        ("Wants", "network-online.target", "ECR is beyond the network"),
        ("After", "network-online.target", "ECR is beyond the network"),
        (
            "LoadCredential",
            "ecr-pull-proxy.toml:/etc/ecr-pull-proxy.toml",
            "its user cannot read root's file",
        ),
        ("Environment", "CONFIGURATION=%d/ecr-pull-proxy.toml", "there the credential is"),
        (
            "ExecStartPre",
            "/usr/local/bin/ecr-pull-proxy --config ${CONFIGURATION} --check",
            "faults are said",
        ),
        ("ExecStart", "/usr/local/bin/ecr-pull-proxy --config ${CONFIGURATION}", "it starts"),
        ("Restart", "always", "without it pulls fail, or go to Docker Hub"),
        ("StartLimitIntervalSec", "0", "after five starts in ten seconds systemd would leave it dead"),
        ("KillMode", "mixed", "SIGTERM goes to the daemon, which lets downloads end"),
        ("WantedBy", "multi-user.target", "it starts with the machine"),
    ] {
        assert_eq!(service.get(key).map(String::as_str), Some(value), "{key}: {why}");
    }
    let number = |key: &str, unit: &str| -> usize { service[key].trim_end_matches(unit).parse().unwrap() };
    let defaults = pull_proxy::config::Config::parse(
        "[[mirror]]\nupstream = \"docker.io/a\"\n\
         repository = \"123456789012.dkr.ecr.eu-central-1.amazonaws.com/a\"\n",
    )
    .unwrap();
    let limits = defaults.limits;
    let stop = Duration::from_secs(number("TimeoutStopSec", "s") as u64);
    assert!(stop > defaults.drain, "systemd kills it while it drains");
    // A connection of a client may have one to a registry.
    assert!(number("LimitNOFILE", "") > 2 * limits.connections, "it runs out of descriptors");
    let kept = limits.manifest_cache + limits.blob_cache + limits.transfer;
    assert!(number("MemoryMax", "M") * 1024 * 1024 > 4 * kept, "its own buffers have no room");
}

#[test]
fn socket_listens_where_the_example_does() {
    let socket = settings(SOCKET);
    let example = unit("ecr-pull-proxy.toml");
    assert!(example.contains(&format!("listen = [\"{}\"]", socket["ListenStream"])), "{socket:?}");
    assert_eq!(socket["WantedBy"], "sockets.target");
}

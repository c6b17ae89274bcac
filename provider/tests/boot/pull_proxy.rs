//! A worker with a pull proxy, as it boots.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ::pull_proxy::systemd::SERVICE_UNIT;
use terraform_provider_ecrunner::runner::boot::pull_proxy::{Fallback, Push};
use terraform_provider_ecrunner::runner::boot::{OperatingSystem, PullProxy, Setup, UserData, worker};

use crate::{boot_in, check_golden, document, run_tool};

/// Of the text `test`, which stands for the program.
const SHA256: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

fn names(pairs: &[(&str, &str)]) -> Option<BTreeMap<String, String>> {
    Some(pairs.iter().map(|(upstream, name)| ((*upstream).to_owned(), (*name).to_owned())).collect())
}

fn proxy(fallback: Fallback, push: bool) -> PullProxy {
    PullProxy {
        url: "s3://tools/ecr-pull-proxy".to_owned(),
        sha256: SHA256.to_owned(),
        registry_host: "123456789012.dkr.ecr.eu-central-1.amazonaws.com".to_owned(),
        mirrors: names(&[("docker.io/library/alpine", "mirror/docker.io/library/alpine")]),
        rules: names(&[("docker.io", "docker-hub"), ("quay.io", "quay")]),
        fallback,
        push: push.then(|| Push {
            role_arn: "arn:aws:iam::123456789012:role/ci-push".to_owned(),
            repositories: ["team/*".to_owned()].into(),
        }),
    }
}

fn on(operating_system: OperatingSystem) -> Setup {
    Setup { operating_system, ..Setup::default() }
}

/// Both operating systems, both fallbacks, with and without pushes.
pub(crate) fn workers() -> Vec<UserData> {
    let mut workers = Vec::new();
    for operating_system in [OperatingSystem::AmazonLinux2023, OperatingSystem::Ubuntu2404] {
        for fallback in [Fallback::None, Fallback::Upstream] {
            for push in [false, true] {
                let bundle = worker::bundle(&on(operating_system), Some(&proxy(fallback, push)));
                workers.push(bundle.user_data().unwrap());
            }
        }
    }
    workers
}

/// But for the daemon's own unit, which is not ours to record.
#[test]
fn a_worker_with_a_pull_proxy_is_as_recorded() {
    let bundle = worker::bundle(&on(OperatingSystem::Ubuntu2404), Some(&proxy(Fallback::None, true)));
    let data = bundle.user_data().unwrap();
    let unit = serde_json::to_string(SERVICE_UNIT).unwrap();
    assert_eq!(data.plain().matches(&unit).count(), 1);
    check_golden(
        "worker_with_pull_proxy.yaml",
        &data.plain().replace(&unit, "\"the unit of ecr-pull-proxy\""),
    );
}

/// Stands for all programs that a boot calls: each call is a line of `calls`. As `aws` it fetches the text `test`; a
/// unit named in the file `broken` does not start.
const PROGRAM: &str = r#"#!/bin/sh
root=$(dirname "$0")/..
echo "${0##*/} $*" >>"$root/calls"
case ${0##*/} in
aws) for last in "$@"; do :; done; printf test >"$last" ;;
systemctl) ! grep -qsxF "$*" "$root/broken" ;;
esac
"#;

/// A directory in which a worker can boot: programs that only take notes, and `/etc/hosts`.
fn ground(hosts: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let tools = folder.path().join("tools");
    fs::create_dir(&tools).unwrap();
    for name in ["apt-get", "aws", "dnf", "dockerd", "runuser", "snap", "systemctl", "usermod"] {
        fs::write(tools.join(name), PROGRAM).unwrap();
        fs::set_permissions(tools.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::write(folder.path().join("hosts"), hosts).unwrap();
    folder
}

/// Boots a worker with this proxy; whether that went well, and the calls it made.
fn boot(folder: &Path, proxy: &PullProxy) -> (bool, String) {
    let root = folder.to_str().unwrap();
    let bundle = worker::bundle(&Setup::default(), Some(proxy));
    let well = boot_in(
        &bundle,
        root,
        &[
            ("/etc/hosts", &format!("{root}/hosts")),
            ("/usr/local/bin/ecr-pull-proxy", &format!("{root}/bin/ecr-pull-proxy")),
        ],
    );
    (well, fs::read_to_string(folder.join("calls")).unwrap())
}

#[test]
fn the_proxy_runs_before_docker_is_started() {
    let folder = ground("");
    let (well, calls) = boot(folder.path(), &proxy(Fallback::None, false));
    assert!(well, "{calls}");
    assert_eq!(fs::read_to_string(folder.path().join("bin/ecr-pull-proxy")).unwrap(), "test");
    let at =
        |call: &str| calls.lines().position(|line| line == call).unwrap_or_else(|| panic!("{call}: {calls}"));
    assert!(
        at("systemctl enable --now ecr-pull-proxy.service") < at("systemctl enable --now docker.service"),
        "{calls}"
    );
    assert!(folder.path().join("ready").exists());
}

#[test]
fn a_proxy_that_does_not_start_is_told_and_docker_is_not_started() {
    let folder = ground("");
    fs::write(folder.path().join("broken"), "enable --now ecr-pull-proxy.service\n").unwrap();
    let (well, calls) = boot(folder.path(), &proxy(Fallback::None, false));
    assert!(!well && !calls.contains("docker.service"), "{calls}");
    let told = fs::read_to_string(folder.path().join("failed")).unwrap();
    assert_eq!(told, "ecrunner: first boot failed while starting ecr-pull-proxy.service (status 1)\n");
}

#[test]
fn docker_hub_is_blocked_once_however_often_a_worker_boots() {
    // Without a line's end, as somebody's editor may leave it.
    let folder = ground("127.0.0.1 localhost");
    for _ in 0..2 {
        assert!(boot(folder.path(), &proxy(Fallback::None, false)).0);
    }
    let hosts = fs::read_to_string(folder.path().join("hosts")).unwrap();
    let lines: Vec<&str> = hosts.lines().filter(|line| !line.is_empty()).collect();
    let names = "docker.io index.docker.io registry-1.docker.io auth.docker.io";
    assert_eq!(lines, ["127.0.0.1 localhost", &format!("0.0.0.0 {names}"), &format!(":: {names}")]);
}

#[test]
fn docker_hub_is_not_blocked_where_it_is_the_fallback() {
    let folder = ground("127.0.0.1 localhost\n");
    assert!(boot(folder.path(), &proxy(Fallback::Upstream, false)).0);
    assert_eq!(fs::read_to_string(folder.path().join("hosts")).unwrap(), "127.0.0.1 localhost\n");
}

/// Unknown keys and bad values are warnings only, so any word is a failure. The programs are not where the units have
/// them.
#[test]
fn systemd_understands_the_unit_with_its_drop_in() {
    for data in workers() {
        let folder = tempfile::tempdir().unwrap();
        for file in document(&data)["write_files"].as_array().unwrap() {
            let path = file["path"].as_str().unwrap();
            let Some(unit) = path.strip_prefix("/etc/systemd/system/") else { continue };
            let target = folder.path().join(unit);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let text = file["content"].as_str().unwrap();
            let text = text
                .replace("/usr/local/bin/ecr-pull-proxy", "/bin/true")
                .replace("/usr/sbin/ip ", "/bin/true ");
            fs::write(target, text).unwrap();
        }
        assert!(folder.path().join("ecr-pull-proxy.service.d/ecrunner.conf").exists());
        let unit = folder.path().join("ecr-pull-proxy.service");
        let said = run_tool("systemd-analyze", &["verify", "--man=no", unit.to_str().unwrap()]);
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("ecr-pull-proxy")).collect();
        assert_eq!(ours, Vec::<&str>::new());
    }
}

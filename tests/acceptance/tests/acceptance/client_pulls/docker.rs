//! dockerd (Debian package `docker.io`), with data, socket and containers of its own and the machine's network left alone.
//!
//! It pulls from an address on loopback, so no mirror is there from which it could fall back to the real Docker Hub.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use acceptance::Account;
use serde_json::Value;

use super::image::{self, BUSYBOX, PRINTS};
use super::{
    CACHED, apply, assert_cached, docker_hub, fetched_upstream, login, program, registry, run, skip,
};

/// How long dockerd may take to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A daemon of this test, ended with it.
struct Daemon {
    child: Child,
    /// Its sockets and those of its containerd: their paths have few bytes.
    sockets: PathBuf,
    client: PathBuf,
    config: PathBuf,
}

impl Daemon {
    /// Starts a daemon; `None`, and a line that says so, where it cannot run.
    fn start(config: &Path) -> Option<Self> {
        let (dockerd, client) = (program("dockerd")?, program("docker")?);
        let directory = config.join("daemon");
        std::fs::create_dir(&directory).expect("a directory");
        let sockets = std::env::temp_dir().join(format!("dockerd-{}", std::process::id()));
        std::fs::create_dir(&sockets).expect("a directory");
        let log = directory.join("log");
        let file = File::create(&log).expect("a log file");
        let child = Command::new(dockerd)
            .arg("--data-root")
            .arg(directory.join("data"))
            .arg("--exec-root")
            .arg(sockets.join("exec"))
            .arg("--pidfile")
            .arg(directory.join("pid"))
            .arg("--host")
            .arg(host(&sockets))
            .args(["--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false"])
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("HOME", config)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log file"))
            .stderr(file)
            .spawn()
            .expect("starting dockerd");
        let mut daemon = Self { child, sockets, client, config: config.to_owned() };
        let limit = Instant::now() + START_LIMIT;
        loop {
            if daemon.docker(&["version"]).output().is_ok_and(|output| output.status.success()) {
                return Some(daemon);
            }
            if daemon.child.try_wait().is_ok_and(|ended| ended.is_some()) || Instant::now() > limit {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                let last = log.lines().last().unwrap_or("it said nothing").to_owned();
                drop(daemon);
                skip(&format!("dockerd does not start here: {last}"));
                return None;
            }
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// The client, for this daemon and with the login.
    fn docker(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.client);
        command
            .arg("--config")
            .arg(&self.config)
            .arg("--host")
            .arg(host(&self.sockets))
            .args(arguments)
            .env_clear();
        command
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            // Asked to end, it ends its containerd and takes its mounts away. Only then its data can be removed.
            let asked = Command::new("kill").arg(self.child.id().to_string()).status();
            if !asked.is_ok_and(|status| status.success()) {
                let _ = self.child.kill();
            }
            let _ = self.child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.sockets);
    }
}

/// Where a daemon with its sockets in this folder listens.
fn host(sockets: &Path) -> String {
    format!("unix://{}", sockets.join("docker.sock").display())
}

#[test]
fn dockerd_pulls_through_the_rule_once_and_runs_the_image() {
    if !Path::new(BUSYBOX).exists() {
        return skip("busybox-static is not installed");
    }
    let (account, hub) = (Account::new(), docker_hub());
    let digest = image::add(&hub);
    let workspace = apply(&account, &hub);
    let config = login(&account, &workspace);
    let Some(daemon) = Daemon::start(&config) else { return };
    let name = format!("{}/{CACHED}:1", registry());

    run(&mut daemon.docker(&["pull", &name]));
    assert_cached(&account, &digest);
    assert_eq!((hub.pulls(), fetched_upstream(&account)), (1, 2));
    let inspected = run(&mut daemon.docker(&["image", "inspect", &name]));
    let inspected: Value = serde_json::from_str(&inspected).expect("an image in JSON");
    assert_eq!(inspected[0]["RepoDigests"][0], format!("{}/{CACHED}@{digest}", registry()));
    let printed = run(&mut daemon.docker(&["run", "--rm", "--network", "none", &name]));
    assert_eq!(printed.trim(), PRINTS);

    run(&mut daemon.docker(&["image", "rm", &name]));
    run(&mut daemon.docker(&["pull", &name]));
    assert_eq!((hub.pulls(), fetched_upstream(&account)), (1, 2), "from ECR's own store");
}

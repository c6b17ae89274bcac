//! A machine of its own for one client: a network namespace in which Docker Hub's names are a listener that counts, and
//! in it upstream, the gateway with its ECR, and the daemon.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_gateway::Emulators;
use tempfile::TempDir;

use super::image;
use crate::gateway::{Aws, no_venv, venv};
use crate::support::{ECR, Proxy};

const ACCOUNT: &str = "123456789012";
/// Where ECR is in the namespace, by HTTP alone.
const ECR_ADDRESS: ([u8; 4], u16) = ([127, 0, 0, 1], 80);
/// Set for the test that runs in the namespace.
const INSIDE: &str = "PULL_PROXY_TEST_NAMESPACE";
/// Names under which a client would look for Docker Hub, and for Quay.
const HUB_NAMES: &str = "docker.io registry-1.docker.io index.docker.io auth.docker.io quay.io";
/// Where they lead: an address outside of every loopback, as the internet is.
const HUB: &str = "192.0.2.1";
/// Where the daemon listens for containers of this machine.
const OWN: &str = "198.18.0.1";
/// Where Docker engines look for what they are told; a directory of the test's own in the namespace.
const DOCKER: &str = "/etc/docker";
/// Longest wait for a client's daemon.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs `test`, named `name`, in namespaces of its own; says what is missing for it.
pub(super) fn in_namespace<Fut: Future<Output = ()>>(
    name: &str,
    programs: &[&str],
    test: impl FnOnce(World) -> Fut,
) {
    enter(name, programs, || Some(PathBuf::new()), test);
}

/// As [`in_namespace`], where the engines of today are found before those of the machine.
pub(super) fn in_namespace_of_today<Fut: Future<Output = ()>>(
    name: &str,
    programs: &[&str],
    test: impl FnOnce(World) -> Fut,
) {
    enter(name, programs, registry_clients::engines, test);
}

fn enter<Fut: Future<Output = ()>>(
    name: &str,
    programs: &[&str],
    engines: impl FnOnce() -> Option<PathBuf>,
    test: impl FnOnce(World) -> Fut,
) {
    if std::env::var_os(INSIDE).is_some() {
        // The test blocks on its client while the doubles go on.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
        return runtime.unwrap().block_on(async { test(World::start().await).await });
    }
    if let Some(lack) = lacking(programs) {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{lack}");
        eprintln!("skipped: {lack}");
        return;
    }
    let Some(engines) = engines() else { return };
    let directory = tempfile::tempdir().unwrap();
    let hosts = directory.path().join("hosts");
    std::fs::write(&hosts, resolved(HUB)).unwrap();
    let docker = directory.path().join("docker");
    std::fs::create_dir(&docker).unwrap();
    let script = format!(
        "ip link set lo up && ip address add {HUB}/32 dev lo && ip address add {OWN}/32 dev lo && \
         mount --bind \"$1\" /etc/hosts && mkdir -p {DOCKER} && mount --bind \"$2\" {DOCKER} && \
         shift 2 && exec \"$@\""
    );
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("unshare")
        .args(["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"])
        .args(["sh", "-c", &script, "sh"])
        .args([&hosts, &docker])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .env("PATH", format!("{}:{path}", engines.display()).trim_start_matches(':'))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// `/etc/hosts` that leads to the address for Docker Hub's names.
fn resolved(hub: &str) -> String {
    format!("127.0.0.1 localhost {ECR}\n{hub} {HUB_NAMES}\n")
}

fn lacking(programs: &[&str]) -> Option<String> {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    if !root {
        return Some("clients in a network namespace of their own need root".to_owned());
    }
    let paths = std::env::var("PATH").unwrap_or_default();
    let there = |program: &str| paths.split(':').any(|path| Path::new(path).join(program).exists());
    for program in programs.iter().chain(&["unshare", "ip", "tar"]) {
        if !there(program) {
            return Some(format!("no {program} to pull with"));
        }
    }
    if !Path::new("/bin/busybox").exists() {
        return Some("no /bin/busybox for an image that runs".to_owned());
    }
    venv().is_none().then(no_venv)
}

/// What there is in the namespace.
pub(super) struct World {
    pub(super) proxy: Proxy,
    pub(super) directory: TempDir,
    /// Digest of the index upstream.
    pub(super) digest: String,
    pub(super) aws: Aws,
    hub_connections: Arc<AtomicUsize>,
    daemons: Vec<Child>,
    _emulators: Emulators,
}

impl World {
    async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let emulators = Emulators::start(&venv().unwrap(), &directory.path().join("logs")).await.unwrap();
        let aws = Aws::start(&emulators, ACCOUNT, |gateway| gateway.address(ECR_ADDRESS.into())).await;
        let digest = image::add(&aws.upstream, "docker/library/alpine", "3.20");
        image::add(&aws.upstream, "org/app", "1");
        let config = aws.config(&["127.0.0.1:0", &format!("{OWN}:0")]);
        let proxy = Proxy::of_account(&config, aws.gateway.url(), ACCOUNT).await;
        Self {
            proxy,
            directory,
            digest,
            aws,
            hub_connections: count_connections(),
            daemons: Vec::new(),
            _emulators: emulators,
        }
    }

    /// Starts the daemon anew, with more lines at the end of its configuration.
    pub(super) async fn restart(&mut self, more: &str) {
        let config = self.proxy.config() + more;
        self.proxy = Proxy::of_account(&config, self.aws.gateway.url(), ACCOUNT).await;
    }

    /// Host and port of the daemon.
    pub(super) fn mirror(&self) -> String {
        self.proxy.address().to_string()
    }

    /// Host and port of the daemon for containers and engines in them.
    pub(super) fn mirror_for_containers(&self) -> String {
        self.proxy.addresses()[1].to_string()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file below the directory of the test and gives its path.
    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// `daemon.json` of an engine in a container, which reaches our daemon by its address for containers.
    pub(super) fn nested_engine(&self) -> serde_json::Value {
        let mirror = self.mirror_for_containers();
        serde_json::json!({"registry-mirrors": [format!("http://{mirror}")], "insecure-registries": [mirror]})
    }

    /// Writes a file where Docker engines look for it.
    pub(super) fn write_docker(&self, name: &str, text: &str) {
        let path = Path::new(DOCKER).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Makes Docker Hub's names lead nowhere, as a worker's boot does, or to Docker Hub.
    pub(super) fn block_docker_hub(&self, block: bool) {
        std::fs::write("/etc/hosts", resolved(if block { "0.0.0.0" } else { HUB })).unwrap();
    }

    /// Connections to Docker Hub so far.
    pub(super) fn hub_connections(&self) -> usize {
        self.hub_connections.load(Ordering::SeqCst)
    }

    /// Starts a client's daemon, which ends with the world, and waits until `ready` succeeds.
    pub(super) async fn daemon(&mut self, command: &mut Command, mut ready: Command) {
        let log = self.path("daemon.log");
        let output = std::fs::File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        self.daemons.push(command.spawn().unwrap());
        ready.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        while !ready.status().unwrap().success() {
            let ended = self.daemons.last_mut().unwrap().try_wait().unwrap();
            let text = || std::fs::read_to_string(&log).unwrap();
            assert!(ended.is_none() && began.elapsed() < LIMIT, "it does not start ({ended:?}): {}", text());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The positive control: stops our daemon, and sees that the client then goes to Docker Hub.
    pub(super) async fn goes_to_docker_hub_without_proxy(&mut self, pull: Command) {
        self.stop_proxy().await;
        self.goes_to_docker_hub(pull);
    }

    /// Stops our daemon, which has kept the client from Docker Hub until now.
    pub(super) async fn stop_proxy(&mut self) {
        assert_eq!(self.hub_connections(), 0, "the client went to Docker Hub although it was served");
        self.proxy.signal("TERM");
        assert!(self.proxy.ended().await.success());
    }

    /// The client finds nothing, and has asked Docker Hub for it.
    pub(super) fn goes_to_docker_hub(&self, pull: Command) {
        fails(pull);
        assert!(self.hub_connections() > 0, "nothing was counted, so the zero before says nothing");
    }

    /// The client finds nothing, and Docker Hub has not heard of it.
    pub(super) fn stays_away_from_docker_hub(&self, pull: Command) {
        let text = fails(pull);
        assert_eq!(self.hub_connections(), 0, "the client went to Docker Hub: {text}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            // The namespace ends what they leave behind.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

/// Output of a command that must succeed.
pub(super) fn run(command: &mut Command) -> String {
    run_with_progress(command).0
}

/// Output of a command that must succeed, and what it said besides.
pub(super) fn run_with_progress(command: &mut Command) -> (String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{command:?}: {out}{error}");
    (out, error)
}

/// What a command says that must fail.
fn fails(mut command: Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{command:?}: there is nothing to pull from: {text}");
    text
}

/// Docker Hub as a client of this namespace finds it: accepts, counts, and hangs up.
fn count_connections() -> Arc<AtomicUsize> {
    let listener = TcpListener::bind((HUB, 443)).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(connection);
        }
    });
    count
}

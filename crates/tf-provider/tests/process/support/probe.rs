//! Starting and watching the example provider.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rustix::process::{Pid, Signal, kill_process};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::certificates::Identity;
use super::connection::COOKIE;

/// No step of a test takes longer, even on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A provider process to start, with a directory for its socket.
pub(crate) struct Probe {
    command: Command,
    directory: TempDir,
}

/// What a process left that ended by itself.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// Names left in the directory for its socket.
    pub(crate) files: usize,
}

impl Probe {
    /// Started by nobody in particular.
    pub(crate) fn by_hand() -> Self {
        Self::of("process_probe")
    }

    /// An example, started by nobody in particular.
    fn of(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = Command::new(example(name));
        command
            .env_clear()
            .env("TMPDIR", directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self { command, directory }
    }

    /// Started by a host, without TLS.
    pub(crate) fn by_host() -> Self {
        Self::by_hand().hosted()
    }

    /// An example, started by a host without TLS.
    pub(crate) fn of_by_host(name: &str) -> Self {
        Self::of(name).hosted()
    }

    fn hosted(self) -> Self {
        self.env("TF_PLUGIN_MAGIC_COOKIE", COOKIE).env("PLUGIN_PROTOCOL_VERSIONS", "5,6")
    }

    /// Started by a host that will present `identity`.
    pub(crate) fn by_host_with(identity: &Identity) -> Self {
        Self::by_host().env("PLUGIN_CLIENT_CERT", &identity.pem)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn argument(mut self, argument: &str) -> Self {
        self.command.arg(argument);
        self
    }

    /// The variables set so far.
    pub(crate) fn environment(&self) -> Vec<(OsString, OsString)> {
        let variables = self.command.as_std().get_envs();
        variables.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts the process and waits for its handshake line.
    pub(crate) async fn start(self) -> Running {
        let mut running = self.start_without_line();
        let mut line = Vec::new();
        timeout(LIMIT, running.stdout.read_until(b'\n', &mut line)).await.unwrap().unwrap();
        running.line = String::from_utf8(line).unwrap();
        running
    }

    fn start_without_line(mut self) -> Running {
        let mut child = self.command.spawn().unwrap();
        let mut stderr = child.stderr.take().unwrap();
        let stderr = tokio::spawn(async move {
            let mut text = String::new();
            stderr.read_to_string(&mut text).await.unwrap();
            text
        });
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Running { line: String::new(), child, stdout, stderr, directory: self.directory }
    }

    /// Runs the process to its end.
    pub(crate) async fn outcome(self) -> Outcome {
        self.start_without_line().outcome().await
    }
}

/// A provider process that has sent its handshake line.
pub(crate) struct Running {
    /// With its line end.
    pub(crate) line: String,
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: JoinHandle<String>,
    directory: TempDir,
}

impl Running {
    /// The fields of the handshake line.
    pub(crate) fn fields(&self) -> Vec<&str> {
        self.line.strip_suffix('\n').unwrap().split('|').collect()
    }

    pub(crate) fn socket(&self) -> PathBuf {
        PathBuf::from(self.fields()[3])
    }

    /// The certificate that the line announces.
    pub(crate) fn certificate(&self) -> CertificateDer<'static> {
        STANDARD_NO_PAD.decode(self.fields()[5]).unwrap().into()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// The next line of standard output; empty at its end.
    pub(crate) async fn next_line(&mut self) -> String {
        let mut line = String::new();
        timeout(LIMIT, self.stdout.read_line(&mut line)).await.unwrap().unwrap();
        line
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn outcome(mut self) -> Outcome {
        let status = timeout(LIMIT, self.child.wait()).await.expect("the process should have ended").unwrap();
        let mut stdout = self.line;
        self.stdout.read_to_string(&mut stdout).await.unwrap();
        let stderr = self.stderr.await.unwrap();
        let files = fs::read_dir(self.directory.path()).unwrap().count();
        Outcome { status, stdout, stderr, files }
    }

    /// Sends SIGTERM and waits for the end.
    pub(crate) async fn terminate(self) -> Outcome {
        self.signal(Signal::TERM);
        self.outcome().await
    }
}

/// Path of the provider under test.
pub(crate) fn executable() -> PathBuf {
    example("process_probe")
}

/// Path of an example, beside the directory that this test runs from.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(
        path.exists() && !is_stale(&path),
        "{} is missing or old: run `cargo test -p tf-provider`, which builds examples",
        path.display()
    );
    path
}

/// Whether a source of the process under test is newer than `executable`, by the list that cargo leaves.
fn is_stale(executable: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let sources = fs::read_to_string(executable.with_extension("d")).unwrap();
    sources
        .split_whitespace()
        .filter(|source| source.contains("process"))
        .any(|source| modified(Path::new(source)) > modified(executable))
}

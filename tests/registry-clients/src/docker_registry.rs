//! docker-registry, of Debian: the registry of the distribution project.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use tempfile::TempDir;

use crate::exists;

/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running registry; it ends when this is dropped.
#[derive(Debug)]
pub struct DockerRegistry {
    child: Child,
    host: String,
    // Its storage, removed with it.
    _directory: TempDir,
}

impl DockerRegistry {
    /// Starts an empty one on a free port of loopback; `None` where it is not installed.
    ///
    /// # Panics
    /// When it does not start, or is missing and `CI=true`.
    #[must_use]
    pub fn start() -> Option<Self> {
        if !exists("docker-registry") {
            return None;
        }
        let directory = tempfile::tempdir().expect("a directory");
        let config = format!(
            "version: 0.1\nlog: {{level: info, formatter: json}}\nstorage: {{filesystem: {{rootdirectory: {:?}}}}}\n\
             http: {{addr: \"127.0.0.1:0\"}}\n",
            directory.path().join("storage")
        );
        let path = directory.path().join("config.yml");
        std::fs::write(&path, config).expect("a file can be written");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("docker-registry can be started");
        let log = BufReader::new(child.stderr.take().expect("its standard error"));
        let (told, tells) = mpsc::channel();
        // It reads to the end, or the registry would wait for somebody to read what it logs.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                if let Some((_, address)) = line.split_once("listening on ") {
                    let is_part = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ':');
                    // Nobody listens any more after the first.
                    let _ = told.send(address.chars().take_while(is_part).collect::<String>());
                }
            }
        });
        let host = tells.recv_timeout(START_LIMIT);
        let mut registry = Self { child, host: String::new(), _directory: directory };
        registry.host = host.expect("docker-registry says where it listens");
        Some(registry)
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        // It has ended by itself, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

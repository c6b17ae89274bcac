//! The pull proxy as a process: started as systemd does, and looked at from outside.

use std::fs::{self, File};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{ECR, REPOSITORY};
use crate::environment::isolate;
use crate::subcommand::bench::measured::{high_water_mark, resident};

/// Until it must have said that it is ready.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A running proxy; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    pub(super) address: String,
}

impl Daemon {
    /// Starts the program with its default settings and one rule, which leads to `registry`.
    pub(super) fn start(program: &Path, directory: &Path, registry: &str, tokens: &str) -> Result<Self> {
        let (config, socket) = (directory.join("proxy.toml"), directory.join("notify"));
        fs::write(&config, configuration(registry))?;
        if socket.exists() {
            fs::remove_file(&socket)?;
        }
        let notices = UnixDatagram::bind(&socket).with_context(|| format!("binding {}", socket.display()))?;
        notices.set_read_timeout(Some(START_LIMIT))?;
        let log = directory.join("proxy.log");
        let mut command = Command::new(program);
        let child = isolate(&mut command)
            .arg("--config")
            .arg(&config)
            .env("NOTIFY_SOCKET", &socket)
            .env("AWS_ENDPOINT_URL_ECR", tokens)
            .env("AWS_ACCESS_KEY_ID", "bench")
            .env("AWS_SECRET_ACCESS_KEY", "bench")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut daemon = Self { child, address: String::new() };
        let mut notice = [0; 1024];
        let length = notices.recv(&mut notice);
        let length = length.with_context(|| format!("the proxy did not get ready; see {}", log.display()))?;
        let notice = String::from_utf8_lossy(&notice[..length]);
        let address = notice.lines().find_map(|line| line.strip_prefix("STATUS=listening on "));
        daemon.address = address.with_context(|| format!("the proxy said {notice:?}"))?.to_owned();
        Ok(daemon)
    }

    /// Resident memory now, in bytes.
    pub(super) fn resident(&self) -> Result<u64> {
        resident(&self.status()?).context("this system does not tell the memory of a process")
    }

    /// The highest resident memory since it was started, in bytes.
    pub(super) fn peak(&self) -> Result<u64> {
        high_water_mark(&self.status()?).context("this system does not tell the peak memory of a process")
    }

    fn status(&self) -> Result<String> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        status.context("this system does not tell about processes")
    }

    /// Fails when it ended meanwhile: what was measured then is something else.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "the proxy ended: {ended:?}");
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails only when it ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn configuration(registry: &str) -> String {
    format!(
        "listen = [\"127.0.0.1:0\"]\n\n[endpoints]\n\"{ECR}\" = \"http://{registry}\"\n\n[[mirror]]\nupstream = \
         \"docker.io/{REPOSITORY}\"\nrepository = \"{ECR}/{REPOSITORY}\"\n"
    )
}

//! Nginx as a plain reverse proxy, to compare with.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::token::TOKEN;

/// Where Debian has it, which is on no ordinary user's path.
const ELSEWHERE: &str = "/usr/sbin/nginx";
/// Until it must listen.
const START_LIMIT: Duration = Duration::from_secs(20);

/// A running nginx; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Nginx {
    program: PathBuf,
    directory: PathBuf,
    child: Child,
    pub(super) address: String,
}

/// The program, if this machine has it.
pub(super) fn program() -> Option<PathBuf> {
    let runs = |program: &Path| {
        let mut command = Command::new(program);
        command.arg("-v").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    ["nginx", ELSEWHERE].into_iter().map(PathBuf::from).find(|program| runs(program))
}

impl Nginx {
    /// Starts it in front of `registry`, adding what the registry asks for.
    pub(super) fn start(program: &Path, directory: &Path, registry: &str) -> Result<Self> {
        // It takes no port 0; nobody else binds this one in the moment between.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        fs::write(directory.join("nginx.conf"), configuration(&address, registry))?;
        let child = command(program, directory).stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        let child = child.with_context(|| format!("starting {}", program.display()))?;
        let mut nginx = Self { program: program.to_owned(), directory: directory.to_owned(), child, address };
        let began = Instant::now();
        while TcpStream::connect(&nginx.address).is_err() {
            let ended = nginx.child.try_wait()?;
            ensure!(
                ended.is_none() && began.elapsed() < START_LIMIT,
                "nginx does not listen ({ended:?}); see {}",
                directory.join("nginx.log").display()
            );
            #[expect(clippy::disallowed_methods, reason = "it tells nobody when it listens")]
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed, it would leave its workers behind.
        let stopped = command(&self.program, &self.directory).args(["-s", "stop"]).status();
        if !stopped.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn command(program: &Path, directory: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-p").arg(directory).arg("-c").arg(directory.join("nginx.conf")).arg("-e").arg("nginx.log");
    command
}

/// As one would set it up for large files: connections to the registry are kept, nothing is written to disk, and buffers
/// are large enough that it is not system calls that are measured.
fn configuration(address: &str, registry: &str) -> String {
    format!(
        r#"daemon off;
worker_processes auto;
pid nginx.pid;
error_log nginx.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path nginx-body;
  proxy_temp_path nginx-proxy;
  fastcgi_temp_path nginx-fastcgi;
  uwsgi_temp_path nginx-uwsgi;
  scgi_temp_path nginx-scgi;
  keepalive_requests 1000000;
  upstream registry {{ server {registry}; keepalive 16; keepalive_requests 1000000; }}
  server {{
    listen {address};
    location / {{
      proxy_pass http://registry;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Basic {TOKEN}";
      proxy_buffering on;
      proxy_max_temp_file_size 0;
      proxy_buffer_size 64k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 512k;
    }}
  }}
}}
"#
    )
}

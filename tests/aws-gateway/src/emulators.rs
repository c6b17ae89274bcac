//! Starts the two emulators as child processes that cannot outlive us.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use url::Url;

/// How long one emulator may take until it answers; moto imports some hundred modules first.
const READY_LIMIT: Duration = Duration::from_secs(90);
/// Another process may take the port between our probe and the child's bind.
const PORT_ATTEMPTS: u32 = 5;

/// Runs an emulator's `main` and ends the process as soon as standard input closes: the write end of that pipe
/// belongs to us, so the kernel closes it even when we are killed.
///
/// moto keeps the user data of a second template version as plain text, and then fails on it when a group starts an
/// instance from that version; here it is given the form that moto expects. It also answers a template's first tags
/// for ever; here it answers those of now. And an update of a group that says nothing about its mixed instances policy
/// takes that away; here, as at AWS, what is left out stays.
const WRAPPER: &str = "\
import os, sys, threading
def watch():
    while os.read(0, 4096):
        pass
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
module, sys.argv = sys.argv[1], sys.argv[1:]
if module == 'moto.server':
    from moto.core.types import Base64EncodedString
    from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
    def user_data(version):
        data = version.data.get('UserData')
        return Base64EncodedString(data) if isinstance(data, str) else data
    LaunchTemplateVersion.user_data = property(user_data)
    LaunchTemplate.tags = property(LaunchTemplate.get_tags, lambda template, tags: None)
    from inspect import signature
    from moto.autoscaling.models import FakeAutoScalingGroup
    update = FakeAutoScalingGroup.update
    def keeping(group, *arguments, **named):
        given = signature(update).bind(group, *arguments, **named).arguments
        kept = group.mixed_instances_policy
        update(group, *arguments, **named)
        if not any(given.get(k) for k in ('launch_config_name', 'launch_template', 'mixed_instances_policy')):
            group.mixed_instances_policy = kept
    FakeAutoScalingGroup.update = keeping
from importlib import import_module
sys.exit(import_module(module).main())
";

/// Both emulators, running; they end when this is dropped, and when this process dies in any way.
#[derive(Debug)]
pub struct Emulators {
    moto: Emulator,
    ministack: Emulator,
}

/// An emulator could not be started.
#[derive(Debug, thiserror::Error)]
pub enum EmulatorsError {
    /// The virtual environment has no Python interpreter.
    #[error("no emulators in {0}: make a virtual environment there from emulators/requirements.txt")]
    VenvMissing(PathBuf),
    /// A file or process operation failed.
    #[error("{action}")]
    Io {
        /// What was tried.
        action: String,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The child ended, or stayed silent, on every attempt.
    #[error("{name} did not become ready; its output is in {log}")]
    NotReady {
        /// Which emulator.
        name: &'static str,
        /// File with the child's output.
        log: PathBuf,
    },
}

impl Emulators {
    /// Starts moto and ministack from the virtual environment `venv` on free loopback ports and waits until both
    /// answer. Their output goes to `moto.log` and `ministack.log` in `logs`, which is created.
    ///
    /// # Errors
    /// [`EmulatorsError::VenvMissing`] without an interpreter in `venv`, [`EmulatorsError::NotReady`] when a
    /// child does not answer in time.
    pub async fn start(venv: &Path, logs: &Path) -> Result<Self, EmulatorsError> {
        let python = venv.join("bin/python3");
        if !python.exists() {
            return Err(EmulatorsError::VenvMissing(venv.to_owned()));
        }
        std::fs::create_dir_all(logs).map_err(io(format!("creating {}", logs.display())))?;
        let (moto, ministack) =
            tokio::join!(Emulator::start(&MOTO, &python, logs), Emulator::start(&MINISTACK, &python, logs));
        Ok(Self { moto: moto?, ministack: ministack? })
    }

    /// Where moto answers.
    pub fn moto(&self) -> &Url {
        &self.moto.url
    }

    /// Where ministack answers.
    pub fn ministack(&self) -> &Url {
        &self.ministack.url
    }

    /// Process ids of the children, for tests that watch them end.
    pub fn process_ids(&self) -> [u32; 2] {
        [self.moto.child.id(), self.ministack.child.id()]
    }
}

/// What differs between the two.
struct Kind {
    name: &'static str,
    module: &'static str,
    arguments: fn(u16) -> Vec<String>,
    environment: &'static [(&'static str, &'static str)],
    port_variable: Option<&'static str>,
    ready_path: &'static str,
}

const MOTO: Kind = Kind {
    name: "moto",
    module: "moto.server",
    arguments: |port| vec!["-H".into(), "127.0.0.1".into(), "-p".into(), port.to_string()],
    // Not MOTO_ACCOUNT_ID: it would beat the header that says whose account a request is for.
    environment: &[("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")],
    port_variable: None,
    ready_path: "/moto-api/",
};

const MINISTACK: Kind = Kind {
    name: "ministack",
    module: "ministack.app",
    arguments: |_| Vec::new(),
    environment: &[
        ("BIND_HOST", "127.0.0.1"),
        ("MINISTACK_REGION", "us-east-1"),
        ("MINISTACK_ACCOUNT_ID", crate::DEFAULT_ACCOUNT),
        ("LOG_LEVEL", "WARNING"),
        ("SERVICES", "ecr,s3,tagging"),
    ],
    port_variable: Some("GATEWAY_PORT"),
    ready_path: "/_ministack/ready",
};

#[derive(Debug)]
struct Emulator {
    child: Child,
    url: Url,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Both fail only when the child has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    async fn start(kind: &Kind, python: &Path, logs: &Path) -> Result<Self, EmulatorsError> {
        let log = logs.join(format!("{}.log", kind.name));
        for _ in 0..PORT_ATTEMPTS {
            let mut emulator = Self::spawn(kind, python, &log)?;
            if emulator.ready(kind.ready_path).await {
                return Ok(emulator);
            }
        }
        Err(EmulatorsError::NotReady { name: kind.name, log })
    }

    fn spawn(kind: &Kind, python: &Path, log: &Path) -> Result<Self, EmulatorsError> {
        let port = free_port().map_err(io("looking for a free port"))?;
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .map_err(io(format!("opening {}", log.display())))?;
        let errors = output.try_clone().map_err(io("sharing the log file"))?;
        let mut command = Command::new(python);
        command
            .args(["-c", WRAPPER, kind.module])
            .args((kind.arguments)(port))
            .envs(kind.environment.iter().copied())
            // An emulator must never act on, or reach out with, the credentials of whoever runs the tests.
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
            .env_remove("MOTO_ACCOUNT_ID")
            .env("PYTHONUNBUFFERED", "1")
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors);
        if let Some(variable) = kind.port_variable {
            command.env(variable, port.to_string());
        }
        let child = command.spawn().map_err(io(format!("starting {}", kind.name)))?;
        let mut url = Url::parse("http://127.0.0.1/").map_err(|error| EmulatorsError::Io {
            action: "building the emulator's address".into(),
            source: std::io::Error::other(error),
        })?;
        // Fails only for addresses without a host.
        let _ = url.set_port(Some(port));
        Ok(Self { child, url })
    }

    /// Polls until the emulator answers; `false` when it ended or ran out of time.
    async fn ready(&mut self, path: &str) -> bool {
        let Ok(client) = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build() else {
            return false;
        };
        let Ok(url) = self.url.join(path) else { return false };
        let deadline = Instant::now() + READY_LIMIT;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return false;
            }
            if let Ok(answer) = client.get(url.clone()).send().await
                && answer.status().is_success()
            {
                // The port may have been taken by a foreign server that answers too: ours must still be alive.
                return matches!(self.child.try_wait(), Ok(None));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn io(action: impl Into<String>) -> impl FnOnce(std::io::Error) -> EmulatorsError {
    let action = action.into();
    |source| EmulatorsError::Io { action, source }
}

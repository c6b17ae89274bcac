//! The login for pushes that jobs use: kept fresh in a file, by one task beside the pulls, which never wait for it.

pub mod docker_config;
pub mod policy;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use ecr_host::EcrHost;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::config::Config;
use crate::ecr::{Aws, Role, Token};
use docker_config::{DockerConfig, PlaceError};

/// Wait after a failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Longest wait after a failure; a session is renewed half an hour before it ends.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The login, and the file that holds it.
#[derive(Debug)]
pub struct PushLogin {
    role: Role,
    hosts: Vec<EcrHost>,
    file: DockerConfig,
    status: Mutex<Status>,
}

/// How it is about the login.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The login that is in the file; none while there is no file.
    pub token: Option<Token>,
    /// Renewals that failed since the start.
    pub failures: u64,
    /// Why the last renewal failed, if it did.
    pub error: Option<String>,
}

impl PushLogin {
    /// The login that the configuration asks for, if it does. Nothing is sent or written.
    ///
    /// # Errors
    /// [`PlaceError`] when the file would reach a disk.
    pub async fn new(config: &Config, aws: &Aws) -> Result<Option<Self>, PlaceError> {
        let Some(push) = &config.push else { return Ok(None) };
        let Some(first) = push.repositories.first() else { return Ok(None) };
        let file = DockerConfig::new(&push.docker_config)?;
        let mut hosts: Vec<EcrHost> = push.repositories.iter().map(|target| target.host.clone()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        let regions = push.repositories.iter().map(|target| target.host.region());
        let role = (push.role_arn.as_str(), push.session_policy.as_str());
        let role = Role::new(aws, role, first.host.region(), regions).await;
        Ok(Some(Self { role, hosts, file, status: Mutex::default() }))
    }

    /// Makes the directory, which jobs have mounted before there is a login.
    ///
    /// # Errors
    /// [`PlaceError`] when it cannot be made or read by jobs.
    pub fn prepare(&self) -> Result<(), PlaceError> {
        self.file.prepare()
    }

    /// The role's ARN.
    #[must_use]
    pub fn role_arn(&self) -> &str {
        self.role.arn()
    }

    /// How it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.lock().clone()
    }

    /// Keeps the file fresh until `stop`. The file stays: jobs go on while the daemon is started anew.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::select! {
            () = self.keep() => {}
            () = stop.cancelled() => {}
        }
    }

    async fn keep(&self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let wait = match self.renew().await {
                Ok(lifetime) => {
                    pause = FIRST_PAUSE;
                    (lifetime / 2).max(FIRST_PAUSE)
                }
                Err(error) => {
                    let wait = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    self.failed(error, wait);
                    wait
                }
            };
            self.sleep(wait).await;
        }
    }

    /// Writes a new login and says how long it is good.
    async fn renew(&self) -> Result<Duration, String> {
        let issued = SystemTime::now();
        let logins = self.role.logins().await.map_err(|error| error.to_string())?;
        let of_host = |host: &'_ EcrHost| logins.by_region.get(host.region());
        let written = self.hosts.iter().filter_map(|host| Some((host.as_str(), of_host(host)?)));
        self.file.write(written).map_err(|error| format!("{}: {error}", self.file.path().display()))?;
        let lifetime = logins.expires.duration_since(SystemTime::now()).unwrap_or_default();
        info!(role = self.role.arn(), expires_in_seconds = lifetime.as_secs(), "login for pushes renewed");
        let mut status = self.lock();
        status.token = Some(Token { issued, expires: logins.expires });
        status.error = None;
        Ok(lifetime)
    }

    /// Notes a failure. What was written before stays while it is good; of what an earlier daemon wrote nobody knows.
    fn failed(&self, error: String, wait: Duration) {
        let left = {
            let mut status = self.lock();
            status.failures += 1;
            status.error = Some(error.clone());
            left(&status)
        };
        warn!(
            role = self.role.arn(),
            error,
            retry_in_seconds = wait.as_secs(),
            expires_in_seconds = left.as_secs(),
            "login for pushes not renewed; pulls go on"
        );
        if left.is_zero() {
            self.end();
        }
    }

    /// Waits; a login that ends meanwhile is removed then.
    async fn sleep(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let left = left(&self.lock());
        if !left.is_zero() && left < wait {
            tokio::time::sleep(left).await;
            self.end();
        }
        tokio::time::sleep_until(until).await;
    }

    fn end(&self) {
        if self.lock().token.take().is_some() {
            warn!(role = self.role.arn(), "login for pushes has ended: it is removed");
        }
        if let Err(error) = self.file.remove() {
            warn!(path = %self.file.path().display(), %error, "login for pushes not removed");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the login in the file is still good; zero if there is none.
fn left(status: &Status) -> Duration {
    let expires = status.token.map(|token| token.expires);
    expires.and_then(|expires| expires.duration_since(SystemTime::now()).ok()).unwrap_or_default()
}

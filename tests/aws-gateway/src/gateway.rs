//! The listener, and what all requests share.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::calls::{Call, CallLog};
use crate::clock::Clock;
use crate::dispatch;
use crate::ecr::State;
use crate::emulators::Emulators;
use crate::fault::{Fault, Faults};
use crate::identity::{IssuedKeys, Scope};
use crate::moto::MotoState;
use crate::registry::tags;
use crate::registry::token::TokenKey;
use crate::tagging;
use crate::upstreams::Upstreams;

/// How long an emulator may think. moto makes the managed policies of a new account in some seconds.
const EMULATOR_TIMEOUT: Duration = Duration::from_secs(300);

/// The gateway, listening until it is dropped.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    url: String,
    shared: Arc<Shared>,
    accept: JoinHandle<()>,
}

/// Settings of a [`Gateway`] that is not started yet.
#[derive(Debug)]
pub struct GatewayBuilder {
    moto: Url,
    ministack: Url,
    upstreams: Upstreams,
    token_validity: Duration,
    session_validity: Option<Duration>,
    address: SocketAddr,
    clock: Clock,
    first_pull_redirects: bool,
    largest_tags_page: usize,
}

/// The gateway could not be started.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The address is taken or not ours.
    #[error("listening on {address}")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// Why it failed.
        #[source]
        source: std::io::Error,
    },
    /// The HTTP client towards the emulators could not be built.
    #[error("building the HTTP client")]
    Client(#[source] reqwest::Error),
    /// The operating system gave no random bytes.
    #[error("no random key: {0}")]
    Random(String),
}

/// State of all requests.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Where the gateway itself listens.
    pub(crate) address: SocketAddr,
    pub(crate) moto: Url,
    pub(crate) ministack: Url,
    pub(crate) http: reqwest::Client,
    pub(crate) clock: Clock,
    pub(crate) calls: CallLog,
    pub(crate) faults: Faults,
    pub(crate) keys: IssuedKeys,
    pub(crate) ecr: State,
    pub(crate) moto_state: MotoState,
    pub(crate) token_key: TokenKey,
    pub(crate) token_validity: Duration,
    pub(crate) session_validity: Option<Duration>,
    pub(crate) first_pull_redirects: bool,
    pub(crate) largest_tags_page: usize,
    /// Accounts whose registry has the referrers API.
    pub(crate) referrers_api: Mutex<HashSet<String>>,
    pub(crate) upstreams: Upstreams,
}

impl Gateway {
    /// Begins a gateway in front of `emulators`.
    pub fn builder(emulators: &Emulators) -> GatewayBuilder {
        GatewayBuilder {
            moto: emulators.moto().clone(),
            ministack: emulators.ministack().clone(),
            upstreams: Upstreams::default(),
            token_validity: Duration::from_secs(12 * 3600),
            session_validity: None,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Clock::default(),
            first_pull_redirects: false,
            largest_tags_page: tags::LARGEST,
        }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every call of `account` so far, in the order of arrival.
    pub fn calls(&self, account: &str) -> Vec<Call> {
        self.shared.calls.of(account)
    }

    /// Orders a fault for the calls of `account`.
    pub fn inject(&self, account: &str, fault: Fault) {
        self.shared.faults.inject(account, fault);
    }

    /// Drops the faults of `account` that are not used up.
    pub fn clear_faults(&self, account: &str) {
        self.shared.faults.clear(account);
    }

    /// Says where the upstream registry `host` (as in `registry-1.docker.io`) is for `account`.
    pub fn upstream(&self, account: &str, host: &str, url: Url) {
        self.shared.upstreams.set(Some(account), host, url);
    }

    /// Gives the registry of `account` the referrers API: lists, and `OCI-Subject` when a manifest with a subject is
    /// stored. Without it the API is 404 and clients keep the lists by tag. Which of the two ECR does is not documented.
    pub fn serve_referrers(&self, account: &str) {
        let mut accounts = self.shared.referrers_api.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.to_owned());
    }

    /// Lets the Resource Groups Tagging API be behind: it answers with the tags of now, until [`release_tags`].
    ///
    /// # Errors
    /// The emulator's words.
    ///
    /// [`release_tags`]: Self::release_tags
    pub async fn hold_tags(&self, account: &str, region: &str) -> Result<(), String> {
        let scope = Scope { account: account.to_owned(), region: region.to_owned() };
        tagging::hold(&self.shared, &scope).await.map_err(|error| error.to_string())
    }

    /// Lets it catch up.
    pub fn release_tags(&self, account: &str, region: &str) {
        let scope = Scope { account: account.to_owned(), region: region.to_owned() };
        tagging::release(&self.shared, &scope);
    }

    /// The gateway's time, to be moved by a test.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }
}

impl Shared {
    /// True when the account's registry has the referrers API.
    pub(crate) fn serves_referrers(&self, account: &str) -> bool {
        self.referrers_api.lock().unwrap_or_else(PoisonError::into_inner).contains(account)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.accept.abort();
    }
}

impl GatewayBuilder {
    /// Says where the upstream registry `host` (as in `registry-1.docker.io`) is; without, its images are not found.
    #[must_use]
    pub fn upstream(self, host: &str, url: Url) -> Self {
        self.upstreams.set(None, host, url);
        self
    }

    /// Sets how long an authorization token of ECR is good; 12 hours by default.
    #[must_use]
    pub fn token_validity(mut self, validity: Duration) -> Self {
        self.token_validity = validity;
        self
    }

    /// Sets how long a role's session is good, whatever was asked for: AssumeRole gives no less than 15 minutes.
    #[must_use]
    pub fn session_validity(mut self, validity: Duration) -> Self {
        self.session_validity = Some(validity);
        self
    }

    /// Sends the first GET of each blob of a first pull to upstream's blob host, as ECR does; off by default.
    ///
    /// That host is played by the gateway: calls to it are recorded as service `upstream`, action `GetBlob`, and a
    /// [`Fault`] for these is a client without a route to the internet.
    #[must_use]
    pub fn first_pull_redirects(mut self, on: bool) -> Self {
        self.first_pull_redirects = on;
        self
    }

    /// Gives at most so many tags at a time, whatever is asked for; ECR's 1000 by default.
    #[must_use]
    pub fn largest_tags_page(mut self, tags: usize) -> Self {
        self.largest_tags_page = tags;
        self
    }

    /// Sets the address to listen on; a free loopback port by default.
    #[must_use]
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Starts listening.
    ///
    /// # Errors
    /// [`GatewayError::Listen`] when the address cannot be bound.
    pub async fn start(self) -> Result<Gateway, GatewayError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .read_timeout(EMULATOR_TIMEOUT)
            .build()
            .map_err(GatewayError::Client)?;
        let token_key = TokenKey::random().map_err(|error| GatewayError::Random(error.to_string()))?;
        let listen = |source| GatewayError::Listen { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared {
            address,
            moto: self.moto,
            ministack: self.ministack,
            http,
            clock: self.clock,
            calls: CallLog::default(),
            faults: Faults::default(),
            keys: IssuedKeys::default(),
            ecr: State::default(),
            moto_state: MotoState::default(),
            token_key,
            token_validity: self.token_validity,
            session_validity: self.session_validity,
            first_pull_redirects: self.first_pull_redirects,
            largest_tags_page: self.largest_tags_page,
            referrers_api: Mutex::default(),
            upstreams: self.upstreams,
        });
        let accept = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Gateway { address, url: format!("http://{address}"), shared, accept })
    }
}

/// Serves each connection on its own task; dropping the set of tasks closes the connections.
async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "accepting a connection");
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                }
            },
            Some(_) = connections.join_next() => continue,
        };
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service =
                hyper::service::service_fn(|request| dispatch::dispatch(Arc::clone(&shared), request));
            let connection =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "connection ended");
            }
        });
    }
}

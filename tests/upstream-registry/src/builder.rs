//! Settings of a registry before it starts.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use tokio::net::TcpListener;

use crate::auth::TokenAuth;
use crate::rate::RateLimit;
use crate::registry::Registry;
use crate::server::{self, Shared, State};

/// Whose habits the registry has where the specification leaves room, or is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// The distribution-spec to the letter; repositories come into being with the first push.
    #[default]
    Plain,
    /// ECR: PATCH answers 201 with a `Range` that does not move, uploads cannot be asked about, no
    /// `Location` after a manifest PUT, no digest header on GET, empty blobs are refused, and
    /// repositories must be created first. An artifact whose type has parameters (`;`) is refused.
    Ecr,
}

#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) behaviour: Behaviour,
    pub(crate) token_auth: Option<TokenAuth>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) manifest_puts_per_second: Option<usize>,
    pub(crate) mount: bool,
    pub(crate) stored_blobs: bool,
    pub(crate) anonymous_only: bool,
    pub(crate) discard_blobs: bool,
    pub(crate) careless: bool,
    pub(crate) page_size: usize,
    pub(crate) referrers_api: bool,
}

/// Settings of a [`Registry`] before it starts.
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    config: Config,
    basic: Option<(String, String)>,
    address: SocketAddr,
}

impl Default for Builder {
    fn default() -> Self {
        let config = Config {
            behaviour: Behaviour::Plain,
            token_auth: None,
            rate_limit: None,
            manifest_puts_per_second: None,
            mount: false,
            stored_blobs: false,
            anonymous_only: false,
            discard_blobs: false,
            careless: false,
            page_size: 100,
            referrers_api: true,
        };
        Self { config, basic: None, address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0) }
    }
}

impl Builder {
    /// The address to listen on; a free port of 127.0.0.1 by default.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Asks for Bearer tokens, and gives them.
    pub fn token_auth(mut self, auth: TokenAuth) -> Self {
        self.config.token_auth = Some(auth);
        self
    }

    /// Asks for Basic credentials, as ECR does (`AWS` and a token).
    pub fn basic_auth(mut self, username: &str, password: &str) -> Self {
        self.basic = Some((username.to_owned(), password.to_owned()));
        self
    }

    /// Limits manifest pulls per client address.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.config.rate_limit = Some(limit);
        self
    }

    /// Whose habits the registry has.
    pub fn behaviour(mut self, behaviour: Behaviour) -> Self {
        self.config.behaviour = behaviour;
        self
    }

    /// Answers 429 above so many manifest PUTs within a second (ECR: 10).
    pub fn manifest_puts_per_second(mut self, limit: usize) -> Self {
        self.config.manifest_puts_per_second = Some(limit);
        self
    }

    /// Lets blobs be mounted from other repositories, if a manifest there names them.
    pub fn mount(mut self) -> Self {
        self.config.mount = true;
        self
    }

    /// Serves blobs by redirect to a second port, which refuses `Authorization` and HEAD as object
    /// stores with signed URLs do.
    pub fn stored_blobs(mut self) -> Self {
        self.config.stored_blobs = true;
        self
    }

    /// Must never be shown a credential: dropping the registry panics if an `Authorization` arrived that is not a token of
    /// its own token server.
    pub fn anonymous_only(mut self) -> Self {
        self.config.anonymous_only = true;
        self
    }

    /// Keeps only size and digest of uploaded blobs above 1 MiB, so that large copies need no memory here.
    pub fn discard_blobs(mut self) -> Self {
        self.config.discard_blobs = true;
        self
    }

    /// Stores uploaded blobs under whatever digest the client names, without looking.
    pub fn careless(mut self) -> Self {
        self.config.careless = true;
        self
    }

    /// Knows no referrers: its API is 404 and a manifest PUT is answered without `OCI-Subject`, so that clients keep
    /// the list themselves (distribution-spec, section "Referrers Tag Schema").
    pub fn without_referrers_api(mut self) -> Self {
        self.config.referrers_api = false;
        self
    }

    /// Entries per page of the lists of tags and referrers where the client does not say; 100 by default.
    pub fn page_size(mut self, entries: usize) -> Self {
        self.config.page_size = entries;
        self
    }

    /// Starts to listen.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(self) -> anyhow::Result<Registry> {
        let listener =
            TcpListener::bind(self.address).await.with_context(|| format!("binding {}", self.address))?;
        let address = listener.local_addr()?;
        let store = if self.config.stored_blobs {
            Some(
                TcpListener::bind(SocketAddr::new(address.ip(), 0))
                    .await
                    .context("binding the blob store")?,
            )
        } else {
            None
        };
        let store_address = store.as_ref().map(TcpListener::local_addr).transpose()?;
        let mut state = State::default();
        state.basic = self.basic;
        let shared = Arc::new(Shared::new(self.config, state, address, store_address));
        let mut tasks = Vec::new();
        let router = Router::new().fallback(server::serve).with_state(shared.clone());
        tasks.push(listen(listener, router));
        if let Some(store) = store {
            let router = Router::new().fallback(server::serve_store).with_state(shared.clone());
            tasks.push(listen(store, router));
        }
        Ok(Registry::new(shared, tasks))
    }
}

fn listen(listener: TcpListener, router: Router) -> tokio::task::JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        // It ends with the task; accept errors are waited out by axum itself.
        let _ = axum::serve(listener, service).await;
    })
}

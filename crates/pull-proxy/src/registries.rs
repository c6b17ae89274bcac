//! One client for each registry that the rules name, with its health.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use oci_copy::{Credentials, Registry};

use crate::config::Config;
use crate::ecr::{self, SetupError, TokenSource};
use crate::health::Health;
use crate::rules::{Fallback, Rule};

/// A registry that can be asked.
#[derive(Debug)]
pub struct Remote {
    /// Its name, as in rules.
    pub name: String,
    /// The client.
    pub registry: Registry,
    /// Whether it is to be asked now.
    pub health: Health,
}

/// A repository of a registry.
#[derive(Clone, Debug)]
pub struct Place {
    /// The registry.
    pub remote: Arc<Remote>,
    /// The repository.
    pub repository: String,
}

/// All registries.
#[derive(Debug)]
pub struct Registries {
    remotes: BTreeMap<String, Arc<Remote>>,
    tokens: BTreeMap<String, Arc<TokenSource>>,
}

/// The clients cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// Not those of AWS.
    #[error(transparent)]
    Aws(#[from] SetupError),
    /// Not that of a registry.
    #[error(transparent)]
    Registry(#[from] oci_copy::Error),
}

impl Registries {
    /// Makes the clients that the configuration needs. Nothing is sent.
    ///
    /// # Errors
    /// [`RegistriesError`] when TLS cannot be set up, or an address may not be contacted.
    pub async fn new(config: &Config) -> Result<Self, RegistriesError> {
        let clients = ecr::clients(config.rules.iter().map(|rule| rule.host.region())).await?;
        let tokens: BTreeMap<_, _> = clients
            .into_iter()
            .map(|(region, client)| (region.clone(), Arc::new(TokenSource::new(client, region))))
            .collect();
        let mut remotes = BTreeMap::new();
        for rule in config.rules.iter() {
            let token = tokens.get(rule.host.region()).map(Arc::clone);
            add(&mut remotes, config, rule.host.as_str(), token)?;
            if asks_upstream(rule) {
                add(&mut remotes, config, &rule.registry, None)?;
            }
        }
        Ok(Self { remotes, tokens })
    }

    /// A registry by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Remote>> {
        self.remotes.get(name)
    }

    /// Every registry.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Remote>> {
        self.remotes.values()
    }

    /// The token of each region.
    pub fn tokens(&self) -> impl Iterator<Item = (&str, &Arc<TokenSource>)> {
        self.tokens.iter().map(|(region, token)| (region.as_str(), token))
    }
}

/// Whether the upstream registry of a rule is ever asked.
fn asks_upstream(rule: &Rule) -> bool {
    rule.fallback == Fallback::Upstream || rule.digest_fallback == Fallback::Upstream
}

/// Only registries of ECR get a token; every other is anonymous.
fn add(
    remotes: &mut BTreeMap<String, Arc<Remote>>,
    config: &Config,
    name: &str,
    token: Option<Arc<TokenSource>>,
) -> Result<(), oci_copy::Error> {
    let Entry::Vacant(entry) = remotes.entry(name.to_owned()) else { return Ok(()) };
    let mut builder = Registry::builder(name)
        .plain_http_loopback(true)
        .user_agent(concat!("ecr-pull-proxy/", env!("CARGO_PKG_VERSION")));
    if let Some(token) = token {
        builder = builder.credentials(Credentials::Renewable(token));
    }
    if let Some(endpoint) = config.endpoints.get(name) {
        builder = builder.endpoint(endpoint.clone());
    }
    let health = Health::new(name, config.breaker);
    entry.insert(Arc::new(Remote { name: name.to_owned(), registry: builder.build()?, health }));
    Ok(())
}

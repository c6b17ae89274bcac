//! One client for each registry that the rules name, with its health.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use oci_copy::{Credentials, Registry};

use crate::config::Config;
use crate::ecr::{Aws, TokenSource};
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

impl Registries {
    /// Makes the clients that the configuration needs. Nothing is sent.
    ///
    /// # Errors
    /// TLS cannot be set up, or an address may not be contacted.
    pub async fn new(config: &Config, aws: &Aws) -> Result<Self, oci_copy::Error> {
        let mut tokens: BTreeMap<String, Arc<TokenSource>> = BTreeMap::new();
        for rule in config.rules.iter() {
            let region = rule.host.region();
            if !tokens.contains_key(region) {
                let token = TokenSource::new(aws, region.to_owned()).await;
                tokens.insert(region.to_owned(), Arc::new(token));
            }
        }
        let mut remotes = BTreeMap::new();
        for rule in config.rules.iter() {
            let token = tokens.get(rule.host.region()).map(Arc::clone);
            add(&mut remotes, config, aws, rule.host.as_str(), token)?;
            if asks_upstream(rule) {
                add(&mut remotes, config, aws, &rule.registry, None)?;
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
    aws: &Aws,
    name: &str,
    token: Option<Arc<TokenSource>>,
) -> Result<(), oci_copy::Error> {
    let Entry::Vacant(entry) = remotes.entry(name.to_owned()) else { return Ok(()) };
    let mut builder = Registry::builder(name)
        .plain_http_loopback(true)
        .user_agent(concat!("ecr-pull-proxy/", env!("CARGO_PKG_VERSION")));
    if let Some(pem) = aws.certificates_pem() {
        builder = builder.certificates(pem);
    }
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

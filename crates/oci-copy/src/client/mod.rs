//! A client of one registry (OCI distribution-spec), held to the policy of this crate.

mod call;
pub(crate) mod failure;
mod page;
mod pull;
mod push;
mod read;
mod referrers;

use std::sync::Arc;

use http::HeaderValue;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::sync::Semaphore;
use url::Url;

use crate::auth::{Authenticator, authority};
use crate::credentials::Credentials;
use crate::error::Error;
use crate::limit::Limiter;
use crate::policy::{Policy, is_loopback_host};
use crate::pulls::Pulls;
use crate::retry::RetryPolicy;
use crate::wire::Wire;

pub use pull::HeadFallback;
pub(crate) use push::{Session, Stored, Upload};
pub use read::{Answer, ReadRequest, Resource};

/// Where Docker Hub's API is; `docker.io` is only its name.
const DOCKER_HUB_ENDPOINT: &str = "https://registry-1.docker.io/";

/// A client of one registry. Clones share connections, tokens and limits.
#[derive(Clone, Debug)]
pub struct Registry {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    host: String,
    endpoint: Url,
    wire: Wire,
    auth: Authenticator,
    retry: RetryPolicy,
    manifest_puts: Limiter,
    transfers: Semaphore,
    pulls: Pulls,
}

/// Settings of a [`Registry`] before it is built.
#[derive(Debug)]
#[must_use]
pub struct RegistryBuilder {
    address: String,
    endpoint: Option<Url>,
    plain_http_loopback: bool,
    allow_loopback: bool,
    credentials: Credentials,
    token_hosts: Vec<String>,
    retry: RetryPolicy,
    manifest_puts_per_second: u32,
    parallel_blobs: usize,
    user_agent: String,
    certificates_pem: Vec<Vec<u8>>,
}

impl Registry {
    /// Begins a client for `address`: a registry name as in references (`docker.io`, `quay.io`,
    /// `localhost:5000`), or a URL with scheme.
    pub fn builder(address: impl Into<String>) -> RegistryBuilder {
        RegistryBuilder {
            address: address.into(),
            endpoint: None,
            plain_http_loopback: false,
            allow_loopback: false,
            credentials: Credentials::Anonymous,
            token_hosts: Vec::new(),
            retry: RetryPolicy::default(),
            manifest_puts_per_second: 8,
            parallel_blobs: 4,
            user_agent: concat!("oci-copy/", env!("CARGO_PKG_VERSION")).to_owned(),
            certificates_pem: Vec::new(),
        }
    }

    /// The registry's name as it stands in references, with its port if it has one.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.inner.host
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.inner.retry
    }

    pub(crate) fn transfers(&self) -> &Semaphore {
        &self.inner.transfers
    }

    pub(crate) fn pulls(&self) -> &Pulls {
        &self.inner.pulls
    }

    /// True when both clients speak to the same registry.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.inner.endpoint == other.inner.endpoint && self.inner.host == other.inner.host
    }
}

impl RegistryBuilder {
    /// Connects to `endpoint` while the registry keeps its name in messages; for tests and for
    /// private addresses of a registry.
    pub fn endpoint(mut self, endpoint: Url) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Uses plain http when the address has no scheme and is loopback. Elsewhere it changes nothing.
    pub fn plain_http_loopback(mut self, plain: bool) -> Self {
        self.plain_http_loopback = plain;
        self
    }

    /// Lets the registry's name resolve to loopback, and its redirects lead there. Without it only
    /// registries whose address is literally loopback may.
    pub fn allow_loopback(mut self, allow: bool) -> Self {
        self.allow_loopback = allow;
        self
    }

    /// The credentials; anonymous by default.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// A host, with `:port` if it is not the scheme's own, that may get the credentials as token
    /// server although it lies outside the registry's domain. Can be repeated.
    pub fn trust_token_host(mut self, host: impl Into<String>) -> Self {
        self.token_hosts.push(host.into());
        self
    }

    /// How failed requests are tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Most manifest uploads a second, shared by all copies into this registry; 8 by default (ECR takes 10).
    pub fn manifest_puts_per_second(mut self, rate: u32) -> Self {
        self.manifest_puts_per_second = rate;
        self
    }

    /// Most blobs on their way into this registry at once, over all copies; 4 by default.
    pub fn parallel_blobs(mut self, parallel: usize) -> Self {
        self.parallel_blobs = parallel.max(1);
        self
    }

    /// What is sent as `User-Agent`.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// Further root certificates (PEM, one or several), on top of the platform's.
    pub fn certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates_pem.push(pem.into());
        self
    }

    /// Checks the settings and makes the client. Nothing is sent.
    ///
    /// # Errors
    /// [`Error::Address`] for an address that is no registry, [`Error::Forbidden`] for one that may not
    /// be contacted, [`Error::Setup`] when certificates cannot be read.
    pub fn build(self) -> Result<Registry, Error> {
        let (host, own_endpoint) = self.address()?;
        let mut endpoint = self.endpoint.clone().unwrap_or(own_endpoint);
        endpoint.set_query(None);
        endpoint.set_fragment(None);
        if !endpoint.path().ends_with('/') {
            let path = format!("{}/", endpoint.path());
            endpoint.set_path(&path);
        }
        let loopback =
            self.allow_loopback || endpoint.host().is_some_and(|endpoint| is_loopback_host(&endpoint));
        let policy = Policy { loopback };
        policy.check(&endpoint, None)?;
        let mut roots = Vec::new();
        for pem in &self.certificates_pem {
            for found in CertificateDer::pem_slice_iter(pem) {
                roots.push(found.map_err(|_| Error::Setup("the root certificates are not PEM".to_owned()))?);
            }
        }
        let given = !roots.is_empty();
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|_| Error::Setup("the user agent has characters that no header can hold".to_owned()))?;
        let wire = Wire::new(policy, user_agent, roots);
        if given {
            // What is wrong with them shows here, and not at the first request.
            wire.clients(&endpoint)?;
        }
        let mut trusted = vec![authority(&endpoint)];
        trusted.extend(self.token_hosts);
        Ok(Registry {
            inner: Arc::new(Inner {
                auth: Authenticator::new(host.clone(), self.credentials, trusted),
                host,
                endpoint,
                wire,
                retry: self.retry,
                manifest_puts: Limiter::per_second(self.manifest_puts_per_second),
                transfers: Semaphore::new(self.parallel_blobs),
                pulls: Pulls::default(),
            }),
        })
    }

    fn address(&self) -> Result<(String, Url), Error> {
        let wrong = |reason: String| Error::Address { address: self.address.clone(), reason };
        if matches!(self.address.as_str(), "docker.io" | "index.docker.io") {
            let endpoint = Url::parse(DOCKER_HUB_ENDPOINT).map_err(|error| wrong(error.to_string()))?;
            return Ok(("docker.io".to_owned(), endpoint));
        }
        let with_scheme = if self.address.contains("://") {
            self.address.clone()
        } else {
            format!("https://{}", self.address)
        };
        let mut url = Url::parse(&with_scheme)
            .map_err(|error| wrong(format!("{error}; write a name such as quay.io or localhost:5000")))?;
        if !self.address.contains("://") {
            if url.path() != "/" {
                return Err(wrong("write the registry's name without a repository".to_owned()));
            }
            if self.plain_http_loopback && url.host().is_some_and(|host| is_loopback_host(&host)) {
                let plain = format!("http://{}", self.address);
                url = Url::parse(&plain).map_err(|error| wrong(error.to_string()))?;
            }
        }
        Ok((authority(&url), url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(builder: RegistryBuilder) -> String {
        builder.build().unwrap().inner.endpoint.to_string()
    }

    #[test]
    fn names_become_endpoints() {
        assert_eq!(endpoint(Registry::builder("docker.io")), "https://registry-1.docker.io/");
        assert_eq!(endpoint(Registry::builder("quay.io")), "https://quay.io/");
        assert_eq!(endpoint(Registry::builder("localhost:5000")), "https://localhost:5000/");
        assert_eq!(
            endpoint(Registry::builder("localhost:5000").plain_http_loopback(true)),
            "http://localhost:5000/"
        );
        assert_eq!(
            endpoint(Registry::builder("example.com").plain_http_loopback(true)),
            "https://example.com/"
        );
        assert_eq!(endpoint(Registry::builder("http://127.0.0.1:5000")), "http://127.0.0.1:5000/");
    }

    #[test]
    fn plain_http_beyond_loopback_and_metadata_addresses_are_refused_before_anything_is_sent() {
        for address in ["http://example.com", "http://10.0.0.1:5000", "https://169.254.169.254"] {
            let error = Registry::builder(address).build().unwrap_err();
            assert!(matches!(error, Error::Forbidden { .. }), "{address}: {error}");
        }
        let error = Registry::builder("quay.io/org/image").build().unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{error}");
    }

    #[test]
    fn endpoint_override_keeps_the_name() {
        let endpoint = Url::parse("http://127.0.0.1:4566").unwrap();
        let registry = Registry::builder("123456789012.dkr.ecr.eu-central-1.amazonaws.com")
            .endpoint(endpoint)
            .build()
            .unwrap();
        assert_eq!(registry.host(), "123456789012.dkr.ecr.eu-central-1.amazonaws.com");
    }
}

//! Authorization: which header goes with a request, and what a refused one leads to.
//!
//! Source: distribution project, "Token Authentication Specification"; RFC 7617 (Basic).

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use crate::challenge::Challenge;
use crate::client::failure;
use crate::connect::Pieces;
use crate::credentials::{BasicCredentials, Credentials};
use crate::error::Error;
use crate::message;
use crate::wire::{self, Message, Wire};

/// Largest answer of a token server.
const TOKEN_LIMIT: u64 = 64 * 1024;
/// Longest lifetime that is believed; a token that ends before is renewed at the 401.
const LONGEST_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);
/// Lifetime of a token whose answer names none.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(60);

/// What a request needs to be allowed to do, in the words of token scopes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope(pub(crate) String);

impl Scope {
    pub(crate) fn pull(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull"))
    }

    pub(crate) fn push(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull,push"))
    }

    pub(crate) fn mount(repository: &str, from: &str) -> Self {
        Self(format!("repository:{repository}:pull,push repository:{from}:pull"))
    }
}

/// The header of one request, and whether it was made for that request.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) header: Option<HeaderValue>,
    fresh: bool,
}

/// Credentials and tokens of one registry client.
#[derive(Debug)]
pub(crate) struct Authenticator {
    host: String,
    credentials: Credentials,
    /// Host and port of the registry, and of token servers that may get its credentials.
    trusted: Vec<String>,
    /// Held across token requests, so that parallel transfers share one token.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    scheme: Scheme,
    tokens: HashMap<Scope, Token>,
}

#[derive(Debug, Default)]
enum Scheme {
    /// The registry was not asked yet, or wants nothing.
    #[default]
    None,
    Basic,
    Bearer {
        realm: Url,
        service: Option<String>,
        /// Scopes that the registry asked for in addition to those we know to need.
        asked: HashMap<Scope, String>,
    },
}

#[derive(Debug)]
struct Token {
    header: HeaderValue,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<u64>,
}

impl Authenticator {
    pub(crate) fn new(host: String, credentials: Credentials, trusted: Vec<String>) -> Self {
        Self { host, credentials, trusted, state: Mutex::default() }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        self.credentials.is_anonymous()
    }

    /// The header for a request within `scope`; none while the registry has not asked for one.
    pub(crate) async fn authorize(
        &self,
        wire: &Wire,
        repository: &str,
        scope: &Scope,
    ) -> Result<Sent, Error> {
        let mut state = self.state.lock().await;
        let State { scheme, tokens } = &mut *state;
        match scheme {
            Scheme::None => Ok(Sent { header: None, fresh: false }),
            Scheme::Basic => {
                let credentials = self.credentials(None).await?;
                Ok(Sent { header: credentials.as_ref().map(basic), fresh: false })
            }
            Scheme::Bearer { realm, service, asked } => {
                if let Some(token) = tokens.get(scope).filter(|token| Instant::now() < token.until) {
                    return Ok(Sent { header: Some(token.header.clone()), fresh: false });
                }
                let asked = asked.get(scope).map(String::as_str);
                let token = self.fetch(wire, repository, realm, service.as_deref(), scope, asked).await?;
                let header = token.header.clone();
                tokens.insert(scope.clone(), token);
                Ok(Sent { header: Some(header), fresh: true })
            }
        }
    }

    /// Learns from a 401 which challenge to answer. True if another try makes sense.
    pub(crate) async fn challenged(
        &self,
        found: &[Challenge],
        endpoint: &Url,
        wire: &Wire,
        scope: &Scope,
        sent: &Sent,
    ) -> Result<bool, Error> {
        let mut state = self.state.lock().await;
        let bearer = found.iter().find_map(|challenge| match challenge {
            Challenge::Bearer { realm, service, scope } => Some((realm, service, scope)),
            Challenge::Basic => None,
        });
        if let Some((realm, service, wanted)) = bearer {
            if sent.fresh {
                return Ok(false);
            }
            // Another request may have renewed the token meanwhile; then that one is used.
            if state.tokens.get(scope).is_some_and(|token| Some(&token.header) == sent.header.as_ref()) {
                state.tokens.remove(scope);
            }
            let realm = endpoint.join(realm).map_err(|error| Error::Protocol {
                host: self.host.clone(),
                detail: format!("the token realm is no URL: {error}"),
            })?;
            wire.check(&realm, Some(endpoint))?;
            let mut asked = match std::mem::take(&mut state.scheme) {
                Scheme::Bearer { asked, .. } => asked,
                Scheme::None | Scheme::Basic => HashMap::new(),
            };
            if let Some(wanted) = wanted {
                asked.insert(scope.clone(), wanted.clone());
            }
            state.scheme = Scheme::Bearer { realm, service: service.clone(), asked };
            return Ok(true);
        }
        if !found.contains(&Challenge::Basic) || self.credentials.is_anonymous() {
            return Ok(false);
        }
        state.scheme = Scheme::Basic;
        let Some(refused) = &sent.header else { return Ok(true) };
        // Refused credentials are worth a try only if their provider has others now.
        let current = self.credentials(None).await?;
        let current = match current {
            Some(current) if basic(&current) == *refused => self.credentials(Some(current)).await?,
            other => other,
        };
        Ok(current.is_some_and(|current| basic(&current) != *refused))
    }

    async fn credentials(
        &self,
        rejected: Option<BasicCredentials>,
    ) -> Result<Option<BasicCredentials>, Error> {
        match &self.credentials {
            Credentials::Anonymous => Ok(None),
            Credentials::Basic(fixed) => Ok(Some(fixed.clone())),
            Credentials::Renewable(provider) => match provider.credentials(rejected).await {
                Ok(credentials) => Ok(Some(credentials)),
                Err(source) => Err(Error::Credentials { host: self.host.clone(), source }),
            },
        }
    }

    async fn fetch(
        &self,
        wire: &Wire,
        repository: &str,
        realm: &Url,
        service: Option<&str>,
        scope: &Scope,
        asked: Option<&str>,
    ) -> Result<Token, Error> {
        let mut headers = HeaderMap::new();
        if let Some(credentials) = self.credentials(None).await? {
            if !self.may_know_credentials(realm) {
                return Err(Error::Forbidden {
                    target: crate::policy::origin(realm),
                    reason: format!(
                        "{} names it as token server, outside its own domain; \
                         trust that host explicitly to send it the credentials",
                        self.host
                    ),
                });
            }
            headers.insert(AUTHORIZATION, basic(&credentials));
        }
        let mut url = realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = service {
                query.append_pair("service", service);
            }
            let mut scopes: Vec<&str> = asked.unwrap_or(&scope.0).split(' ').collect();
            // The registry may have asked for less than the whole copy needs.
            if asked.is_some() && scope.0.contains("push") {
                scopes.extend(scope.0.split(' ').filter(|own| !asked.unwrap_or_default().contains(own)));
            }
            for scope in scopes.iter().filter(|scope| !scope.is_empty()) {
                query.append_pair("scope", scope);
            }
        }
        let started = Instant::now();
        let message = Message {
            method: Method::GET,
            url: &url,
            from: None,
            headers,
            body: message::whole(Bytes::new()),
            pieces: Pieces::Any,
        };
        let answer = wire.send(message, wire::idle()).await?;
        let subject = format!("the token of {}", self.host);
        match answer.status().as_u16() {
            200 => {}
            // No retry: repeated wrong passwords can lock an account.
            status @ (401 | 403) => {
                return Err(Error::Unauthorized {
                    host: self.host.clone(),
                    repository: repository.to_owned(),
                    detail: format!("its token server {} answered {status}", crate::policy::origin(realm)),
                });
            }
            _ => return Err(failure::of(answer, &self.host, repository, "token", false).await),
        }
        let body = wire::read(answer, TOKEN_LIMIT, &subject).await?;
        // The parser's own message could quote the body, and with it the token.
        let protocol = |detail: &str| Error::Protocol { host: self.host.clone(), detail: detail.to_owned() };
        let answer: TokenAnswer = serde_json::from_slice(&body)
            .map_err(|_| protocol("the token server's answer is not the JSON it should be"))?;
        let token = answer
            .token
            .filter(|token| !token.is_empty())
            .or(answer.access_token)
            .ok_or_else(|| protocol("the token server's answer holds no token"))?;
        let mut header = HeaderValue::from_str(&format!("Bearer {token}"))
            .map_err(|_| protocol("the token has characters that no header can hold"))?;
        header.set_sensitive(true);
        let lifetime = answer.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs).min(LONGEST_LIFETIME);
        // A token is replaced a little early, so that it does not run out on the way.
        let until = started + lifetime - (lifetime / 10).min(Duration::from_secs(10));
        Ok(Token { header, until })
    }

    /// Credentials go to the registry's own host and to its domain, nowhere else unasked:
    /// `registry-1.docker.io` may name `auth.docker.io`, `registry.gitlab.com` may name `gitlab.com`.
    fn may_know_credentials(&self, realm: &Url) -> bool {
        let authority = authority(realm);
        self.trusted.iter().enumerate().any(|(position, trusted)| {
            // The first entry is the registry itself; further ones the caller named exactly.
            *trusted == authority || (position == 0 && is_same_domain(trusted, realm))
        })
    }
}

/// Host, and port where it is not the scheme's own.
pub(crate) fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn is_same_domain(registry: &str, realm: &Url) -> bool {
    let Some(url::Host::Domain(realm)) = realm.host() else { return false };
    // With a port of its own a registry shares its machine with others, and names prove little.
    if registry.contains(':') || registry.parse::<std::net::IpAddr>().is_ok() {
        return false;
    }
    let below = |domain: &str| realm == domain || realm.ends_with(&format!(".{domain}"));
    if below(registry) {
        return true;
    }
    let Some((_, parent)) = registry.split_once('.') else { return false };
    let Some((owner, suffix)) = parent.split_once('.') else { return false };
    // `co.uk` and the like are nobody's domain.
    let is_public_suffix = !suffix.contains('.') && suffix.len() == 2 && owner.len() <= 3;
    !is_public_suffix && below(parent)
}

fn basic(credentials: &BasicCredentials) -> HeaderValue {
    let pair = format!("{}:{}", credentials.username, credentials.password.expose());
    let mut header = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .unwrap_or_else(|_| HeaderValue::from_static("Basic"));
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trusts(registry: &str, realm: &str) -> bool {
        let trusted = vec![registry.to_owned(), "exact.example.net".to_owned()];
        Authenticator::new(registry.to_owned(), Credentials::Anonymous, trusted)
            .may_know_credentials(&Url::parse(realm).unwrap())
    }

    #[test]
    fn token_servers_of_the_known_registries_are_in_their_domain() {
        for (registry, realm) in [
            ("registry-1.docker.io", "https://auth.docker.io/token"),
            ("ghcr.io", "https://ghcr.io/token"),
            ("quay.io", "https://quay.io/v2/auth"),
            ("registry.gitlab.com", "https://gitlab.com/jwt/auth"),
            ("registry.example.co.uk", "https://gitlab.example.co.uk/jwt/auth"),
            ("name.azurecr.io", "https://name.azurecr.io/oauth2/token"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/token"),
            ("registry.example.com", "https://exact.example.net/token"),
        ] {
            assert!(trusts(registry, realm), "{registry} {realm}");
        }
    }

    #[test]
    fn token_servers_elsewhere_do_not_get_credentials() {
        for (registry, realm) in [
            ("registry-1.docker.io", "https://docker.io.example.com/token"),
            ("registry.example.com", "https://example.net/token"),
            ("ghcr.io", "https://quay.io/token"),
            ("example.co.uk", "https://other.co.uk/token"),
            ("127.0.0.1:5000", "http://127.0.0.1:5001/token"),
            ("registry.example.com", "https://sub.exact.example.net/token"),
        ] {
            assert!(!trusts(registry, realm), "{registry} {realm}");
        }
    }
}

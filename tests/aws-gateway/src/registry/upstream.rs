//! Client of an upstream registry on loopback, with the credential of a pull through cache rule.
//!
//! Source: OCI distribution-spec "Pull"; distribution's token authentication.

use axum::body::Bytes;
use http::{Method, StatusCode, header};
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::manifests::{digest_of, is_digest};
use crate::ecr::pull_through_cache_rules::PullThroughCacheRule;
use crate::ecr::secrets::{self, UpstreamCredential};
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// Every manifest media type that ECR stores.
const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
                      application/vnd.docker.distribution.manifest.list.v2+json, \
                      application/vnd.docker.distribution.manifest.v2+json";
const REDIRECTS: usize = 3;

/// The upstream of one rule.
#[derive(Debug)]
pub(crate) struct Upstream<'a> {
    shared: &'a Shared,
    base: Url,
    credential: Option<UpstreamCredential>,
    /// The Authorization that upstream accepted last, with the repository it is for.
    authorization: Mutex<Option<(String, String)>>,
}

/// Why upstream did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("the upstream registry does not have it")]
    NotFound,
    #[error("the upstream registry refused the credential")]
    AccessDenied,
    #[error("the upstream registry answered that there were too many requests")]
    TooManyRequests,
    #[error("the upstream registry is unavailable: {0}")]
    Unavailable(String),
    #[error(transparent)]
    Secret(#[from] ServiceError),
}

impl From<UpstreamError> for ServiceError {
    fn from(error: UpstreamError) -> Self {
        let (status, code) = match &error {
            UpstreamError::NotFound => (404, "NAME_UNKNOWN"),
            UpstreamError::AccessDenied | UpstreamError::Secret(_) => (403, "DENIED"),
            UpstreamError::TooManyRequests => (429, "TOOMANYREQUESTS"),
            UpstreamError::Unavailable(_) => (503, "UNAVAILABLE"),
        };
        Self::with_status(status, code, error.to_string())
    }
}

impl<'a> Upstream<'a> {
    /// The upstream of `rule`, where the gateway was told it is.
    pub(crate) async fn of(
        shared: &'a Shared,
        scope: &Scope,
        rule: &PullThroughCacheRule,
    ) -> Result<Self, UpstreamError> {
        let host = &rule.upstream_registry_url;
        let base = shared.upstreams.of(&scope.account, host);
        let base = base.ok_or_else(|| UpstreamError::Unavailable(format!("nothing stands in for {host}")))?;
        let credential = match &rule.credential_arn {
            Some(arn) => Some(secrets::read(shared, scope, arn).await?),
            None => None,
        };
        Ok(Self { shared, base, credential, authorization: Mutex::new(None) })
    }

    /// Logs in without asking for a repository.
    pub(crate) async fn login(&self) -> Result<(), UpstreamError> {
        self.get("/v2/", "", "").await.map(|_| ())
    }

    /// Bytes and media type of a manifest; one that is asked for by digest has it.
    pub(crate) async fn manifest(
        &self,
        name: &str,
        reference: &str,
    ) -> Result<(Bytes, String), UpstreamError> {
        let answer = self.get(&format!("/v2/{name}/manifests/{reference}"), name, ACCEPT).await?;
        let media_type = answer.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.map(str::to_owned);
        let bytes = answer.bytes().await.map_err(unavailable)?;
        if is_digest(reference) && digest_of(&bytes) != reference {
            return Err(UpstreamError::Unavailable(format!("the manifest is not {reference}")));
        }
        let stated =
            || serde_json::from_slice::<Value>(&bytes).ok()?["mediaType"].as_str().map(str::to_owned);
        Ok((bytes.clone(), media_type.or_else(stated).unwrap_or_default()))
    }

    /// A blob, as it arrives.
    pub(crate) async fn blob(&self, name: &str, digest: &str) -> Result<reqwest::Response, UpstreamError> {
        self.get(&format!("/v2/{name}/blobs/{digest}"), name, "*/*").await
    }

    async fn get(
        &self,
        path: &str,
        repository: &str,
        accept: &str,
    ) -> Result<reqwest::Response, UpstreamError> {
        let url = self.base.join(path).map_err(|error| UpstreamError::Unavailable(error.to_string()))?;
        let known = self.authorization.lock().await.clone();
        let known = known.filter(|(of, _)| of == repository).map(|(_, authorization)| authorization);
        let mut answer = self.send(url.clone(), accept, known.as_deref()).await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
            let challenge = challenge.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
            let authorization = self.authorize(&challenge, repository).await?;
            answer = self.send(url, accept, Some(&authorization)).await?;
            *self.authorization.lock().await = Some((repository.to_owned(), authorization));
        }
        match answer.status() {
            StatusCode::NOT_FOUND => Err(UpstreamError::NotFound),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(UpstreamError::AccessDenied),
            StatusCode::TOO_MANY_REQUESTS => Err(UpstreamError::TooManyRequests),
            status if status.is_success() => Ok(answer),
            status => Err(UpstreamError::Unavailable(format!("status {status}"))),
        }
    }

    /// Sends a GET and follows redirects, to which no Authorization goes along.
    async fn send(
        &self,
        mut url: Url,
        accept: &str,
        authorization: Option<&str>,
    ) -> Result<reqwest::Response, UpstreamError> {
        let mut authorization = authorization;
        for _ in 0..=REDIRECTS {
            check_loopback(&url)?;
            let mut request =
                self.shared.http.request(Method::GET, url.clone()).header(header::ACCEPT, accept);
            if let Some(value) = authorization {
                request = request.header(header::AUTHORIZATION, value);
            }
            let answer = request.send().await.map_err(unavailable)?;
            if !answer.status().is_redirection() {
                return Ok(answer);
            }
            let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
            url = location
                .and_then(|location| url.join(location).ok())
                .ok_or_else(|| UpstreamError::Unavailable("a redirect without location".to_owned()))?;
            authorization = None;
        }
        Err(UpstreamError::Unavailable("too many redirects".to_owned()))
    }

    /// The Authorization that answers a challenge.
    async fn authorize(&self, challenge: &str, repository: &str) -> Result<String, UpstreamError> {
        let basic = self.credential.as_ref().map(|credential| {
            use base64::Engine as _;
            let pair = format!("{}:{}", credential.username, credential.access_token);
            format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
        });
        let Some(parameters) = challenge.strip_prefix("Bearer ") else {
            return basic.ok_or(UpstreamError::AccessDenied);
        };
        let parameter = |name: &str| {
            let start = parameters.find(&format!("{name}=\""))? + name.len() + 2;
            parameters[start..].split('"').next()
        };
        let realm = parameter("realm").unwrap_or_default();
        let mut url =
            Url::parse(realm).map_err(|error| UpstreamError::Unavailable(format!("realm: {error}")))?;
        if let Some(service) = parameter("service") {
            url.query_pairs_mut().append_pair("service", service);
        }
        if !repository.is_empty() {
            url.query_pairs_mut().append_pair("scope", &format!("repository:{repository}:pull"));
        }
        let answer = self.send(url, "application/json", basic.as_deref()).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::TOO_MANY_REQUESTS => return Err(UpstreamError::TooManyRequests),
            _ => return Err(UpstreamError::AccessDenied),
        }
        let body: Value = serde_json::from_slice(&answer.bytes().await.map_err(unavailable)?)
            .map_err(|error| UpstreamError::Unavailable(format!("token: {error}")))?;
        let token = body["token"].as_str().or_else(|| body["access_token"].as_str());
        token.map(|token| format!("Bearer {token}")).ok_or(UpstreamError::AccessDenied)
    }
}

/// A stand-in never sends the gateway, or a credential, out of the machine.
fn check_loopback(url: &Url) -> Result<(), UpstreamError> {
    match url.host_str() {
        Some("127.0.0.1" | "localhost" | "[::1]") => Ok(()),
        other => Err(UpstreamError::Unavailable(format!("{other:?} is not loopback"))),
    }
}

fn unavailable(error: reqwest::Error) -> UpstreamError {
    UpstreamError::Unavailable(error.to_string())
}

//! Registry clients: the account's own registry with its renewing token, and upstream registries.
//!
//! One client per registry and provider process, so that limits and tokens are shared by all resources.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use ecr_host::private_host;
use futures::FutureExt;
use futures::future::BoxFuture;
use oci_copy::{BasicCredentials, Credentials, CredentialsError, CredentialsProvider, Registry};
use serde::Deserialize;
use tf_provider::{Diagnostic, Diagnostics};
use tokio::sync::Mutex as AsyncMutex;

use crate::clients::Clients;
use crate::diagnostics::{Failure, registry_failure};
use crate::ecr::login::Login;
use crate::registry_auth::Logins;

/// A token is renewed when less than this is left of its twelve hours: a large blob must not outlive it.
const RENEW_BEFORE: Duration = Duration::from_secs(6 * 3600);

/// The registry clients of one provider process.
#[derive(Debug)]
pub struct Registries {
    /// Logins of the provider block.
    logins: Logins,
    own: OnceLock<Registry>,
    /// By domain, and ARN of the secret with the login.
    upstreams: Mutex<BTreeMap<(String, Option<String>), Registry>>,
}

impl Registries {
    /// No client is made yet.
    pub fn new(logins: Logins) -> Self {
        Registries { logins, own: OnceLock::new(), upstreams: Mutex::default() }
    }
}

impl Clients {
    /// The client of the account's own registry.
    ///
    /// # Errors
    /// The registry's address in the endpoints block cannot be used.
    pub fn registry(&self) -> Result<Registry, Diagnostics> {
        if let Some(registry) = self.registries.own.get() {
            return Ok(registry.clone());
        }
        let host = private_host(&self.account_id, &self.region, &self.partition);
        let token = EcrToken { ecr: self.ecr.clone(), current: AsyncMutex::new(None) };
        let mut builder = Registry::builder(host).credentials(Credentials::renewable(token));
        if let Some(endpoint) = &self.registry_endpoint {
            let endpoint = url::Url::parse(endpoint).map_err(|error| {
                Diagnostic::error("Invalid endpoint", format!("registry is no URL: {error}."))
            })?;
            builder = builder.endpoint(endpoint);
        }
        if let Some(pem) = &self.certificates_pem {
            builder = builder.certificates(pem.clone());
        }
        let built = builder.build();
        let registry =
            built.map_err(|error| registry_failure(&error, "Connecting to the ECR registry", ""))?;
        Ok(self.registries.own.get_or_init(|| registry).clone())
    }

    /// The client of an upstream registry, with the login that a secret holds, else that of the provider block, else
    /// anonymous.
    ///
    /// # Errors
    /// The address is none that a registry client may contact.
    pub fn upstream(&self, domain: &str, credential_arn: Option<&str>) -> Result<Registry, Diagnostics> {
        let key = (domain.to_owned(), credential_arn.map(str::to_owned));
        let mut upstreams = self.registries.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(registry) = upstreams.get(&key) {
            return Ok(registry.clone());
        }
        let mut builder = Registry::builder(domain).plain_http_loopback(true);
        if let Some(arn) = credential_arn {
            let secret = UpstreamSecret { secretsmanager: self.secretsmanager.clone(), arn: arn.to_owned() };
            builder = builder.credentials(Credentials::renewable(secret));
        } else if let Some(login) = self.registries.logins.get(domain) {
            builder = builder.credentials(Credentials::Basic(login.clone()));
        }
        if let Some(pem) = &self.certificates_pem {
            builder = builder.certificates(pem.clone());
        }
        let registry = builder
            .build()
            .map_err(|error| registry_failure(&error, format!("Connecting to {domain}"), ""))?;
        upstreams.insert(key, registry.clone());
        Ok(registry)
    }
}

/// The login that a secret of Secrets Manager holds, in the form that pull through cache rules have too.
#[derive(Debug)]
struct UpstreamSecret {
    secretsmanager: aws_sdk_secretsmanager::Client,
    arn: String,
}

/// Form of such a secret (Amazon ECR user guide, "Creating a pull through cache rule").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpstreamLogin {
    username: String,
    access_token: String,
}

impl CredentialsProvider for UpstreamSecret {
    fn credentials(
        &self,
        _rejected: Option<BasicCredentials>,
    ) -> BoxFuture<'_, Result<BasicCredentials, CredentialsError>> {
        async move {
            let wrong = |detail: String| CredentialsError(format!("{detail} (secret {})", self.arn));
            let sent = self.secretsmanager.get_secret_value().secret_id(&self.arn).send().await;
            let secret = sent.map_err(|error| {
                wrong(Failure::of("Secrets Manager", &error).diagnostic("", "", "").detail)
            })?;
            // What the secret holds is never shown, not even where it has another form.
            let login: UpstreamLogin = serde_json::from_str(secret.secret_string().unwrap_or_default())
                .map_err(|_| wrong("It does not hold JSON with username and accessToken.".to_owned()))?;
            Ok(BasicCredentials { username: login.username, password: login.access_token.into() })
        }
        .boxed()
    }
}

/// ECR's authorization token, renewed in time.
#[derive(Debug)]
struct EcrToken {
    ecr: aws_sdk_ecr::Client,
    current: AsyncMutex<Option<Token>>,
}

#[derive(Clone, Debug)]
struct Token {
    credentials: BasicCredentials,
    renew_at: SystemTime,
}

impl CredentialsProvider for EcrToken {
    fn credentials(
        &self,
        rejected: Option<BasicCredentials>,
    ) -> BoxFuture<'_, Result<BasicCredentials, CredentialsError>> {
        async move {
            // The lock is held over the call: all who wait get the one new token.
            let mut current = self.current.lock().await;
            if let Some(token) = current.as_ref()
                && rejected.as_ref() != Some(&token.credentials)
                && SystemTime::now() < token.renew_at
            {
                return Ok(token.credentials.clone());
            }
            let token = self.fetch().await?;
            Ok(current.insert(token).credentials.clone())
        }
        .boxed()
    }
}

impl EcrToken {
    async fn fetch(&self) -> Result<Token, CredentialsError> {
        let login =
            Login::fetch(&self.ecr).await.map_err(|diagnostic| CredentialsError(diagnostic.detail))?;
        let now = SystemTime::now();
        let lifetime = login.expires_at.duration_since(now).unwrap_or_default();
        // Short-lived tokens (role credentials that end sooner) are renewed at half their life.
        let keep = if lifetime > RENEW_BEFORE * 2 { lifetime - RENEW_BEFORE } else { lifetime / 2 };
        Ok(Token { credentials: login.credentials, renew_at: now + keep })
    }
}

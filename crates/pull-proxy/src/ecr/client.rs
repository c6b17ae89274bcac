//! The AWS configuration: credential chain, HTTP client, trust, time limits. One configuration for each region.

use std::path::Path;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// Attempts of one call; a request waits meanwhile, and tries again by itself afterwards.
const ATTEMPTS: u32 = 3;

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards AWS cannot be set up: {0}")]
pub struct SetupError(String);

/// What all clients of AWS share.
#[derive(Debug)]
pub struct Aws {
    http: SharedHttpClient,
    certificates_pem: Option<Vec<u8>>,
}

impl Aws {
    /// Trusts the platform's root certificates and those of `AWS_CA_BUNDLE`. Nothing is sent.
    ///
    /// # Errors
    /// [`SetupError`] when certificates cannot be used.
    pub fn new() -> Result<Self, SetupError> {
        let certificates_pem = ca_bundle()?;
        let mut trust = TrustStore::default();
        if let Some(pem) = &certificates_pem {
            trust = trust.with_pem_certificate(pem.as_slice());
        }
        let context = TlsContext::builder()
            .with_trust_store(trust)
            .build()
            .map_err(|error| SetupError(error.to_string()))?;
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
            .tls_context(context)
            .build_https();
        Ok(Self { http, certificates_pem })
    }

    /// The certificates that `AWS_CA_BUNDLE` names, PEM.
    #[must_use]
    pub fn certificates_pem(&self) -> Option<&[u8]> {
        self.certificates_pem.as_deref()
    }

    /// The configuration of clients in a region, with the credentials that the SDK finds there.
    pub(super) async fn config(&self, region: &str) -> SdkConfig {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(Duration::from_secs(5))
            .operation_timeout(Duration::from_secs(15))
            .build();
        let name = Region::new(region.to_owned());
        // On a machine that is not an instance, the metadata address may be a black hole.
        let imds = aws_config::imds::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            .read_timeout(Duration::from_secs(2))
            .max_attempts(2)
            .build();
        let chain = DefaultCredentialsChain::builder()
            .configure(
                ProviderConfig::without_region()
                    .with_http_client(self.http.clone())
                    .with_region(Some(name.clone())),
            )
            .region(name.clone())
            .imds_client(imds)
            .build()
            .await;
        aws_config::defaults(BehaviorVersion::latest())
            .region(name)
            .http_client(self.http.clone())
            .credentials_provider(chain)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts)
            .load()
            .await
    }
}

/// The certificates that `AWS_CA_BUNDLE` names, PEM: the AWS CLI reads it, the SDK does not.
fn ca_bundle() -> Result<Option<Vec<u8>>, SetupError> {
    let Some(file) = std::env::var_os("AWS_CA_BUNDLE").filter(|file| !file.is_empty()) else {
        return Ok(None);
    };
    let unusable = |problem: String| {
        let file = Path::new(&file).display();
        SetupError(format!("AWS_CA_BUNDLE names {file}, {problem}; correct or unset it"))
    };
    let pem = std::fs::read(&file).map_err(|error| unusable(format!("which cannot be read: {error}")))?;
    if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
        return Err(unusable("which holds no PEM certificate".to_owned()));
    }
    Ok(Some(pem))
}

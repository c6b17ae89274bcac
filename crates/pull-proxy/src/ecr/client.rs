//! The AWS configuration: credential chain, HTTP client, time limits. One client for each region.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};

/// Attempts of one call; a request waits meanwhile, and tries again by itself afterwards.
const ATTEMPTS: u32 = 3;

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("TLS towards AWS cannot be set up: {0}")]
pub struct SetupError(String);

/// Clients of ECR's API, by region.
pub(crate) type Clients = BTreeMap<String, aws_sdk_ecr::Client>;

/// Makes a client for each region, all on one HTTP client. Nothing is sent.
///
/// # Errors
/// [`SetupError`] when the platform's root certificates cannot be used.
pub(crate) async fn clients(regions: impl IntoIterator<Item = &str>) -> Result<Clients, SetupError> {
    let context = TlsContext::builder()
        .with_trust_store(TrustStore::default())
        .build()
        .map_err(|error| SetupError(error.to_string()))?;
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(15))
        .build();
    let mut clients = Clients::new();
    for region in regions {
        if clients.contains_key(region) {
            continue;
        }
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
                    .with_http_client(http.clone())
                    .with_region(Some(name.clone())),
            )
            .region(name.clone())
            .imds_client(imds)
            .build()
            .await;
        let config = aws_config::defaults(BehaviorVersion::latest())
            .region(name)
            .http_client(http.clone())
            .credentials_provider(chain)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts.clone())
            .load()
            .await;
        clients.insert(region.to_owned(), aws_sdk_ecr::Client::new(&config));
    }
    Ok(clients)
}

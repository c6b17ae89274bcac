//! The only place where AWS clients are built: region, credentials, endpoints, retries, timeouts.
//!
//! Everything is made in ConfigureProvider, nothing before the handshake. One shared configuration carries the HTTP
//! client and the credentials cache; the service clients are derived from it, and cheap.

use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, Value};
use tokio::sync::Mutex;

use crate::diagnostics::Failure;
use crate::ecr::blob_mounting::BlobMounting;
use crate::ecr::repository::{Descriptions, Listing};
use crate::provider::{AssumeRolePlan, EcrunnerPlan, EndpointsPlan};
use crate::registries::Registries;
use crate::registry_auth::logins;
use crate::tags::TagPolicy;

/// Attempts of one call, the first one included (AWS recommends 3; conflicts of parallel applies need more).
const ATTEMPTS: u32 = 8;
/// Longest pause between two attempts.
const MAX_BACKOFF: Duration = Duration::from_secs(20);

/// What resources work with: service clients, and what is known about the account.
#[derive(Debug)]
pub struct Clients {
    /// ECR's API.
    pub ecr: aws_sdk_ecr::Client,
    /// Secrets Manager.
    pub secretsmanager: aws_sdk_secretsmanager::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// EC2.
    pub ec2: aws_sdk_ec2::Client,
    /// EC2 Auto Scaling.
    pub autoscaling: aws_sdk_autoscaling::Client,
    /// Systems Manager.
    pub ssm: aws_sdk_ssm::Client,
    /// S3.
    pub s3: aws_sdk_s3::Client,
    /// CloudWatch Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Resource Groups Tagging API; nothing depends on its answers, so it is not waited for long.
    pub tagging: aws_sdk_resourcegroupstagging::Client,
    /// Region of all of them.
    pub region: String,
    /// Id of the account, 12 digits.
    pub account_id: String,
    /// Partition, such as `aws` or `aws-cn`.
    pub partition: String,
    /// Address of the registry in place of the account's own; for emulators.
    pub registry_endpoint: Option<String>,
    /// Attempts of one call, the first one included.
    pub attempts: u32,
    /// Certificates of `AWS_CA_BUNDLE`, PEM.
    pub certificates_pem: Option<Vec<u8>>,
    /// Who waits for what is known about repositories.
    pub descriptions: Descriptions,
    /// What a refresh of many repositories shares.
    pub listing: Listing,
    /// Whether and from where blobs are mounted.
    pub blob_mounting: BlobMounting,
    /// Registry clients made so far.
    pub registries: Registries,
    /// Held by whoever reads and rewrites the registry policy, which is one for all of its statements.
    pub registry_policy: Mutex<()>,
    /// Default and ignored tags.
    pub tags: TagPolicy,
}

/// Checks of the provider block beyond single attributes.
pub fn validate(config: &EcrunnerPlan, diagnostics: &mut Diagnostics) {
    if let Value::Known(region) = &config.region
        && !is_region_name(region)
    {
        let detail = format!(
            "\"{region}\" is no name of an AWS region. Write one such as \"eu-central-1\": without the letter of a zone."
        );
        diagnostics.push(Diagnostic::error("Invalid region", detail).at("region"));
    }
    if let Value::Known(accounts) = &config.allowed_account_ids {
        let wrong = |account: &Value<String>| {
            account.known().is_some_and(|id| id.len() != 12 || !id.bytes().all(|byte| byte.is_ascii_digit()))
        };
        if accounts.iter().any(wrong) {
            diagnostics.push(
                Diagnostic::error(
                    "Invalid allowed_account_ids",
                    "An account id has 12 digits, such as \"123456789012\".",
                )
                .at("allowed_account_ids"),
            );
        }
    }
    if let Value::Known(endpoints) = &config.endpoints {
        for (name, url) in endpoint_values(endpoints) {
            let Value::Known(url) = url else { continue };
            let fault = match url::Url::parse(url) {
                Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                    Some("must begin with https:// or http://")
                }
                Ok(url) if url.host_str().is_none() => Some("must name a host"),
                Ok(_) => None,
                Err(_) => Some("must be a URL such as \"https://example.com\""),
            };
            if let Some(fault) = fault {
                let path = AttributePath::attribute("endpoints").with_attribute(name);
                diagnostics.push(Diagnostic::error("Invalid endpoint", format!("{name} {fault}.")).at(path));
            }
        }
    }
}

/// Whether a text looks like a region's name: `eu-central-1`, `us-gov-west-1`. AWS adds regions, so no list is held.
fn is_region_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, places @ .., number] = parts.as_slice() else { return false };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    is_word(area)
        && area.len() >= 2
        && !places.is_empty()
        && places.iter().all(|place| is_word(place))
        && number.len() == 1
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn endpoint_values(endpoints: &EndpointsPlan) -> [(&'static str, &Value<String>); 11] {
    [
        ("autoscaling", &endpoints.autoscaling),
        ("ec2", &endpoints.ec2),
        ("ecr", &endpoints.ecr),
        ("iam", &endpoints.iam),
        ("logs", &endpoints.logs),
        ("registry", &endpoints.registry),
        ("resourcegroupstaggingapi", &endpoints.resourcegroupstaggingapi),
        ("s3", &endpoints.s3),
        ("secretsmanager", &endpoints.secretsmanager),
        ("ssm", &endpoints.ssm),
        ("sts", &endpoints.sts),
    ]
}

/// True when something is unknown that a connection needs.
fn is_unknown(config: &EcrunnerPlan) -> bool {
    let endpoints = match &config.endpoints {
        Value::Unknown => return true,
        Value::Null => false,
        Value::Known(endpoints) => endpoint_values(endpoints).iter().any(|(_, url)| url.is_unknown()),
    };
    let role = match &config.assume_role {
        Value::Unknown => return true,
        Value::Null => false,
        Value::Known(role) => {
            role.role_arn.is_unknown() || role.session_name.is_unknown() || role.external_id.is_unknown()
        }
    };
    let accounts = match &config.allowed_account_ids {
        Value::Unknown => return true,
        Value::Null => false,
        Value::Known(accounts) => accounts.iter().any(Value::is_unknown),
    };
    endpoints || role || accounts || config.region.is_unknown() || config.profile.is_unknown()
}

impl Clients {
    /// Makes the clients, and asks once who we are: bad credentials are one diagnostic, not one per resource.
    ///
    /// # Errors
    /// No region, no credentials, an account that is not allowed, or no answer.
    pub async fn connect(config: EcrunnerPlan) -> Result<Option<Self>, Diagnostics> {
        let (Some(tags), Some(logins)) = (TagPolicy::from_config(&config), logins(&config)) else {
            return Ok(None);
        };
        if is_unknown(&config) {
            return Ok(None);
        }
        let endpoints = config.endpoints.known().cloned().unwrap_or_default();
        let certificates_pem = ca_bundle()?;
        let base = base_config(&config, certificates_pem.clone()).await?;
        let base = match config.assume_role.known() {
            Some(role) => assumed(base, role, endpoints.sts.known()).await,
            None => base,
        };
        let identity = identity(&base, endpoints.sts.known()).await?;
        if let Value::Known(allowed) = &config.allowed_account_ids
            && !allowed.iter().any(|account| account.known() == Some(&identity.account_id))
        {
            return Err(Diagnostic::error(
                "Account is not allowed",
                format!(
                    "The credentials belong to account {}, which is not among allowed_account_ids. Nothing was read \
                     or changed. Use other credentials, or add the account.",
                    identity.account_id
                ),
            )
            .at("allowed_account_ids")
            .into());
        }
        let region = base.region().map(ToString::to_string).unwrap_or_default();
        // What the block leaves out is found by the SDK: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile, AWS.
        macro_rules! client {
            ($sdk:ident, $endpoint:expr) => {
                client!($sdk, $endpoint, &base)
            };
            ($sdk:ident, $endpoint:expr, $config:expr) => {{
                let mut builder = $sdk::config::Builder::from($config);
                if let Value::Known(url) = $endpoint {
                    builder.set_endpoint_url(Some(url));
                }
                $sdk::Client::from_conf(builder.build())
            }};
        }
        Ok(Some(Clients {
            ecr: client!(aws_sdk_ecr, endpoints.ecr),
            secretsmanager: client!(aws_sdk_secretsmanager, endpoints.secretsmanager),
            iam: client!(aws_sdk_iam, endpoints.iam),
            ec2: client!(aws_sdk_ec2, endpoints.ec2),
            autoscaling: client!(aws_sdk_autoscaling, endpoints.autoscaling),
            ssm: client!(aws_sdk_ssm, endpoints.ssm),
            s3: client!(aws_sdk_s3, endpoints.s3),
            logs: client!(aws_sdk_cloudwatchlogs, endpoints.logs),
            tagging: client!(
                aws_sdk_resourcegroupstagging,
                endpoints.resourcegroupstaggingapi,
                &not_waited_for(&base)
            ),
            region,
            account_id: identity.account_id,
            partition: identity.partition,
            registry_endpoint: endpoints.registry.into_known(),
            attempts: base.retry_config().map_or(ATTEMPTS, RetryConfig::max_attempts),
            certificates_pem,
            registries: Registries::new(logins),
            registry_policy: Mutex::default(),
            descriptions: Descriptions::default(),
            listing: Listing::default(),
            blob_mounting: BlobMounting::default(),
            tags,
        }))
    }

    /// ARN of the repositories with this name, which may hold `*`, in the account's own registry.
    pub fn repository_arn(&self, name: &str) -> String {
        format!("arn:{}:ecr:{}:{}:repository/{name}", self.partition, self.region, self.account_id)
    }
}

/// Region, HTTP client, credentials chain, retries and timeouts.
async fn base_config(
    config: &EcrunnerPlan,
    certificates_pem: Option<Vec<u8>>,
) -> Result<SdkConfig, Diagnostics> {
    let profile = config.profile.known().cloned();
    let http_client = http_client(certificates_pem)?;
    let region = region(config.region.known().cloned(), profile.as_deref()).await?;
    // On a machine that is not an instance, the metadata address may be a black hole.
    let imds = aws_config::imds::Client::builder()
        .connect_timeout(Duration::from_millis(300))
        .read_timeout(Duration::from_secs(1))
        .max_attempts(2)
        .build();
    let provider_config = ProviderConfig::without_region()
        .with_http_client(http_client.clone())
        .with_region(Some(region.clone()));
    let mut chain = DefaultCredentialsChain::builder()
        .configure(provider_config)
        .region(region.clone())
        .imds_client(imds);
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).region(region).http_client(http_client);
    if let Some(profile) = &profile {
        chain = chain.profile_name(profile);
        loader = loader.profile_name(profile);
    }
    // What the practitioner sets in the environment wins.
    if std::env::var_os("AWS_MAX_ATTEMPTS").is_none() {
        loader = loader
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(MAX_BACKOFF));
    }
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_secs(30))
        .operation_attempt_timeout(Duration::from_secs(60))
        .operation_timeout(Duration::from_secs(300))
        .build();
    Ok(loader.timeout_config(timeouts).credentials_provider(chain.build().await).load().await)
}

/// The certificates that `AWS_CA_BUNDLE` names, PEM.
fn ca_bundle() -> Result<Option<Vec<u8>>, Diagnostics> {
    let Some(file) = std::env::var_os("AWS_CA_BUNDLE").filter(|file| !file.is_empty()) else {
        return Ok(None);
    };
    let unusable = |problem: String| {
        let detail = format!("AWS_CA_BUNDLE names {}, {problem}. Correct or unset it.", file.display());
        Diagnostics::from(Diagnostic::error("Unusable certificate file", detail))
    };
    let pem = std::fs::read(&file).map_err(|error| unusable(format!("which cannot be read: {error}")))?;
    if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
        return Err(unusable("which holds no PEM certificate".to_owned()));
    }
    Ok(Some(pem))
}

/// One HTTP client for all services, trusting the system's certificates and the given ones.
fn http_client(certificates_pem: Option<Vec<u8>>) -> Result<SharedHttpClient, Diagnostics> {
    let mut trust = TrustStore::default();
    if let Some(pem) = certificates_pem {
        trust = trust.with_pem_certificate(pem);
    }
    let context = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|error| Diagnostics::from(Diagnostic::error("TLS cannot be set up", format!("{error}."))))?;
    Ok(aws_smithy_http_client::Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(context)
        .build_https())
}

async fn region(configured: Option<String>, profile: Option<&str>) -> Result<Region, Diagnostics> {
    let mut from_profile = ProfileFileRegionProvider::builder();
    if let Some(profile) = profile {
        from_profile = from_profile.profile_name(profile);
    }
    RegionProviderChain::first_try(configured.map(Region::new))
        .or_else(EnvironmentVariableRegionProvider::new())
        .or_else(from_profile.build())
        .region()
        .await
        .ok_or_else(|| {
            Diagnostic::error(
                "No AWS region",
                "Set region in the provider block, AWS_REGION, or the region of the profile.",
            )
            .at("region")
            .into()
        })
}

/// The same configuration with the credentials of an assumed role.
async fn assumed(base: SdkConfig, role: &AssumeRolePlan, sts_endpoint: Option<&String>) -> SdkConfig {
    let mut sts = base.to_builder();
    if let Some(url) = sts_endpoint {
        sts.set_endpoint_url(Some(url.clone()));
    }
    let mut provider = AssumeRoleProvider::builder(role.role_arn.known().cloned().unwrap_or_default())
        .configure(&sts.build())
        .session_name(role.session_name.known().map_or("ecrunner", String::as_str));
    if let Some(external_id) = role.external_id.known() {
        provider = provider.external_id(external_id);
    }
    let provider = provider.build().await;
    base.to_builder()
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(provider))
        .build()
}

/// The same configuration for a service that can be done without: where it cannot be reached, as in a network with few
/// private endpoints, that is known after some seconds.
fn not_waited_for(base: &SdkConfig) -> SdkConfig {
    let attempts = base.retry_config().map_or(ATTEMPTS, RetryConfig::max_attempts).min(2);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .read_timeout(Duration::from_secs(5))
        .operation_timeout(Duration::from_secs(10))
        .build();
    base.to_builder()
        .retry_config(RetryConfig::standard().with_max_attempts(attempts))
        .timeout_config(timeouts)
        .build()
}

struct Identity {
    account_id: String,
    partition: String,
}

async fn identity(base: &SdkConfig, endpoint: Option<&String>) -> Result<Identity, Diagnostics> {
    let mut builder = aws_sdk_sts::config::Builder::from(base);
    if let Some(url) = endpoint {
        builder.set_endpoint_url(Some(url.clone()));
    }
    // A wrong address or missing credentials should be told within seconds.
    builder.set_retry_config(Some(RetryConfig::standard().with_max_attempts(3)));
    builder.set_timeout_config(Some(
        TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .read_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(20))
            .build(),
    ));
    let answer = aws_sdk_sts::Client::from_conf(builder.build()).get_caller_identity().send().await;
    let answer = answer.map_err(|error| {
        Failure::of("STS", &error).report(
            "Asking AWS for the caller's identity",
            "Nothing was read or changed.",
            "",
        )
    })?;
    let partition = answer.arn().and_then(|arn| arn.split(':').nth(1)).unwrap_or("aws").to_owned();
    Ok(Identity { account_id: answer.account().unwrap_or_default().to_owned(), partition })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_known_by_their_shape() {
        for good in ["eu-central-1", "us-gov-west-1", "eusc-de-east-1", "xx-somewhere-9"] {
            assert!(is_region_name(good), "{good} was refused");
        }
        for bad in
            ["", "eu-central", "eu-central-1a", "eu_central_1", "EU-central-1", "e-central-1", "eu--1", "1"]
        {
            assert!(!is_region_name(bad), "{bad} was accepted");
        }
    }
}

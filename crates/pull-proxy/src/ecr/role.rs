//! Logins of a role: a session by STS, and ECR's token of each region by its credentials.
//!
//! AWS: AssumeRole (STS API reference). A session that was begun with another role's credentials lasts an hour at most.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_ecr::config::Credentials;
use oci_copy::{BasicCredentials, CredentialsError};

use super::authorization::{authorization, explain};
use super::client::Aws;

/// Name of the sessions, which AWS CloudTrail shows beside the role.
const SESSION_NAME: &str = "ecr-pull-proxy";

/// A role whose sessions have a policy.
#[derive(Debug)]
pub struct Role {
    arn: String,
    policy: String,
    sts: aws_sdk_sts::Client,
    regions: BTreeMap<String, SdkConfig>,
}

/// Logins of one session.
#[derive(Debug)]
pub struct Logins {
    /// The login of each region.
    pub by_region: BTreeMap<String, BasicCredentials>,
    /// When the first of session and tokens ends: whether ECR's token outlives its session is not documented.
    pub expires: SystemTime,
}

impl Role {
    /// A role with the session policy, for registries of these regions; STS is asked in `home`. Nothing is sent.
    pub async fn new<'a>(
        aws: &Aws,
        (arn, policy): (&str, &str),
        home: &str,
        regions: impl Iterator<Item = &'a str>,
    ) -> Self {
        let sts = aws_sdk_sts::Client::new(&aws.config(home).await);
        let mut configs = BTreeMap::new();
        for region in regions {
            if !configs.contains_key(region) {
                configs.insert(region.to_owned(), aws.config(region).await);
            }
        }
        Self { arn: arn.to_owned(), policy: policy.to_owned(), sts, regions: configs }
    }

    /// The role's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// Begins a session and asks for a token in each region.
    ///
    /// # Errors
    /// What AWS answered, and which permission is needed.
    pub async fn logins(&self) -> Result<Logins, CredentialsError> {
        let (credentials, mut expires) = self.session().await?;
        let mut by_region = BTreeMap::new();
        for (region, config) in &self.regions {
            let config =
                aws_sdk_ecr::config::Builder::from(config).credentials_provider(credentials.clone()).build();
            let found = authorization(&aws_sdk_ecr::Client::from_conf(config)).await?;
            expires = expires.min(found.expires);
            by_region.insert(region.clone(), found.credentials);
        }
        Ok(Logins { by_region, expires })
    }

    async fn session(&self) -> Result<(Credentials, SystemTime), CredentialsError> {
        let request = self.sts.assume_role().role_arn(&self.arn).role_session_name(SESSION_NAME);
        let answer = request.policy(&self.policy).send().await.map_err(|error| {
            let needed = format!(
                "the daemon's own role needs sts:AssumeRole on {arn}, and the trust policy of {arn} must name it",
                arn = self.arn
            );
            explain(&error, "STS", "AssumeRole", &needed)
        })?;
        let unusable = || CredentialsError("STS answered no usable credentials".to_owned());
        let issued = answer.credentials().ok_or_else(unusable)?;
        let expires = SystemTime::try_from(*issued.expiration()).map_err(|_| unusable())?;
        let (key, secret) = (issued.access_key_id(), issued.secret_access_key());
        let token = Some(issued.session_token().to_owned());
        Ok((Credentials::new(key, secret, token, Some(expires), "AssumeRole"), expires))
    }
}

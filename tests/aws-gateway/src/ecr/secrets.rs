//! The upstream credential: a secret in Secrets Manager, which is moto's.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// User name and access token of an upstream registry, as ECR's guide wants them in the secret.
#[derive(Clone, Deserialize)]
pub(crate) struct UpstreamCredential {
    pub(crate) username: String,
    #[serde(rename = "accessToken")]
    pub(crate) access_token: String,
}

impl std::fmt::Debug for UpstreamCredential {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("UpstreamCredential").finish_non_exhaustive()
    }
}

/// Checks that the secret may be used by a rule of `scope`.
///
/// # Errors
/// `SecretNotFoundException`; `UnableToAccessSecretException` for one of another account or region, or one that
/// waits for deletion; `UnableToDecryptSecretValueException` for one under a customer managed key.
pub(crate) async fn check(shared: &Shared, scope: &Scope, arn: &str) -> Result<(), ServiceError> {
    let parts: Vec<&str> = arn.split(':').collect();
    if parts.get(3) != Some(&scope.region.as_str()) || parts.get(4) != Some(&scope.account.as_str()) {
        return Err(ServiceError::new(
            "UnableToAccessSecretException",
            "The secret is in another account or region than the pull through cache rule.",
        ));
    }
    let description = shared
        .secrets_action(scope, "DescribeSecret", &json!({"SecretId": arn}))
        .await
        .map_err(|error| match error.code.as_str() {
            "ResourceNotFoundException" => {
                ServiceError::new("SecretNotFoundException", format!("The secret {arn} does not exist."))
            }
            _ => error,
        })?;
    if !description["DeletedDate"].is_null() {
        return Err(ServiceError::new(
            "UnableToAccessSecretException",
            format!("The secret {arn} is scheduled for deletion."),
        ));
    }
    match description["KmsKeyId"].as_str() {
        None | Some("" | "alias/aws/secretsmanager") => Ok(()),
        Some(_) => Err(ServiceError::new(
            "UnableToDecryptSecretValueException",
            "The secret is not encrypted with the key aws/secretsmanager.",
        )),
    }
}

/// Reads the credential.
///
/// # Errors
/// As [`check`]; `InvalidParameterException` when the value is not the JSON that ECR wants.
pub(crate) async fn read(
    shared: &Shared,
    scope: &Scope,
    arn: &str,
) -> Result<UpstreamCredential, ServiceError> {
    check(shared, scope, arn).await?;
    let secret: Value = shared.secrets_action(scope, "GetSecretValue", &json!({"SecretId": arn})).await?;
    // The error of serde may quote the value: it is not passed on.
    serde_json::from_str(secret["SecretString"].as_str().unwrap_or_default()).map_err(|_| {
        ServiceError::new(
            "InvalidParameterException",
            "The secret must be a JSON object with the keys username and accessToken.",
        )
    })
}

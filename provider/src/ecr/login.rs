//! A login at the account's ECR registry, for our own registry client and for other providers.
//! AWS: GetAuthorizationToken (ECR API reference).

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use oci_copy::{BasicCredentials, Secret};
use tf_provider::Diagnostic;

use crate::diagnostics::Failure;

/// What ECR lets in, until it expires.
#[derive(Clone, Debug)]
pub struct Login {
    /// User name, which is always `AWS`, and password.
    pub credentials: BasicCredentials,
    /// The same in one: base64 of `user:password`, as the header of HTTP's basic authentication holds it.
    pub token: Secret,
    /// At most 12 hours ahead, less with credentials that end sooner.
    pub expires_at: SystemTime,
    /// Address of the registry, with `https://`.
    pub proxy_endpoint: String,
}

impl Login {
    /// Asks ECR for a login at the registry of the caller's account.
    ///
    /// # Errors
    /// ECR's own, or an answer without a usable login.
    pub async fn fetch(ecr: &aws_sdk_ecr::Client) -> Result<Self, Diagnostic> {
        let answer = ecr.get_authorization_token().send().await;
        let answer = answer.map_err(|error| {
            Failure::of("ECR", &error).diagnostic(
                "Logging in to ECR",
                "",
                "The action ecr:GetAuthorizationToken on the resource \"*\" is needed.",
            )
        })?;
        let unusable =
            || Diagnostic::error("Logging in to ECR", "ECR answered no usable authorization token.");
        let data = answer.authorization_data().first().ok_or_else(unusable)?;
        let token = data.authorization_token().ok_or_else(unusable)?;
        let decoded = BASE64.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let (username, password) =
            decoded.as_deref().and_then(|text| text.split_once(':')).ok_or_else(unusable)?;
        Ok(Login {
            credentials: BasicCredentials { username: username.to_owned(), password: Secret::new(password) },
            token: Secret::new(token),
            expires_at: data
                .expires_at()
                .and_then(|at| SystemTime::try_from(*at).ok())
                .unwrap_or_else(SystemTime::now),
            proxy_endpoint: data.proxy_endpoint().unwrap_or_default().to_owned(),
        })
    }
}

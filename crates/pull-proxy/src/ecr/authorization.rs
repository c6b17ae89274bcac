//! One call of GetAuthorizationToken (ECR API reference), and what AWS's errors say in our logs.

use std::time::SystemTime;

use aws_sdk_ecr::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecr::operation::RequestId as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oci_copy::{BasicCredentials, CredentialsError};

/// A login, and when ECR says that it ends.
#[derive(Clone, Debug)]
pub(super) struct Authorization {
    pub(super) credentials: BasicCredentials,
    pub(super) expires: SystemTime,
}

/// Asks ECR for a token, which is good for every registry of the client's region.
pub(super) async fn authorization(ecr: &aws_sdk_ecr::Client) -> Result<Authorization, CredentialsError> {
    let answer = ecr.get_authorization_token().send().await.map_err(|error| {
        let needed = "the action ecr:GetAuthorizationToken on \"*\" is needed";
        explain(&error, "ECR", "GetAuthorizationToken", needed)
    })?;
    // A parse error could quote the token.
    let unusable = || CredentialsError("ECR answered no usable authorization token".to_owned());
    let data = answer.authorization_data().first().ok_or_else(unusable)?;
    let token = data.authorization_token().ok_or_else(unusable)?;
    let pair = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let (username, password) = pair.as_deref().and_then(|pair| pair.split_once(':')).ok_or_else(unusable)?;
    let credentials = BasicCredentials { username: username.to_owned(), password: password.into() };
    let expires =
        data.expires_at().and_then(|at| SystemTime::try_from(*at).ok()).unwrap_or_else(SystemTime::now);
    Ok(Authorization { credentials, expires })
}

/// Code, message and request id, or the chain of causes; never the raw answer, which holds secrets.
pub(super) fn explain<E>(error: &SdkError<E>, service: &str, action: &str, needed: &str) -> CredentialsError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if let Some(code) = error.code() {
        let message = error.message().unwrap_or_default();
        let request = error.request_id().unwrap_or("none");
        return CredentialsError(format!(
            "{service} answered {code} to {action}: {message} (request {request}); {needed}"
        ));
    }
    let mut text = format!("{action}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    CredentialsError(text)
}

//! The secret with the login upstream, which ECR sees later than Secrets Manager has it.

use std::time::Duration;

use tf_provider::Context;
use tokio::time::Instant;

use crate::clients::Clients;
use crate::diagnostics::Failure;

/// How long a secret just created may stay invisible to ECR.
const SECRET_VISIBLE: Duration = Duration::from_secs(120);
/// What ECR answers while it cannot use the secret.
pub(super) const SECRET_ERRORS: [&str; 3] =
    ["SecretNotFoundException", "UnableToAccessSecretException", "UnableToDecryptSecretValueException"];

/// Repeats `call` while ECR does not see a secret that Secrets Manager may well have.
pub(super) async fn when_secret_is_visible<F, E>(
    ctx: &Context<Clients>,
    credential_arn: Option<&str>,
    call: impl Fn() -> F + Send + Sync,
) -> Result<(), E>
where
    F: Future<Output = Result<(), E>> + Send,
    E: AsRef<Failure> + Send,
{
    let give_up = (Instant::now() + SECRET_VISIBLE).min(ctx.deadline());
    loop {
        let error = match call().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let failure = error.as_ref();
        let Some(secret) = credential_arn.filter(|_| failure.is(&SECRET_ERRORS)) else { return Err(error) };
        if Instant::now() > give_up || secret_is_missing(ctx.client(), secret).await {
            return Err(error);
        }
        tracing::info!(code = failure.code(), "waiting until ECR sees the secret");
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(2)) => {}
            () = ctx.stop().cancelled() => return Err(error),
        }
    }
}

/// True when Secrets Manager knows for certain that there is no such secret; then waiting helps nobody.
async fn secret_is_missing(clients: &Clients, secret: &str) -> bool {
    match clients.secretsmanager.describe_secret().secret_id(secret).send().await {
        Ok(secret) => secret.deleted_date().is_some(),
        // No right to ask is no answer.
        Err(error) => Failure::of("Secrets Manager", &error).is(&["ResourceNotFoundException"]),
    }
}

/// What to do about a secret that ECR cannot use; empty for any other failure.
pub(super) fn secret_remedy(failure: &Failure) -> &'static str {
    match failure.code() {
        "SecretNotFoundException" => {
            "Create the secret as ecr-pullthroughcache/<name> in this account and region, or correct credential_arn."
        }
        "UnableToAccessSecretException" => "Check the resource policy of the secret.",
        "UnableToDecryptSecretValueException" => {
            "Encrypt the secret with the AWS managed key aws/secretsmanager: pull through cache can use no other."
        }
        _ => "",
    }
}

//! The two policies of an ECR repository: what of it expires, and who may use it.
//! AWS: GetLifecyclePolicy, PutLifecyclePolicy, DeleteLifecyclePolicy, GetRepositoryPolicy, SetRepositoryPolicy,
//! DeleteRepositoryPolicy (Amazon ECR API reference).

use tf_provider::schema::Json;
use tf_provider::{Context, Diagnostics};

use super::repository_settings::while_principals_are_missing;
use crate::clients::Clients;
use crate::diagnostics::Failure;

/// The lifecycle policy, if there is one.
///
/// # Errors
/// Any failure but "not found".
pub async fn lifecycle_policy(clients: &Clients, name: &str) -> Result<Option<Json>, Diagnostics> {
    match clients.ecr.get_lifecycle_policy().repository_name(name).send().await {
        Ok(answer) => Ok(answer.lifecycle_policy_text().map(Json::new)),
        Err(error) => absent(
            &Failure::of("ECR", &error),
            "LifecyclePolicyNotFoundException",
            &format!("Reading the lifecycle policy of ECR repository ({name})"),
        ),
    }
}

/// The repository policy, if there is one.
///
/// # Errors
/// Any failure but "not found".
pub async fn repository_policy(clients: &Clients, name: &str) -> Result<Option<Json>, Diagnostics> {
    match clients.ecr.get_repository_policy().repository_name(name).send().await {
        Ok(answer) => Ok(answer.policy_text().map(Json::new)),
        Err(error) => absent(
            &Failure::of("ECR", &error),
            "RepositoryPolicyNotFoundException",
            &format!("Reading the policy of ECR repository ({name})"),
        ),
    }
}

/// Sets the lifecycle policy, or takes it away.
///
/// # Errors
/// Any failure.
pub async fn change_lifecycle_policy(
    clients: &Clients,
    name: &str,
    policy: Option<&Json>,
) -> Result<(), Diagnostics> {
    let sent = match policy {
        Some(policy) => {
            let call = clients.ecr.put_lifecycle_policy().repository_name(name);
            let sent = call.lifecycle_policy_text(policy.as_str()).send().await;
            sent.map(drop).map_err(|error| Failure::of("ECR", &error))
        }
        None => {
            let sent = clients.ecr.delete_lifecycle_policy().repository_name(name).send().await;
            sent.map(drop).map_err(|error| Failure::of("ECR", &error))
        }
    };
    let summary = format!("Changing the lifecycle policy of ECR repository ({name})");
    changed(sent, "LifecyclePolicyNotFoundException", summary, "lifecycle_policy")
}

/// Sets the repository policy, or takes it away. Waits until ECR sees the roles that it names.
///
/// # Errors
/// Any failure.
pub async fn change_repository_policy(
    ctx: &Context<Clients>,
    name: &str,
    policy: Option<&Json>,
) -> Result<(), Diagnostics> {
    let clients = ctx.client();
    let sent = while_principals_are_missing(ctx, || async {
        match policy {
            Some(policy) => {
                let call = clients.ecr.set_repository_policy().repository_name(name);
                let sent = call.policy_text(policy.as_str()).send().await;
                sent.map(drop).map_err(|error| Failure::of("ECR", &error))
            }
            None => {
                let sent = clients.ecr.delete_repository_policy().repository_name(name).send().await;
                sent.map(drop).map_err(|error| Failure::of("ECR", &error))
            }
        }
    })
    .await;
    let summary = format!("Changing the policy of ECR repository ({name})");
    changed(sent, "RepositoryPolicyNotFoundException", summary, "repository_policy")
}

/// What came of a change; a policy that was gone already is as good as one taken away.
fn changed(
    sent: Result<(), Failure>,
    absent: &str,
    summary: String,
    attribute: &str,
) -> Result<(), Diagnostics> {
    match sent {
        Err(failure) if !failure.is(&[absent]) => {
            Err(failure.diagnostic(summary, "The policy is as it was.", "").at(attribute).into())
        }
        _ => Ok(()),
    }
}

/// No policy, where that is what the failure says.
fn absent(failure: &Failure, code: &str, summary: &str) -> Result<Option<Json>, Diagnostics> {
    if failure.is(&[code]) { Ok(None) } else { Err(failure.report(summary, "", "")) }
}

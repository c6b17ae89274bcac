//! Secrets Manager: names it refuses, what it refuses of a secret that waits for its deletion, and descriptions that are
//! taken away.
//! AWS: CreateSecret, PutSecretValue, UpdateSecret, TagResource, UntagResource (Secrets Manager API reference).

use serde_json::{Value, json};

use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::{self, Reply, ServiceError};

/// Characters of a name.
const MAX_NAME: usize = 512;
/// Stands for an empty description, which moto takes for none given.
const NO_DESCRIPTION: &str = " ";

/// Refuses what AWS refuses.
pub(super) async fn check(
    shared: &Shared,
    scope: &Scope,
    action: &str,
    input: &Value,
) -> Result<(), ServiceError> {
    match action {
        "CreateSecret" => {
            let name = input["Name"].as_str().unwrap_or_default();
            let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
            if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(allowed) {
                return Err(ServiceError::new(
                    "ValidationException",
                    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: \
                     -/_+=.@",
                ));
            }
            if is_deleted(shared, scope, name).await? {
                return Err(invalid(
                    "You can't create this secret because a secret with this name is already scheduled for deletion.",
                ));
            }
        }
        "PutSecretValue" | "UpdateSecret" | "TagResource" | "UntagResource"
            if is_deleted(shared, scope, input["SecretId"].as_str().unwrap_or_default()).await? =>
        {
            return Err(invalid(
                "You can't perform this operation on the secret because it was marked for deletion.",
            ));
        }
        _ => {}
    }
    Ok(())
}

/// The answer to what moto understands otherwise; `None` where the call can be passed on.
pub(super) async fn answer(
    shared: &Shared,
    scope: &Scope,
    action: &str,
    mut input: Value,
) -> Result<Option<Reply>, ServiceError> {
    match action {
        "UpdateSecret" if input["Description"] == "" => {
            input["Description"] = json!(NO_DESCRIPTION);
            let answer = shared.secrets_action(scope, action, &input).await?;
            Ok(Some(reply::json(&answer)))
        }
        "DescribeSecret" => {
            let mut answer = shared.secrets_action(scope, action, &input).await?;
            if answer["Description"] == NO_DESCRIPTION
                && let Some(members) = answer.as_object_mut()
            {
                members.remove("Description");
            }
            Ok(Some(reply::json(&answer)))
        }
        _ => Ok(None),
    }
}

async fn is_deleted(shared: &Shared, scope: &Scope, id: &str) -> Result<bool, ServiceError> {
    match shared.secrets_action(scope, "DescribeSecret", &json!({"SecretId": id})).await {
        Ok(secret) => Ok(!secret["DeletedDate"].is_null()),
        Err(error) if error.code == "ResourceNotFoundException" => Ok(false),
        Err(error) => Err(error),
    }
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("InvalidRequestException", message)
}

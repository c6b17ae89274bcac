//! STS, and what a role's session may do.
//!
//! moto issues the keys; what it does not keep stands here: which session a key is of, its policy and its end.

use std::time::Duration;

use axum::body::Bytes;
use http::header;
use http::request::Parts;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::dispatch::collect;
use crate::forward;
use crate::gateway::Shared;
use crate::identity::{Caller, element};
use crate::reply::{Reply, ServiceError};
use crate::session_policy::{SessionPolicy, Unusable};

/// Length of a session that names none.
const DEFAULT_LENGTH: Duration = Duration::from_secs(3600);

/// Answers a call of STS.
pub(crate) async fn handle(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    parts: &Parts,
    body: Bytes,
    form: &[(String, String)],
) -> Result<Reply, ServiceError> {
    let value = |name: &str| form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let policy = value("Policy").map(SessionPolicy::parse).transpose().map_err(|unusable| match unusable {
        Unusable::TooLong => {
            let message = "Value at 'policy' failed to satisfy constraint: Member must have length less than or \
                           equal to 2048";
            ServiceError::new("ValidationError", message)
        }
        Unusable::Malformed => ServiceError::new("MalformedPolicyDocument", "The policy is not valid."),
    })?;
    let answer = forward::forward(&shared.http, &shared.moto, caller, parts, body.into()).await?;
    if !action.starts_with("AssumeRole") || !answer.status().is_success() {
        return Ok(answer);
    }
    let asked = value("DurationSeconds").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let expires = shared.clock.now() + shared.session_validity.or(asked).unwrap_or(DEFAULT_LENGTH);
    let (mut parts, body) = answer.into_parts();
    let mut text = String::from_utf8_lossy(&collect(body).await?).into_owned();
    shared.keys.observe(&text, policy, expires);
    if let Some(found) = element(&text, "Expiration").map(str::to_owned) {
        let end = OffsetDateTime::UNIX_EPOCH + expires;
        let end = end.format(&Rfc3339).map_err(|error| ServiceError::server(error.to_string()))?;
        text = text.replace(&found, &end);
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Ok(Reply::from_parts(parts, text.into()))
}

/// Refuses what the caller's session may not do: anything after its end, and in ECR what its policy does not allow.
pub(crate) fn check(
    shared: &Shared,
    caller: &Caller,
    action: &str,
    input: Option<&Value>,
) -> Result<(), ServiceError> {
    let Some(session) = &caller.session else { return Ok(()) };
    if session.expires <= shared.clock.now() {
        let message = "The security token included in the request is expired";
        return Err(ServiceError::new("ExpiredTokenException", message));
    }
    if caller.service != "ecr" {
        return Ok(());
    }
    let name = input.and_then(|input| input["repositoryName"].as_str());
    let resource = name.map_or("*".to_owned(), |name| repository_arn(caller, name));
    allowed(caller, &format!("ecr:{action}"), &resource)
        .map_err(|message| ServiceError::new("AccessDeniedException", message))
}

/// Refuses what the policy of the session whose token it is does not allow on a repository, as the registry does.
pub(crate) fn check_repository(caller: &Caller, action: &str, name: &str) -> Result<(), ServiceError> {
    allowed(caller, action, &repository_arn(caller, name))
        .map_err(|message| ServiceError::with_status(403, "DENIED", message))
}

fn allowed(caller: &Caller, action: &str, resource: &str) -> Result<(), String> {
    let Some(session) = &caller.session else { return Ok(()) };
    if session.policy.as_ref().is_none_or(|policy| policy.allows(action, resource)) {
        return Ok(());
    }
    let arn = &session.arn;
    Err(format!("User: {arn} is not authorized to perform: {action} on resource: {resource}"))
}

fn repository_arn(caller: &Caller, name: &str) -> String {
    format!("arn:aws:ecr:{}:{}:repository/{name}", caller.region, caller.account)
}

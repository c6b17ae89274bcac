//! IAM: trust policies that AWS would refuse.
//! AWS: CreateRole, UpdateAssumeRolePolicy (IAM API reference).

use serde_json::Value;

use super::MotoCall;
use crate::identity::element;
use crate::reply::ServiceError;

/// Name of the parameter that carries a trust policy.
fn trust_policy(action: &str) -> Option<&'static str> {
    match action {
        "CreateRole" => Some("AssumeRolePolicyDocument"),
        "UpdateAssumeRolePolicy" => Some("PolicyDocument"),
        _ => None,
    }
}

/// Each statement of a trust policy says who, what and whether, and never on which resource; a role of the account that it
/// names is there.
pub(super) async fn check(call: &MotoCall<'_>, action: &str) -> Result<(), ServiceError> {
    let Some(document) = trust_policy(action).and_then(|name| call.value(name)) else { return Ok(()) };
    let policy: Value =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let statements = one_or_more(&policy["Statement"]);
    if policy["Statement"].is_null() || statements.iter().any(|statement| !statement.is_object()) {
        return Err(malformed("Syntax errors in policy: no Statement."));
    }
    for statement in statements {
        let missing = |name: &str| statement[name].is_null();
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(malformed("Syntax errors in policy: the Effect is neither Allow nor Deny."));
        }
        if missing("Principal") && missing("NotPrincipal") {
            return Err(malformed("AssumeRole policy must contain principals."));
        }
        if missing("Action") && missing("NotAction") {
            return Err(malformed("Syntax errors in policy: no Action."));
        }
        if !missing("Resource") || !missing("NotResource") {
            return Err(malformed("Has prohibited field Resource."));
        }
        for arn in one_or_more(&statement["Principal"]["AWS"]).iter().filter_map(Value::as_str) {
            if !is_there(call, arn).await? {
                return Err(malformed(&format!("Invalid principal in policy: \"AWS\":\"{arn}\"")));
            }
        }
    }
    Ok(())
}

/// False for a role of the caller's account that is not there. Nothing is known of others.
async fn is_there(call: &MotoCall<'_>, arn: &str) -> Result<bool, ServiceError> {
    let own = format!("arn:aws:iam::{}:role/", call.caller.account);
    let Some(role) = arn.strip_prefix(&own) else { return Ok(true) };
    let name = role.rsplit('/').next().unwrap_or(role);
    let parameters = [("RoleName".to_owned(), name.to_owned())];
    let (status, text) = call.ask("iam", "2010-05-08", "GetRole", &parameters).await?;
    Ok(status == 200 && element(&text, "Arn") == Some(arn))
}

/// The elements of a list; what is none is one by itself.
fn one_or_more(value: &Value) -> &[Value] {
    match value {
        Value::Array(elements) => elements,
        one => std::slice::from_ref(one),
    }
}

fn malformed(message: &str) -> ServiceError {
    ServiceError::new("MalformedPolicyDocument", message)
}

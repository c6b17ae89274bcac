//! IAM: trust policies that AWS would not parse.
//! AWS: CreateRole, UpdateAssumeRolePolicy (IAM API reference).

use serde_json::Value;

use super::MotoCall;
use crate::reply::ServiceError;

/// Name of the parameter that carries a trust policy.
fn trust_policy(action: &str) -> Option<&'static str> {
    match action {
        "CreateRole" => Some("AssumeRolePolicyDocument"),
        "UpdateAssumeRolePolicy" => Some("PolicyDocument"),
        _ => None,
    }
}

/// Each statement of a trust policy says who, what and whether, and never on which resource.
pub(super) fn check(call: &MotoCall<'_>, action: &str) -> Result<(), ServiceError> {
    let Some(document) = trust_policy(action).and_then(|name| call.value(name)) else { return Ok(()) };
    let policy: Value =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let statements = match &policy["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        statement @ Value::Object(_) => std::slice::from_ref(statement),
        _ => return Err(malformed("Syntax errors in policy: no Statement.")),
    };
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
    }
    Ok(())
}

fn malformed(message: &str) -> ServiceError {
    ServiceError::new("MalformedPolicyDocument", message)
}

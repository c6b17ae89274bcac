//! The registry policy. The emulators refuse the actions of pull through cache.
//! AWS: GetRegistryPolicy, PutRegistryPolicy, DeleteRegistryPolicy (ECR API reference).
//!
//! Principals are not looked up in IAM: a fault says "Principal not found" where a test wants it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account_settings::{self, REGISTRY_POLICY_SCOPE};
use super::model::violation;
use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// What a policy may allow in a registry whose policy scope is V1.
const V1_ACTIONS: [&str; 3] = ["ecr:ReplicateImage", "ecr:BatchImportUpstreamImage", "ecr:CreateRepository"];

pub(crate) fn put(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let text = input["policyText"].as_str().unwrap_or_default();
    let policy: Value = serde_json::from_str(text).map_err(|_| invalid())?;
    check(&policy, account_settings::value(shared, scope, REGISTRY_POLICY_SCOPE)? == "V1")?;
    let policy = stored(policy);
    shared.ecr.with(scope, |state| state.registry_policy = Some(policy.clone()));
    Ok(output(scope, &policy))
}

pub(crate) fn get(shared: &Shared, scope: &Scope) -> Result<Value, ServiceError> {
    let policy = shared.ecr.with(scope, |state| state.registry_policy.clone());
    policy.map(|policy| output(scope, &policy)).ok_or_else(|| not_found(scope))
}

pub(crate) fn delete(shared: &Shared, scope: &Scope) -> Result<Value, ServiceError> {
    let policy = shared.ecr.with(scope, |state| state.registry_policy.take());
    policy.map(|policy| output(scope, &policy)).ok_or_else(|| not_found(scope))
}

/// ECR answers the policy in a layout of its own.
fn output(scope: &Scope, policy: &Value) -> Value {
    json!({"registryId": scope.account, "policyText": format!("{policy:#}")})
}

/// Each statement says who, what, where and whether, and no two have one Sid.
fn check(policy: &Value, is_v1: bool) -> Result<(), ServiceError> {
    let members = policy.as_object().ok_or_else(invalid)?;
    let version =
        policy["Version"].as_str().is_none_or(|version| ["2012-10-17", "2008-10-17"].contains(&version));
    if !version || members.keys().any(|name| !["Version", "Id", "Statement"].contains(&name.as_str())) {
        return Err(invalid());
    }
    let statements = list(&policy["Statement"]);
    let mut sids = BTreeSet::new();
    for statement in &statements {
        let sid = statement["Sid"].as_str();
        if sid.is_some_and(|sid| !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) || !sids.insert(sid)) {
            return Err(invalid());
        }
        let missing = |name: &str| list(&statement[name]).is_empty();
        let actions = list(&statement["Action"]);
        let unknown = |action: &&Value| {
            !action.as_str().is_some_and(|action| match is_v1 {
                true => V1_ACTIONS.contains(&action),
                false => action.starts_with("ecr:"),
            })
        };
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
            || missing("Principal") && missing("NotPrincipal")
            || actions.is_empty() && missing("NotAction")
            || missing("Resource") && missing("NotResource")
            || actions.iter().any(unknown)
        {
            return Err(invalid());
        }
    }
    if statements.is_empty() { Err(invalid()) } else { Ok(()) }
}

/// The policy as it is kept: an account's id as the ARN of its root, a list of one as the one.
fn stored(mut policy: Value) -> Value {
    let statements = match &mut policy["Statement"] {
        Value::Array(statements) => statements.as_mut_slice(),
        statement => std::slice::from_mut(statement),
    };
    for statement in statements {
        for name in ["Action", "Resource"] {
            collapse(statement, name);
        }
        let Some(principals) = statement.get_mut("Principal").filter(|principal| principal.is_object())
        else {
            continue;
        };
        if let Some(aws) = principals.get_mut("AWS") {
            let members = list(aws).into_iter().map(root).collect();
            *aws = Value::Array(members);
            collapse(principals, "AWS");
        }
    }
    policy
}

fn root(principal: &Value) -> Value {
    match principal.as_str() {
        Some(id) if id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit()) => {
            json!(format!("arn:aws:iam::{id}:root"))
        }
        _ => principal.clone(),
    }
}

fn collapse(object: &mut Value, name: &str) {
    if let Some(Value::Array(members)) = object.get_mut(name)
        && members.len() == 1
    {
        object[name] = members.remove(0);
    }
}

/// A list, or the one that stands for a list of one; nothing is an empty one.
fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(members) => members.iter().collect(),
        one => vec![one],
    }
}

fn invalid() -> ServiceError {
    violation("PolicyText", "Invalid registry policy provided")
}

fn not_found(scope: &Scope) -> ServiceError {
    ServiceError::new(
        "RegistryPolicyNotFoundException",
        format!("Registry policy does not exist in the registry with id '{}'", scope.account),
    )
}

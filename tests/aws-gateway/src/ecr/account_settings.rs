//! Account settings of ECR. AWS: PutAccountSetting, GetAccountSetting.

use serde_json::{Value, json};

use crate::gateway::Shared;
use crate::identity::Scope;
use crate::reply::ServiceError;

/// Setting that allows cross-repository mounts.
pub(crate) const BLOB_MOUNTING: &str = "BLOB_MOUNTING";
/// Setting that says which actions a registry policy may have.
pub(crate) const REGISTRY_POLICY_SCOPE: &str = "REGISTRY_POLICY_SCOPE";

/// Name, allowed values, default.
const SETTINGS: &[(&str, &[&str], &str)] = &[
    ("BASIC_SCAN_TYPE_VERSION", &["AWS_NATIVE"], "AWS_NATIVE"),
    (REGISTRY_POLICY_SCOPE, &["V1", "V2"], "V2"),
    (BLOB_MOUNTING, &["ENABLED", "DISABLED"], "DISABLED"),
];

pub(crate) fn put(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let name = input["name"].as_str().unwrap_or_default();
    let value = input["value"].as_str().unwrap_or_default();
    let (_, allowed, _) = setting(name)?;
    if !allowed.contains(&value) {
        return Err(ServiceError::new(
            "InvalidParameterException",
            format!("{name} takes one of {}", allowed.join(", ")),
        ));
    }
    shared.ecr.with(scope, |state| state.account_settings.insert(name.to_owned(), value.to_owned()));
    Ok(json!({"name": name, "value": value}))
}

pub(crate) fn get(shared: &Shared, scope: &Scope, input: &Value) -> Result<Value, ServiceError> {
    let name = input["name"].as_str().unwrap_or_default();
    Ok(json!({"name": name, "value": value(shared, scope, name)?}))
}

/// Value of a setting, or its default.
pub(crate) fn value(shared: &Shared, scope: &Scope, name: &str) -> Result<String, ServiceError> {
    let (_, _, default) = setting(name)?;
    let value = shared.ecr.with(scope, |state| state.account_settings.get(name).cloned());
    Ok(value.unwrap_or_else(|| (*default).to_owned()))
}

fn setting(
    name: &str,
) -> Result<&'static (&'static str, &'static [&'static str], &'static str), ServiceError> {
    SETTINGS.iter().find(|(known, _, _)| *known == name).ok_or_else(|| {
        ServiceError::new("InvalidParameterException", format!("there is no account setting {name}"))
    })
}

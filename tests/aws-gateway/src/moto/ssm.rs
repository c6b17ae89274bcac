//! Parameter Store: what it refuses to store.
//! AWS: PutParameter (Systems Manager API reference).

use serde_json::Value;

use crate::reply::ServiceError;

/// Bytes of a value, by tier.
const STANDARD: usize = 4096;
const ADVANCED: usize = 8192;

pub(super) fn check(input: &Value) -> Result<(), ServiceError> {
    let value = input["Value"].as_str().unwrap_or_default();
    // The value is not repeated in the message: it may be a secret.
    if value.contains("{{") && value.contains("}}") {
        return Err(invalid(
            "Parameter value can't nest another parameter. Do not use \"{{}}\" in the value.",
        ));
    }
    let (limit, tier) = match input["Tier"].as_str() {
        Some("Advanced") => (ADVANCED, "Advanced"),
        Some("Intelligent-Tiering") => (ADVANCED, "Intelligent-Tiering"),
        _ => (STANDARD, "Standard"),
    };
    if value.len() > limit {
        return Err(invalid(&format!(
            "{tier} tier parameters support a maximum parameter value of {limit} characters."
        )));
    }
    Ok(())
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationException", message)
}

//! CloudWatch Logs: the retention periods there are.
//! AWS: PutRetentionPolicy (CloudWatch Logs API reference).

use serde_json::Value;

use crate::reply::ServiceError;

/// Days.
const RETENTION: &[u64] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

pub(super) fn check(input: &Value) -> Result<(), ServiceError> {
    match input["retentionInDays"].as_u64() {
        Some(days) if RETENTION.contains(&days) => Ok(()),
        _ => Err(ServiceError::new(
            "InvalidParameterException",
            "Invalid retention value. Valid values are the periods in the API reference.",
        )),
    }
}

//! Faults a test orders for its own account.

use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A fault for the calls of one account that match service and action.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Fault {
    /// Signing name, or `registry` for `/v2/`.
    pub service: String,
    /// API action or registry operation; `None` matches all of the service.
    #[serde(default)]
    pub action: Option<String>,
    /// Matching calls to let pass first.
    #[serde(default)]
    pub skip: u32,
    /// Matching calls to disturb after those; then the fault is used up.
    #[serde(default = "one")]
    pub times: u32,
    /// What happens.
    pub kind: FaultKind,
}

fn one() -> u32 {
    1
}

/// What a [`Fault`] does.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FaultKind {
    /// An error of the service, in its own wire form. The call has no effect.
    Error {
        /// HTTP status.
        status: u16,
        /// AWS error code, or the code of the OCI error list.
        code: String,
        /// Text beside it.
        message: String,
    },
    /// The service's own throttling error. The call has no effect.
    Throttling,
    /// 503 with the service's own form. The call has no effect.
    ServerError,
    /// The answer of an object that is not there: what eventual consistency shows after a create.
    NotVisible,
    /// The call takes effect, but its answer never comes.
    TimeoutAfterEffect,
    /// The call waits this long, then goes on as usual.
    Latency {
        /// Milliseconds.
        milliseconds: u64,
    },
    /// The connection is closed without an answer. The call has no effect.
    CutConnection,
    /// The call takes effect, and its answer has another text in the place of some: for states of objects that an
    /// emulator passes over.
    Replace {
        /// Text of the answer's body, each time it occurs.
        from: String,
        /// What stands in its place.
        to: String,
    },
    /// The connection is closed after this many bytes of the answer's body. The call takes effect.
    CutAfter {
        /// Bytes of the body that still arrive.
        bytes: u64,
    },
}

impl FaultKind {
    /// An error of the service with status 400, as most are.
    pub fn error(code: &str, message: &str) -> Self {
        FaultKind::Error { status: 400, code: code.to_owned(), message: message.to_owned() }
    }
}

impl Fault {
    /// A fault for the next matching call.
    pub fn once(service: &str, action: &str, kind: FaultKind) -> Self {
        Self { service: service.to_owned(), action: Some(action.to_owned()), skip: 0, times: 1, kind }
    }

    /// The same fault for `times` calls in a row.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same fault after `skip` calls that pass.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }
}

impl FaultKind {
    pub(crate) fn latency(&self) -> Option<Duration> {
        match self {
            Self::Latency { milliseconds } => Some(Duration::from_millis(*milliseconds)),
            _ => None,
        }
    }
}

/// Faults that are not used up.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<(String, Fault)>>);

impl Faults {
    pub(crate) fn inject(&self, account: &str, fault: Fault) {
        self.lock().push((account.to_owned(), fault));
    }

    pub(crate) fn clear(&self, account: &str) {
        self.lock().retain(|(owner, _)| owner != account);
    }

    pub(crate) fn of(&self, account: &str) -> Vec<Fault> {
        self.lock().iter().filter(|(owner, _)| owner == account).map(|(_, fault)| fault.clone()).collect()
    }

    /// Counts the call against the first fault that matches it, and says what happens to it.
    pub(crate) fn strike(&self, account: &str, service: &str, action: &str) -> Option<FaultKind> {
        let mut faults = self.lock();
        let position = faults.iter().position(|(owner, fault)| {
            owner == account
                && fault.service == service
                && fault.action.as_deref().is_none_or(|wanted| wanted == action)
        })?;
        let fault = &mut faults[position].1;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        let kind = fault.kind.clone();
        fault.times = fault.times.saturating_sub(1);
        if fault.times == 0 {
            faults.remove(position);
        }
        Some(kind)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(String, Fault)>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Error with which a service says that the object of `action` is not there.
pub(crate) fn not_visible(service: &str, action: &str) -> (u16, &'static str) {
    match (service, action) {
        ("ecr", action) if action.contains("PullThroughCacheRule") => {
            (400, "PullThroughCacheRuleNotFoundException")
        }
        ("ecr", action) if action.contains("CreationTemplate") => (400, "TemplateNotFoundException"),
        ("ecr", action) if action.contains("RegistryPolicy") => (400, "RegistryPolicyNotFoundException"),
        ("ecr", "DescribeImages" | "BatchGetImage") => (400, "ImageNotFoundException"),
        ("ecr", _) => (400, "RepositoryNotFoundException"),
        ("iam" | "sts", _) => (404, "NoSuchEntity"),
        ("ssm", _) => (400, "ParameterNotFound"),
        ("ec2", action) if action.contains("LaunchTemplate") => (400, "InvalidLaunchTemplateId.NotFound"),
        ("ec2", action) if action.contains("SecurityGroup") => (400, "InvalidGroup.NotFound"),
        ("ec2", _) => (400, "InvalidInstanceID.NotFound"),
        ("autoscaling", _) => (400, "ValidationError"),
        ("s3", _) => (404, "NoSuchBucket"),
        ("registry", action) if action.contains("Blob") => (404, "BLOB_UNKNOWN"),
        ("registry", action) if action.contains("Manifest") => (404, "MANIFEST_UNKNOWN"),
        ("registry", _) => (404, "NAME_UNKNOWN"),
        _ => (400, "ResourceNotFoundException"),
    }
}

/// Error with which a service says that it is called too often.
pub(crate) fn throttling(service: &str) -> (u16, &'static str) {
    match service {
        "ec2" => (503, "RequestLimitExceeded"),
        "s3" => (503, "SlowDown"),
        "iam" | "autoscaling" | "sts" => (400, "Throttling"),
        "registry" => (429, "TOOMANYREQUESTS"),
        "tagging" => (400, "ThrottledException"),
        _ => (400, "ThrottlingException"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_skips_then_strikes_then_is_used_up() {
        let faults = Faults::default();
        faults.inject("1", Fault::once("ecr", "X", FaultKind::Throttling).after(1).times(2));
        let strikes: Vec<bool> = (0..4).map(|_| faults.strike("1", "ecr", "X").is_some()).collect();
        assert_eq!(strikes, [false, true, true, false]);
    }

    #[test]
    fn fault_of_one_account_spares_the_other() {
        let faults = Faults::default();
        faults.inject("1", Fault::once("ecr", "X", FaultKind::Throttling));
        assert_eq!(faults.strike("2", "ecr", "X"), None);
        assert_eq!(faults.strike("1", "ecr", "Y"), None);
        assert_eq!(faults.strike("1", "ecr", "X"), Some(FaultKind::Throttling));
    }
}

//! The types of single values.

mod byte_size;
mod cron;
mod go_duration;
mod keyword;
mod pull_policy;
mod token_placeholder;

pub use byte_size::ByteSize;
pub use cron::{Cron5, Cron7};
pub use go_duration::GoDuration;
pub use keyword::{
    CacheAuthentication, CacheType, Executor, LogFormat, LogLevel, Protocol, ServerSideEncryption, Shell,
};
pub use pull_policy::{PullPolicies, PullPolicy};
pub use token_placeholder::TokenPlaceholder;

/// Why a text is no value of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub(crate) String);

impl InvalidValue {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// [`Field`](crate::section::Field) for a type that is read with `FromStr` and written with `Display`, as a
/// quoted string.
macro_rules! string_field {
    ($name:ty, $expected:literal) => {
        impl $crate::section::Field for $name {
            const EXPECTED: &'static str = $expected;

            fn read(
                value: &toml::Value,
                path: &$crate::Path,
                faults: &mut Vec<$crate::Fault>,
            ) -> Option<Self> {
                let toml::Value::String(text) = value else {
                    return $crate::section::wrong_type::<Self>(value, path, faults);
                };
                match text.parse() {
                    Ok(value) => Some(value),
                    Err($crate::value::InvalidValue(reason)) => {
                        faults.push($crate::Fault::invalid(path, reason));
                        None
                    }
                }
            }

            fn write(&self) -> Option<$crate::render::Node> {
                Some($crate::render::Node::Value(toml::Value::String(self.to_string())))
            }
        }
    };
}
pub(crate) use string_field;

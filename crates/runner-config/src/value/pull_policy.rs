//! Pull policies of Docker images.

use std::fmt;
use std::str::FromStr;

use toml::Value;

use super::keyword::{keywords, not_in_list};
use super::{InvalidValue, string_field};
use crate::fault::Fault;
use crate::path::Path;
use crate::render::Node;
use crate::section::{Field, wrong_type};

keywords! {
    /// When an image is pulled. A wrong word passes the runner's own checks, and then every job fails.
    pub enum PullPolicy {
        /// Before each use; the default.
        Always = "always",
        /// If the daemon does not have it.
        IfNotPresent = "if-not-present",
        /// Not at all.
        Never = "never",
    }
}

/// Policies tried in order: a string in `config.toml` if there is one, else a list; empty means `always`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PullPolicies(pub Vec<PullPolicy>);

impl PullPolicies {
    /// The policies that take effect: those written, or the default.
    #[must_use]
    pub fn effective(&self) -> &[PullPolicy] {
        if self.0.is_empty() { &[PullPolicy::Always] } else { &self.0 }
    }
}

impl Field for PullPolicies {
    const EXPECTED: &'static str = "a string or a list of strings";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::String(_) => PullPolicy::read(value, path, faults).map(|policy| Self(vec![policy])),
            Value::Array(_) => Vec::read(value, path, faults).map(Self),
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }

    fn write(&self) -> Option<Node> {
        match self.0.as_slice() {
            [policy] => policy.write(),
            policies => Node::list(policies.iter().filter_map(Field::write).collect()),
        }
    }
}

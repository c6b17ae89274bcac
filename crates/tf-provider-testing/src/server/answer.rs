//! What the provider answers, with values as JSON.

use std::time::SystemTime;

use bytes::Bytes;
use serde_json::Value;

use super::diagnostic::Diagnostics;

/// An object as Terraform keeps it between two calls, and the diagnostics of the call that it came of.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The object; null when there is none.
    pub value: Value,
    /// Its identity, for types that have one.
    pub identity: Option<Value>,
    /// What the provider keeps beside it.
    pub private: Bytes,
    /// What the provider told.
    pub diagnostics: Diagnostics,
}

impl State {
    /// No object: what is there before a create.
    pub fn absent() -> Self {
        Self::default()
    }

    /// An object that a test makes up, without identity and private data.
    pub fn of(value: Value) -> Self {
        Self { value, ..Self::default() }
    }

    /// Whether there is an object.
    pub fn exists(&self) -> bool {
        !self.value.is_null()
    }
}

/// A planned change.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Type of the resource.
    pub type_name: String,
    /// What was there before.
    pub prior: State,
    /// The configuration that was planned.
    pub config: Value,
    /// What will be, with [`UNKNOWN`](super::UNKNOWN) for what is known only after apply; null for a destroy.
    pub value: Value,
    /// Attributes whose change replaces the object.
    pub requires_replace: Vec<String>,
    /// Its identity, for types that have one.
    pub identity: Option<Value>,
    /// What the plan leaves for the apply.
    pub private: Bytes,
    /// What the provider told.
    pub diagnostics: Diagnostics,
}

/// An object of another type that is to be moved to one of ours.
#[derive(Clone, Debug, Default)]
pub struct MoveSource {
    /// Full address of the provider that stored it, such as `registry.terraform.io/hashicorp/aws`.
    pub provider_address: String,
    /// Its type there.
    pub type_name: String,
    /// Version of the schema that wrote its state.
    pub schema_version: i64,
    /// Its state there.
    pub state: Value,
    /// What that provider kept beside it.
    pub private: Bytes,
    /// Its identity there; null where it has none.
    pub identity: Value,
}

/// An ephemeral resource that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The object.
    pub value: Value,
    /// When it wants to be renewed.
    pub renew_at: Option<SystemTime>,
    /// What renewing and closing get.
    pub private: Option<Bytes>,
    /// What the provider told.
    pub diagnostics: Diagnostics,
}

/// An ephemeral resource that was renewed.
#[derive(Clone, Debug)]
pub struct Renewed {
    /// When it wants to be renewed again.
    pub renew_at: Option<SystemTime>,
    /// What the next renewal gets.
    pub private: Option<Bytes>,
    /// What the provider told.
    pub diagnostics: Diagnostics,
}

/// One object that a list resource found, or the diagnostics it ended with.
#[derive(Clone, Debug)]
pub struct Listed {
    /// What people call it.
    pub display_name: String,
    /// Its identity.
    pub identity: Option<Value>,
    /// The object itself, where it was asked for.
    pub resource: Option<Value>,
    /// What the provider told.
    pub diagnostics: Diagnostics,
}

/// What an action told while it ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionEvent {
    /// It goes on, and this is where it is.
    Progress(String),
    /// It is over.
    Completed(Diagnostics),
}

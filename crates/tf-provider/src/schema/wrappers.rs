//! Types of fields that say who sets a value and who may see it.

use std::fmt;

use super::{AttributeKind, AttributeValue, Comparison, Convert, ConvertError, Validator};
use crate::value::RawValue;

/// A value that the provider sets.
///
/// Pending during create (and where an update may change it); returning from create or update with one
/// still pending is an error in the provider, and reported as such.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Computed<T> {
    /// To be set by this operation.
    #[default]
    Pending,
    /// Set; `None` is null.
    Set(Option<T>),
}

impl<T> Computed<T> {
    /// Null: the object has no such value.
    pub fn null() -> Self {
        Computed::Set(None)
    }

    /// The value, if it is set and not null.
    pub fn get(&self) -> Option<&T> {
        match self {
            Computed::Pending | Computed::Set(None) => None,
            Computed::Set(Some(value)) => Some(value),
        }
    }

    /// The value, if it is set and not null.
    pub fn into_inner(self) -> Option<T> {
        match self {
            Computed::Pending | Computed::Set(None) => None,
            Computed::Set(value) => value,
        }
    }

    /// True while the operation has yet to set it.
    pub fn is_pending(&self) -> bool {
        matches!(self, Computed::Pending)
    }
}

impl<T> From<T> for Computed<T> {
    fn from(value: T) -> Self {
        Computed::Set(Some(value))
    }
}

impl<T> From<Option<T>> for Computed<T> {
    fn from(value: Option<T>) -> Self {
        Computed::Set(value)
    }
}

impl From<&str> for Computed<String> {
    fn from(value: &str) -> Self {
        Computed::Set(Some(value.to_owned()))
    }
}

/// A secret that stands in configuration and state: masked in Terraform's output, never printed by us.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    /// Wraps a secret.
    pub fn new(secret: T) -> Self {
        Sensitive(secret)
    }

    /// The secret itself: only for the call that needs it.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(sensitive value)")
    }
}

/// A secret that stands in configuration alone: Terraform keeps it in no plan and no state.
///
/// Given to create and update; absent in read and delete.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct WriteOnly<T>(Option<T>);

impl<T> WriteOnly<T> {
    /// Wraps a secret.
    pub fn new(secret: T) -> Self {
        WriteOnly(Some(secret))
    }

    /// No secret is there.
    pub fn absent() -> Self {
        WriteOnly(None)
    }

    /// The secret itself, where configuration gives one: only for the call that needs it.
    pub fn expose(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

impl<T> fmt::Debug for WriteOnly<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "(write-only value)" } else { "(no write-only value)" })
    }
}

// === conversions ===

impl<T: Convert> Convert for Computed<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        if raw.is_unknown() { Ok(Computed::Pending) } else { Option::from_raw(raw).map(Computed::Set) }
    }

    fn to_raw(&self) -> RawValue {
        match self {
            Computed::Pending => RawValue::unknown(),
            Computed::Set(value) => value.to_raw(),
        }
    }
}

/// As an element of a map or list: one that the provider may know only after apply.
impl<T: AttributeValue> AttributeValue for Computed<T> {
    type Plan = T::Plan;
    const SENSITIVE: bool = T::SENSITIVE;

    fn kind() -> AttributeKind {
        T::kind()
    }
}

impl<T: Convert> Convert for Sensitive<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        T::from_raw(raw).map(Sensitive::new)
    }

    fn to_raw(&self) -> RawValue {
        self.expose().to_raw()
    }
}

impl<T: AttributeValue> AttributeValue for Sensitive<T> {
    type Plan = Sensitive<T::Plan>;
    const SENSITIVE: bool = true;

    fn same_meaning() -> Option<Comparison> {
        T::same_meaning()
    }

    fn kind() -> AttributeKind {
        T::kind()
    }

    fn validators() -> Vec<Validator> {
        T::validators()
    }
}

impl<T: Convert> Convert for WriteOnly<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        if raw.is_null() { Ok(WriteOnly::absent()) } else { T::from_raw(raw).map(WriteOnly::new) }
    }

    /// Always null: a write-only value enters no plan and no state, whatever an author does with it.
    fn to_raw(&self) -> RawValue {
        RawValue::Null
    }
}

impl<T: AttributeValue> AttributeValue for WriteOnly<T> {
    type Plan = Sensitive<T::Plan>;
    const SENSITIVE: bool = true;
    const WRITE_ONLY: bool = true;

    fn kind() -> AttributeKind {
        T::kind()
    }

    fn validators() -> Vec<Validator> {
        T::validators()
    }
}

//! The typed value of a plan: known, null, or unknown.

/// A value that may not be known yet.
///
/// Plans, and configurations during validation, consist of these; what `create` and `update` get is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Value<T> {
    /// Not set.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// Known now.
    Known(T),
}

impl<T> Value<T> {
    /// The known value, if it is known and not null.
    pub fn known(&self) -> Option<&T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Null | Value::Unknown => None,
        }
    }

    /// The known value, if it is known and not null.
    pub fn into_known(self) -> Option<T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Null | Value::Unknown => None,
        }
    }

    /// True when the value is not set.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// True when the value is known only after apply.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Value::Unknown)
    }

    /// Applies `f` to a known value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Value<U> {
        match self {
            Value::Null => Value::Null,
            Value::Unknown => Value::Unknown,
            Value::Known(value) => Value::Known(f(value)),
        }
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Value::Known)
    }
}

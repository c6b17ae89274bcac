//! Comparisons of an attribute's value with the one before: whether a change replaces the object, and whether there is
//! a change at all.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{AttributeKind, AttributeValue, Convert, ConvertError, Invalid, Validator, text};
use crate::value::{RawValue, Type};

/// A comparison of two values, of which neither is unknown.
#[derive(Clone)]
pub struct Comparison(CompareFn);

type CompareFn = Arc<dyn Fn(&RawValue, &RawValue) -> bool + Send + Sync>;

impl Comparison {
    /// A comparison by `compare`.
    pub fn new(compare: impl Fn(&RawValue, &RawValue) -> bool + Send + Sync + 'static) -> Self {
        Comparison(Arc::new(compare))
    }

    /// Compares a value with one that came later.
    pub fn holds(&self, earlier: &RawValue, later: &RawValue) -> bool {
        (self.0)(earlier, later)
    }
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Comparison")
    }
}

/// For `replace_if`: a comparison of typed values, `None` for null. A value that does not fit its type replaces nothing.
pub fn replace_if<T: Convert>(
    compare: impl Fn(Option<&T>, Option<&T>) -> bool + Send + Sync + 'static,
) -> Comparison {
    Comparison::new(move |prior, planned| {
        match (Option::<T>::from_raw(prior), Option::<T>::from_raw(planned)) {
            (Ok(prior), Ok(planned)) => compare(prior.as_ref(), planned.as_ref()),
            (Err(_), _) | (_, Err(_)) => false,
        }
    })
}

/// How texts can be spelled that mean the same.
pub trait Spelling: Send + Sync + 'static {
    /// Whether two texts mean the same.
    fn same(one: &str, other: &str) -> bool;

    /// Checks a configured text.
    ///
    /// # Errors
    /// The text means nothing.
    fn check(text: &str) -> Result<(), Invalid> {
        let _ = text;
        Ok(())
    }
}

/// A text of which the meaning counts, not the spelling.
///
/// While configuration, state and what an interface answers mean the same, the first spelling stays: there is no
/// change, and nothing to complain about.
pub struct Spelled<S>(String, PhantomData<fn() -> S>);

impl<S> Spelled<S> {
    /// The text as it is spelled.
    pub fn new(text: impl Into<String>) -> Self {
        Spelled(text.into(), PhantomData)
    }

    /// The text as it is spelled.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<S> Clone for Spelled<S> {
    fn clone(&self) -> Self {
        Spelled::new(self.0.clone())
    }
}

impl<S> fmt::Debug for Spelled<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<S: Spelling> PartialEq for Spelled<S> {
    fn eq(&self, other: &Self) -> bool {
        S::same(&self.0, &other.0)
    }
}

impl<S> Convert for Spelled<S> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        String::from_raw(raw).map(Spelled::new)
    }

    fn to_raw(&self) -> RawValue {
        self.0.to_raw()
    }
}

impl<S: Spelling> AttributeValue for Spelled<S> {
    type Plan = Self;

    fn kind() -> AttributeKind {
        AttributeKind::Plain(Type::String)
    }

    fn validators() -> Vec<Validator> {
        vec![text(S::check)]
    }

    fn same_meaning() -> Option<Comparison> {
        Some(Comparison::new(|one, other| match (one, other) {
            (RawValue::String(one), RawValue::String(other)) => S::same(one, other),
            _ => false,
        }))
    }
}

/// JSON: order of keys and space between tokens do not matter.
#[derive(Clone, Copy, Debug)]
pub struct JsonSpelling;

impl Spelling for JsonSpelling {
    fn same(one: &str, other: &str) -> bool {
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
        read(one).is_some_and(|one| Some(one) == read(other))
    }

    fn check(text: &str) -> Result<(), Invalid> {
        match serde_json::from_str::<serde::de::IgnoredAny>(text) {
            Ok(_) => Ok(()),
            Err(error) => {
                let place = format!("is no JSON: look at line {}, column {}", error.line(), error.column());
                Err(Invalid::new(place).remedy("Write it with jsonencode."))
            }
        }
    }
}

/// Text in which upper and lower case mean the same.
#[derive(Clone, Copy, Debug)]
pub struct AnyCase;

impl Spelling for AnyCase {
    fn same(one: &str, other: &str) -> bool {
        one.to_lowercase() == other.to_lowercase()
    }
}

/// A JSON document as text, such as a policy.
pub type Json = Spelled<JsonSpelling>;

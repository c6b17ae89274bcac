//! Values as the protocol carries them: an untyped tree ([`RawValue`]) that is always read and written
//! under the guidance of a [`Type`], and the typed [`Value`] that plans hand to an author.
//!
//! The same bytes mean different things under different types, so nothing here decodes without one.

use std::collections::BTreeMap;
use std::fmt;

mod attribute_path;
mod codec;
pub mod json;
pub mod msgpack;
mod number;
mod plan_value;
mod types;

pub use attribute_path::{AttributePath, Step};
pub use codec::{DecodeError, EncodeError};
pub use number::{Number, ParseNumberError};
pub use plan_value::Value;
pub use types::Type;

/// One value of any type, with null and unknown at every level.
///
/// Lists, sets and tuples are a [`Sequence`](RawValue::Sequence); maps and objects a
/// [`Mapping`](RawValue::Mapping): which of them it is, the [`Type`] beside it tells.
/// A set is kept sorted and without duplicates by [`RawValue::set`], so that equality of trees is equality
/// of values. `Debug` shows shapes and sizes, never contents: any string may be a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RawValue {
    /// No value.
    Null,
    /// Not known before apply, with what is known about it all the same.
    Unknown(Box<Refinements>),
    /// A truth value.
    Bool(bool),
    /// A number of any size and precision.
    Number(Number),
    /// UTF-8 text.
    String(String),
    /// Elements of a list, set or tuple.
    Sequence(Vec<RawValue>),
    /// Elements of a map, or attributes of an object.
    Mapping(BTreeMap<String, RawValue>),
    /// A value under the type `dynamic`, with its own type.
    Dynamic(Box<(Type, RawValue)>),
}

/// What is known about an unknown value: a promise that the final value keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refinements {
    /// `Some(false)`: will not be null. `Some(true)`: will be null.
    pub null: Option<bool>,
    /// The text starts with this prefix, at most 256 bytes.
    pub string_prefix: Option<String>,
    /// Lower bound of a number and whether it is inclusive.
    pub number_min: Option<(Number, bool)>,
    /// Upper bound of a number and whether it is inclusive.
    pub number_max: Option<(Number, bool)>,
    /// Smallest number of elements.
    pub length_min: Option<u64>,
    /// Greatest number of elements.
    pub length_max: Option<u64>,
}

impl Refinements {
    /// Nothing but "will not be null": cheap, and makes `x != null` known at plan time.
    pub fn not_null() -> Self {
        Refinements { null: Some(false), ..Refinements::default() }
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Refinements::default()
    }
}

impl RawValue {
    /// An unknown value of which nothing is known.
    pub fn unknown() -> Self {
        RawValue::refined(Refinements::default())
    }

    /// An unknown value of which something is known all the same.
    pub fn refined(known: Refinements) -> Self {
        RawValue::Unknown(Box::new(known))
    }

    /// A set: elements sorted; duplicates among wholly known elements coalesce, as in Terraform.
    ///
    /// Elements with unknowns are kept apart, since they may turn out to differ.
    pub fn set(mut elements: Vec<RawValue>) -> Self {
        elements.sort();
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        RawValue::Sequence(elements)
    }

    /// True for null itself (not for an object whose attributes are null).
    pub fn is_null(&self) -> bool {
        matches!(self, RawValue::Null)
    }

    /// True for an unknown value itself, not for one that contains unknowns.
    pub fn is_unknown(&self) -> bool {
        matches!(self, RawValue::Unknown(_))
    }

    /// True when no unknown stands anywhere in the tree.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            RawValue::Unknown(_) => false,
            RawValue::Sequence(elements) => elements.iter().all(RawValue::is_wholly_known),
            RawValue::Mapping(entries) => entries.values().all(RawValue::is_wholly_known),
            RawValue::Dynamic(inner) => inner.1.is_wholly_known(),
            RawValue::Null | RawValue::Bool(_) | RawValue::Number(_) | RawValue::String(_) => true,
        }
    }

    /// The attribute or element `key` of a mapping.
    pub fn get(&self, key: &str) -> Option<&RawValue> {
        match self {
            RawValue::Mapping(entries) => entries.get(key),
            _ => None,
        }
    }

    /// The word for this value's kind, for messages: `null`, `unknown`, `bool`, `number`, `string`,
    /// `sequence`, `mapping`, `dynamic`.
    pub fn kind(&self) -> &'static str {
        match self {
            RawValue::Null => "null",
            RawValue::Unknown(_) => "unknown",
            RawValue::Bool(_) => "bool",
            RawValue::Number(_) => "number",
            RawValue::String(_) => "string",
            RawValue::Sequence(_) => "sequence",
            RawValue::Mapping(_) => "mapping",
            RawValue::Dynamic(_) => "dynamic",
        }
    }
}

impl fmt::Debug for RawValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RawValue::Null => f.write_str("null"),
            RawValue::Unknown(_) => f.write_str("unknown"),
            RawValue::Bool(_) => f.write_str("bool"),
            RawValue::Number(_) => f.write_str("number"),
            RawValue::String(text) => write!(f, "string({} bytes)", text.len()),
            RawValue::Sequence(elements) => f.debug_list().entries(elements).finish(),
            RawValue::Mapping(entries) => f.debug_map().entries(entries).finish(),
            RawValue::Dynamic(inner) => write!(f, "dynamic({:?}, {:?})", inner.0, inner.1),
        }
    }
}

impl From<bool> for RawValue {
    fn from(value: bool) -> Self {
        RawValue::Bool(value)
    }
}

impl From<&str> for RawValue {
    fn from(value: &str) -> Self {
        RawValue::String(value.to_owned())
    }
}

impl From<String> for RawValue {
    fn from(value: String) -> Self {
        RawValue::String(value)
    }
}

impl From<i64> for RawValue {
    fn from(value: i64) -> Self {
        RawValue::Number(Number::from(value))
    }
}

impl<const N: usize> From<[(&str, RawValue); N]> for RawValue {
    fn from(entries: [(&str, RawValue); N]) -> Self {
        RawValue::Mapping(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }
}

impl RawValue {
    /// The same value with every set inside it in its one order; needed where a tree was made from typed parts.
    #[must_use]
    pub fn normalised(self, ty: &Type) -> Self {
        match (self, ty) {
            (RawValue::Sequence(elements), Type::List(element)) => {
                RawValue::Sequence(elements.into_iter().map(|value| value.normalised(element)).collect())
            }
            (RawValue::Sequence(elements), Type::Set(element)) => {
                RawValue::set(elements.into_iter().map(|value| value.normalised(element)).collect())
            }
            (RawValue::Sequence(elements), Type::Tuple(types)) => RawValue::Sequence(
                elements.into_iter().zip(types).map(|(value, ty)| value.normalised(ty)).collect(),
            ),
            (RawValue::Mapping(entries), Type::Map(element)) => RawValue::Mapping(
                entries.into_iter().map(|(key, value)| (key, value.normalised(element))).collect(),
            ),
            (RawValue::Mapping(entries), Type::Object(attributes)) => RawValue::Mapping(
                entries
                    .into_iter()
                    .map(|(name, value)| match attributes.get(&name) {
                        Some(ty) => (name, value.normalised(ty)),
                        None => (name, value),
                    })
                    .collect(),
            ),
            (other, _) => other,
        }
    }

    /// The path to the first unknown inside, if there is one.
    pub fn first_unknown(&self) -> Option<AttributePath> {
        fn find(value: &RawValue, path: &AttributePath) -> Option<AttributePath> {
            match value {
                RawValue::Unknown(_) => Some(path.clone()),
                RawValue::Sequence(elements) => elements
                    .iter()
                    .enumerate()
                    .find_map(|(index, element)| find(element, &path.with_index(index))),
                RawValue::Mapping(entries) => {
                    entries.iter().find_map(|(name, entry)| find(entry, &path.with_attribute(name)))
                }
                RawValue::Dynamic(inner) => find(&inner.1, path),
                RawValue::Null | RawValue::Bool(_) | RawValue::Number(_) | RawValue::String(_) => None,
            }
        }
        find(self, &AttributePath::root())
    }

    /// The same value with null in place of everything unknown.
    #[must_use]
    pub fn unknown_as_null(self) -> Self {
        match self {
            RawValue::Unknown(_) => RawValue::Null,
            RawValue::Sequence(elements) => {
                RawValue::Sequence(elements.into_iter().map(RawValue::unknown_as_null).collect())
            }
            RawValue::Mapping(entries) => RawValue::Mapping(
                entries.into_iter().map(|(name, entry)| (name, entry.unknown_as_null())).collect(),
            ),
            RawValue::Dynamic(inner) => {
                let (ty, value) = *inner;
                RawValue::Dynamic(Box::new((ty, value.unknown_as_null())))
            }
            known => known,
        }
    }
}

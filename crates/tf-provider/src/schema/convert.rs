//! Conversions between an author's types and the untyped tree, and the schema each type stands for.

use std::collections::{BTreeMap, BTreeSet};

use super::validate::no_null_elements;
use super::{AttributeKind, Comparison, Nesting, Validator, check, each, object_type};
use crate::value::{AttributePath, Number, RawValue, Step, Type, Value};

/// A value did not have the shape that its type demands.
///
/// Terraform checks configuration against the schema before a provider sees it, so this is mostly a fault of
/// a caller or of a stored state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", if path.is_root() { "the value".to_owned() } else { path.to_string() })]
pub struct ConvertError {
    /// Where, from the root of what was converted.
    pub path: AttributePath,
    /// What was found, without contents.
    pub problem: String,
}

impl ConvertError {
    fn expected(what: &str, found: &RawValue) -> Self {
        ConvertError {
            path: AttributePath::root(),
            problem: format!("must be {what}, but is {}", found.kind()),
        }
    }

    /// A string is none of `allowed`. Does not repeat it, since any string may be a secret.
    pub fn not_one_of(allowed: &[&str]) -> Self {
        let list = allowed.iter().map(|value| format!("\"{value}\"")).collect::<Vec<_>>().join(", ");
        ConvertError { path: AttributePath::root(), problem: format!("must be one of {list}") }
    }

    fn below(mut self, step: Step) -> Self {
        self.path = AttributePath::root().with(step).join(&self.path);
        self
    }
}

/// A type that a [`RawValue`] can be read into and made from.
pub trait Convert: Sized {
    /// Reads the value.
    ///
    /// # Errors
    /// The value has another shape, is out of range, or is null or unknown where this type cannot be.
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError>;

    /// Makes the value.
    fn to_raw(&self) -> RawValue;
}

/// A type that can stand in an attribute.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in an attribute",
    note = "attributes hold strings, booleans, numbers, lists, sets and maps of them, derived `StringEnum`s, \
            and structs with `#[derive(Schema)]` that have neither `type_name` nor blocks",
    note = "`Option` and `Computed` stand outermost only, and are recognised by name"
)]
pub trait AttributeValue: Convert {
    /// The same type in the plan form: anything inside may be unknown.
    type Plan: Convert + Clone + Send + Sync + 'static;

    /// Masked in Terraform's output.
    const SENSITIVE: bool = false;

    /// Kept in no plan and no state.
    const WRITE_ONLY: bool = false;

    /// The attribute's type in the schema.
    fn kind() -> AttributeKind;

    /// Checks that the type itself demands of a configured value; those of the attribute come on top.
    fn validators() -> Vec<Validator> {
        Vec::new()
    }

    /// Whether two values mean the same; `None` where only equal ones do.
    fn same_meaning() -> Option<Comparison> {
        None
    }
}

/// Reads the attribute `name` of an object; for generated code.
///
/// # Errors
/// As [`Convert::from_raw`], with the attribute's path.
pub fn attribute_from<T: Convert>(object: &RawValue, name: &str) -> Result<T, ConvertError> {
    match object {
        RawValue::Mapping(entries) => T::from_raw(entries.get(name).unwrap_or(&RawValue::Null))
            .map_err(|error| error.below(Step::Attribute(name.to_owned()))),
        other => Err(ConvertError::expected("an object", other)),
    }
}

/// Reads the list block `name` of an object; for generated code. One that is absent is empty, not null.
///
/// # Errors
/// As [`Convert::from_raw`], with the block's path.
pub fn list_block_from<T: Convert>(object: &RawValue, name: &str) -> Result<T, ConvertError> {
    match object {
        RawValue::Mapping(entries) if entries.get(name).is_none_or(RawValue::is_null) => {
            T::from_raw(&RawValue::Sequence(Vec::new()))
        }
        other => attribute_from(other, name),
    }
}

/// Makes the value of a list block; for generated code. Terraform refuses one that is null.
pub fn list_block_to_raw(blocks: &impl Convert) -> RawValue {
    match blocks.to_raw() {
        RawValue::Null => RawValue::Sequence(Vec::new()),
        other => other,
    }
}

// === plain types ===

impl Convert for String {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        match raw {
            RawValue::String(text) => Ok(text.clone()),
            other => Err(ConvertError::expected("a string", other)),
        }
    }

    fn to_raw(&self) -> RawValue {
        RawValue::String(self.clone())
    }
}

impl Convert for bool {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        match raw {
            RawValue::Bool(value) => Ok(*value),
            other => Err(ConvertError::expected("true or false", other)),
        }
    }

    fn to_raw(&self) -> RawValue {
        RawValue::Bool(*self)
    }
}

impl Convert for Number {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        match raw {
            RawValue::Number(number) => Ok(number.clone()),
            other => Err(ConvertError::expected("a number", other)),
        }
    }

    fn to_raw(&self) -> RawValue {
        RawValue::Number(self.clone())
    }
}

impl Convert for f64 {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        Number::from_raw(raw).map(|number| number.to_f64())
    }

    fn to_raw(&self) -> RawValue {
        // NaN has no place in Terraform; a provider that computes one gets null, which its schema check reports.
        Number::from_f64(*self).map_or(RawValue::Null, RawValue::Number)
    }
}

/// Any type: the value as it is.
impl Convert for RawValue {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        Ok(raw.clone())
    }

    fn to_raw(&self) -> RawValue {
        self.clone()
    }
}

macro_rules! plain {
    ($($rust:ty => $tf:expr),+ $(,)?) => {$(
        impl AttributeValue for $rust {
            type Plan = $rust;

            fn kind() -> AttributeKind {
                AttributeKind::Plain($tf)
            }
        }
    )+};
}

/// What `plain!` says of the other types, with a check of whole numbers and their bounds: Terraform has only
/// `number`, so that a fraction or too great a number is the configuration's mistake.
macro_rules! integers {
    ($($rust:ty),+) => {$(
        impl Convert for $rust {
            fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
                let number = Number::from_raw(raw)?;
                let exact = number.to_i64().and_then(|value| <$rust>::try_from(value).ok());
                exact.ok_or_else(|| ConvertError {
                    path: AttributePath::root(),
                    problem: format!(
                        "must be a whole number from {} to {}, but is {number}", <$rust>::MIN, <$rust>::MAX
                    ),
                })
            }

            fn to_raw(&self) -> RawValue {
                RawValue::Number(Number::from(i64::from(*self)))
            }
        }

        impl AttributeValue for $rust {
            type Plan = $rust;

            fn kind() -> AttributeKind {
                AttributeKind::Plain(Type::Number)
            }

            fn validators() -> Vec<Validator> {
                vec![check(|_: &$rust| Ok(()))]
            }
        }
    )+};
}

integers!(i64, i32, u32, u16, u8);
plain!(
    String => Type::String, bool => Type::Bool, Number => Type::Number, f64 => Type::Number,
    RawValue => Type::Dynamic,
);

// === collections ===

fn collection_kind<T: AttributeValue>(nesting: Nesting) -> AttributeKind {
    match T::kind() {
        AttributeKind::Plain(ty) => AttributeKind::Plain(nesting.of(ty)),
        AttributeKind::Nested(Nesting::Single, attributes) => AttributeKind::Nested(nesting, attributes),
        // Nested attributes nest one level of collection; below that the objects are a plain type.
        AttributeKind::Nested(inner, attributes) => {
            AttributeKind::Plain(nesting.of(inner.of(object_type(&attributes, &[]))))
        }
    }
}

/// Terraform admits null as an element; no element type here does.
fn element_validators<T: AttributeValue>() -> Vec<Validator> {
    std::iter::once(no_null_elements()).chain(T::validators().into_iter().map(each)).collect()
}

fn elements<T: Convert>(raw: &RawValue) -> Result<Vec<T>, ConvertError> {
    match raw {
        RawValue::Sequence(elements) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| {
                T::from_raw(element).map_err(|error| error.below(Step::Index(index as u64)))
            })
            .collect(),
        other => Err(ConvertError::expected("a list or set", other)),
    }
}

impl<T: Convert> Convert for Vec<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        elements(raw)
    }

    fn to_raw(&self) -> RawValue {
        RawValue::Sequence(self.iter().map(Convert::to_raw).collect())
    }
}

impl<T: AttributeValue> AttributeValue for Vec<T> {
    type Plan = Vec<Value<T::Plan>>;
    const SENSITIVE: bool = T::SENSITIVE;

    fn same_meaning() -> Option<Comparison> {
        let element = T::same_meaning()?;
        Some(Comparison::new(move |one, other| match (one, other) {
            (RawValue::Sequence(one), RawValue::Sequence(other)) if one.len() == other.len() => {
                one.iter().zip(other).all(|(one, other)| one == other || element.holds(one, other))
            }
            _ => false,
        }))
    }

    fn kind() -> AttributeKind {
        collection_kind::<T>(Nesting::List)
    }

    fn validators() -> Vec<Validator> {
        element_validators::<T>()
    }
}

impl<T: Convert + Ord> Convert for BTreeSet<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        Ok(elements(raw)?.into_iter().collect())
    }

    fn to_raw(&self) -> RawValue {
        RawValue::set(self.iter().map(Convert::to_raw).collect())
    }
}

impl<T: AttributeValue + Ord> AttributeValue for BTreeSet<T> {
    type Plan = Vec<Value<T::Plan>>;
    const SENSITIVE: bool = T::SENSITIVE;

    fn kind() -> AttributeKind {
        collection_kind::<T>(Nesting::Set)
    }

    fn validators() -> Vec<Validator> {
        element_validators::<T>()
    }
}

impl<T: Convert> Convert for BTreeMap<String, T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        match raw {
            RawValue::Mapping(entries) => entries
                .iter()
                .map(|(key, element)| {
                    let element =
                        T::from_raw(element).map_err(|error| error.below(Step::Key(key.clone())))?;
                    Ok((key.clone(), element))
                })
                .collect(),
            other => Err(ConvertError::expected("a map", other)),
        }
    }

    fn to_raw(&self) -> RawValue {
        RawValue::Mapping(self.iter().map(|(key, element)| (key.clone(), element.to_raw())).collect())
    }
}

impl<T: AttributeValue> AttributeValue for BTreeMap<String, T> {
    type Plan = BTreeMap<String, Value<T::Plan>>;
    const SENSITIVE: bool = T::SENSITIVE;

    fn same_meaning() -> Option<Comparison> {
        let element = T::same_meaning()?;
        Some(Comparison::new(move |one, other| match (one, other) {
            (RawValue::Mapping(one), RawValue::Mapping(other)) if one.len() == other.len() => {
                one.iter().all(|(key, one)| {
                    other.get(key).is_some_and(|other| one == other || element.holds(one, other))
                })
            }
            _ => false,
        }))
    }

    fn kind() -> AttributeKind {
        collection_kind::<T>(Nesting::Map)
    }

    fn validators() -> Vec<Validator> {
        element_validators::<T>()
    }
}

// === presence ===

impl<T: Convert> Convert for Option<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        if raw.is_null() { Ok(None) } else { T::from_raw(raw).map(Some) }
    }

    fn to_raw(&self) -> RawValue {
        self.as_ref().map_or(RawValue::Null, Convert::to_raw)
    }
}

impl<T: Convert> Convert for Value<T> {
    fn from_raw(raw: &RawValue) -> Result<Self, ConvertError> {
        match raw {
            RawValue::Null => Ok(Value::Null),
            RawValue::Unknown(_) => Ok(Value::Unknown),
            known => T::from_raw(known).map(Value::Known),
        }
    }

    fn to_raw(&self) -> RawValue {
        match self {
            Value::Null => RawValue::Null,
            Value::Unknown => RawValue::unknown(),
            Value::Known(value) => value.to_raw(),
        }
    }
}

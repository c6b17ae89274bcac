//! A section of `config.toml` is declared once, by [`section!`]: the struct, its documentation, and the
//! table of keys that the reader, the writer and the search for secrets walk over come from one list.

use std::collections::BTreeMap;

use toml::{Table, Value, value::Datetime};

use crate::fault::{Fault, FaultKind, nearest};
use crate::path::Path;
use crate::render::Node;
use crate::secret;

/// One key of a section.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as `config.toml` spells it.
    pub name: &'static str,
    /// The Rust field, in snake case.
    pub field: &'static str,
    /// Lines of the doc comment, as the compiler hands them over.
    pub(crate) doc: &'static [&'static str],
    /// The type, in words.
    pub expected: &'static str,
    /// The keys of the sub-section; empty for a value.
    pub keys: &'static [Key],
}

impl Key {
    /// Meaning, unit and default, on one line; Markdown.
    #[must_use]
    pub fn description(&self) -> String {
        self.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

/// A type that a key can have.
pub(crate) trait Field: Sized {
    /// The type in words, for messages: `a string`.
    const EXPECTED: &'static str;
    /// The keys, if the type is a section or a list of sections.
    const KEYS: &'static [Key] = &[];

    /// Reads a value; adds to `faults` and returns `None` if it does not fit.
    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self>;

    /// The value of a key that is not there; `None` for a required one.
    fn absent() -> Option<Self> {
        None
    }

    /// The rendered value; `None` leaves the key out.
    fn write(&self) -> Option<Node>;
}

/// A table with a fixed set of keys.
pub(crate) trait Section: Field {
    /// Keys that are refused although they exist or are widely copied, each with the reason.
    const REFUSED: &'static [(&'static str, &'static str)];

    /// Reads a table, collecting all its faults.
    fn read_table(table: &Table, path: &Path, faults: &mut Vec<Fault>) -> Option<Self>;

    /// Keys with their rendered values, in the order of declaration.
    fn write_table(&self) -> Vec<(String, Node)>;
}

macro_rules! key_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $key:literal) => {
        $key
    };
}

/// Declares a section: `field: Type` for a key of the same name, `field as "Key": Type` for another spelling;
/// after it, `refused { "key" => "reason" }`.
macro_rules! section {
    (
        $(#[$meta:meta])*
        pub struct $name:ident {
            $( $(#[doc = $doc:expr])* $field:ident $(as $key:literal)? : $ty:ty ),* $(,)?
        }
        $( refused { $( $refused:literal => $reason:literal ),* $(,)? } )?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $( $(#[doc = $doc])* pub $field: $ty, )*
        }

        impl $crate::section::Section for $name {
            const REFUSED: &'static [(&'static str, &'static str)] = &[ $( $( ($refused, $reason) ),* )? ];

            fn read_table(
                table: &toml::Table,
                path: &$crate::Path,
                faults: &mut Vec<$crate::Fault>,
            ) -> Option<Self> {
                $crate::section::refuse_other_keys::<Self>(table, path, faults);
                $( let $field = $crate::section::read_key::<$ty>(table, $crate::section::key_name!($field $($key)?), path, faults); )*
                Some(Self { $( $field: $field?, )* })
            }

            fn write_table(&self) -> Vec<(String, $crate::render::Node)> {
                let entries: Vec<(&str, Option<$crate::render::Node>)> = vec![
                    $( ($crate::section::key_name!($field $($key)?), $crate::section::Field::write(&self.$field)), )*
                ];
                entries.into_iter().filter_map(|(key, node)| Some((key.to_owned(), node?))).collect()
            }
        }

        impl $crate::section::Field for $name {
            const EXPECTED: &'static str = "a table";
            const KEYS: &'static [$crate::section::Key] = &[ $( $crate::section::Key {
                name: $crate::section::key_name!($field $($key)?),
                field: $crate::section::plain_name(stringify!($field)),
                doc: &[ $($doc),* ],
                expected: <$ty as $crate::section::Field>::EXPECTED,
                keys: <$ty as $crate::section::Field>::KEYS,
            } ),* ];

            fn read(value: &toml::Value, path: &$crate::Path, faults: &mut Vec<$crate::Fault>) -> Option<Self> {
                match value {
                    toml::Value::Table(table) => <Self as $crate::section::Section>::read_table(table, path, faults),
                    other => $crate::section::wrong_type::<Self>(other, path, faults),
                }
            }

            fn write(&self) -> Option<$crate::render::Node> {
                Some($crate::render::Node::Table($crate::section::Section::write_table(self)))
            }
        }
    };
}
pub(crate) use {key_name, section};

/// A Rust identifier without the `r#` that keywords need.
pub(crate) const fn plain_name(identifier: &'static str) -> &'static str {
    match identifier.as_bytes() {
        [b'r', b'#', ..] => identifier.split_at(2).1,
        _ => identifier,
    }
}

pub(crate) fn read_key<T: Field>(
    table: &Table,
    key: &str,
    path: &Path,
    faults: &mut Vec<Fault>,
) -> Option<T> {
    let path = path.attribute(key);
    if let Some(value) = table.get(key) {
        return T::read(value, &path, faults);
    }
    let absent = T::absent();
    if absent.is_none() {
        faults.push(Fault { path, kind: FaultKind::MissingKey });
    }
    absent
}

pub(crate) fn refuse_other_keys<S: Section>(table: &Table, path: &Path, faults: &mut Vec<Fault>) {
    for key in table.keys() {
        if S::KEYS.iter().any(|known| known.name == key) {
            continue;
        }
        let refused = S::REFUSED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let kind = match refused {
            Some((_, reason)) => FaultKind::RefusedKey(reason),
            None => {
                let suggestion = nearest(key, S::KEYS.iter().map(|known| known.name)).map(str::to_owned);
                let mut sections = Vec::new();
                sections_with(key, <crate::RunnerConfig as Field>::KEYS, &Path::root(), &mut sections);
                FaultKind::UnknownKey { suggestion, sections }
            }
        };
        faults.push(Fault { path: path.attribute(secret::shown(key)), kind });
    }
}

/// Names of the sections that have `key`, as they are written between brackets.
fn sections_with(key: &str, keys: &[Key], path: &Path, found: &mut Vec<String>) {
    for known in keys {
        if known.name == key {
            found.push(if path.steps().is_empty() {
                "the global section".to_owned()
            } else {
                format!("[{path}]")
            });
        }
        sections_with(key, known.keys, &path.attribute(known.name), found);
    }
}

pub(crate) fn wrong_type<T: Field>(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<T> {
    let found = match value {
        Value::String(_) => "a string",
        Value::Integer(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Boolean(_) => "a boolean",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    };
    faults.push(Fault { path: path.clone(), kind: FaultKind::WrongType { expected: T::EXPECTED, found } });
    None
}

// === impl Field for the plain types ===

impl Field for String {
    const EXPECTED: &'static str = "a string";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::from(self.as_str())))
    }
}

impl Field for bool {
    const EXPECTED: &'static str = "a boolean";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::Boolean(flag) => Some(*flag),
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::Boolean(*self)))
    }
}

impl Field for i64 {
    const EXPECTED: &'static str = "an integer";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::Integer(*self)))
    }
}

impl Field for u32 {
    const EXPECTED: &'static str = "an integer";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        let number = i64::read(value, path, faults)?;
        let Ok(number) = Self::try_from(number) else {
            faults.push(Fault::invalid(path, format!("must lie between 0 and {}", Self::MAX)));
            return None;
        };
        Some(number)
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::Integer((*self).into())))
    }
}

impl Field for f64 {
    const EXPECTED: &'static str = "a float";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::Float(number) if number.is_finite() => Some(*number),
            Value::Float(_) => {
                faults.push(Fault::invalid(path, "must be a finite number"));
                None
            }
            Value::Integer(number) => {
                faults.push(Fault::invalid(path, format!("must be written as a float: {number}.0")));
                None
            }
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::Float(*self)))
    }
}

impl Field for Datetime {
    const EXPECTED: &'static str = "a date with time and offset";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        match value {
            Value::Datetime(moment)
                if moment.date.is_some() && moment.time.is_some() && moment.offset.is_some() =>
            {
                Some(*moment)
            }
            other => wrong_type::<Self>(other, path, faults),
        }
    }

    fn write(&self) -> Option<Node> {
        Some(Node::Value(Value::Datetime(*self)))
    }
}

impl<T: Field> Field for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const KEYS: &'static [Key] = T::KEYS;

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        T::read(value, path, faults).map(Some)
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn write(&self) -> Option<Node> {
        self.as_ref().and_then(T::write)
    }
}

/// A list; an empty one is not written, which GitLab Runner reads as the same.
impl<T: Field> Field for Vec<T> {
    const EXPECTED: &'static str = "a list";
    const KEYS: &'static [Key] = T::KEYS;

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        let Value::Array(values) = value else {
            return wrong_type::<Self>(value, path, faults);
        };
        let read: Vec<Option<T>> = values
            .iter()
            .enumerate()
            .map(|(position, value)| T::read(value, &path.index(position), faults))
            .collect();
        read.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn write(&self) -> Option<Node> {
        Node::list(self.iter().filter_map(T::write).collect())
    }
}

/// A map whose keys the author chooses; an empty one is not written.
impl<T: Field> Field for BTreeMap<String, T> {
    const EXPECTED: &'static str = "a table";

    fn read(value: &Value, path: &Path, faults: &mut Vec<Fault>) -> Option<Self> {
        let Value::Table(table) = value else {
            return wrong_type::<Self>(value, path, faults);
        };
        let read: Vec<Option<(String, T)>> = table
            .iter()
            .map(|(key, value)| {
                T::read(value, &path.key(secret::shown(key)), faults).map(|value| (key.clone(), value))
            })
            .collect();
        read.into_iter().collect()
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }

    fn write(&self) -> Option<Node> {
        let entries: Vec<(String, Node)> =
            self.iter().filter_map(|(key, value)| Some((key.clone(), value.write()?))).collect();
        (!entries.is_empty()).then_some(Node::Table(entries))
    }
}

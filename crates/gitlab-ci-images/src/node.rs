//! Parsed YAML with the place of every value. Collections are shared, so that an alias costs nothing until it is used.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use indexmap::IndexMap;

use crate::error::{Error, Place};

/// Entries of a mapping, in the order of the file.
pub(crate) type Map = IndexMap<String, Node>;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// A value of YAML, as far as GitLab tells values apart.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    /// Text without quotes, which may be a number or a boolean.
    Plain(Arc<str>),
    Text(Arc<str>),
    List(Arc<Vec<Node>>),
    Map(Arc<Map>),
    /// The path of a `!reference`.
    Reference(Arc<Vec<Node>>),
}

impl Node {
    pub(crate) fn new(value: Value, place: &Place) -> Self {
        Node { value, place: place.clone() }
    }

    pub(crate) fn empty_map(place: &Place) -> Self {
        Node::new(Value::Map(Arc::default()), place)
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    pub(crate) fn as_map(&self) -> Option<&Arc<Map>> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    /// The entry of a mapping; null counts as absent, as it does at GitLab.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key).filter(|node| !node.is_null())
    }

    /// The scalar as it is written.
    pub(crate) fn written(&self) -> Option<&str> {
        match &self.value {
            Value::Plain(text) | Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The scalar as GitLab turns it into text: `3.10` without quotes is a number, and becomes `3.1`.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match &self.value {
            Value::Plain(text) => Some(typed_text(text)),
            Value::Text(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    /// Whether this is the boolean false.
    pub(crate) fn is_false(&self) -> bool {
        matches!(&self.value, Value::Plain(text) if typed_text(text) == "false")
    }

    /// The elements of a list, or the value itself as the only one.
    pub(crate) fn elements(&self) -> &[Node] {
        match &self.value {
            Value::List(elements) => elements,
            Value::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }
}

/// What Ruby makes of a scalar without quotes, as text again.
fn typed_text(text: &str) -> Cow<'_, str> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "True" | "TRUE" => return Cow::Borrowed("true"),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" | "False" | "FALSE" => return Cow::Borrowed("false"),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let numeric = |c: char| c.is_ascii_digit() || c == '_' || c == '.';
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.chars().all(numeric) {
        return Cow::Borrowed(text);
    }
    let plain = text.replace('_', "");
    let number = match plain.matches('.').count() {
        0 if digits.len() > 1 && digits.starts_with('0') => {
            let octal = i64::from_str_radix(&plain.replacen('0', "", 1), 8);
            octal.ok().map(|number| number.to_string())
        }
        0 => plain.parse::<i64>().ok().map(|number| number.to_string()),
        // Ruby goes over to powers of ten at 1e16 and below 1e-4; nobody names an image so.
        1 => {
            plain.parse::<f64>().ok().filter(|number| number.abs() < 1e16).map(|number| format!("{number:?}"))
        }
        _ => None,
    };
    number.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// `over` laid on `base`: mappings are merged key by key, anything else is replaced.
pub(crate) fn merge(base: &Node, over: &Node, budget: &Budget) -> Result<Node, Error> {
    let (Some(under), Some(upper)) = (base.as_map(), over.as_map()) else { return Ok(over.clone()) };
    budget.spend(under.len() + upper.len() + 1, &over.place)?;
    let mut merged = Map::clone(under);
    for (key, node) in upper.iter() {
        let node = match under.get(key) {
            Some(below) => merge(below, node, budget)?,
            None => node.clone(),
        };
        merged.insert(key.clone(), node);
    }
    Ok(Node::new(Value::Map(Arc::new(merged)), &over.place))
}

/// How much work is left. It bounds the time that any input can take.
#[derive(Debug)]
pub(crate) struct Budget(Cell<usize>);

impl Budget {
    pub(crate) fn new() -> Self {
        Budget(Cell::new(5_000_000))
    }

    pub(crate) fn spend(&self, work: usize, place: &Place) -> Result<(), Error> {
        match self.0.get().checked_sub(work) {
            Some(left) => {
                self.0.set(left);
                Ok(())
            }
            None => Err(Error::limit(place, "the files grow too large when their parts are put together")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_without_quotes_are_what_ruby_makes_of_them() {
        for (written, text) in [
            ("3.10", "3.1"),
            ("3.0", "3.0"),
            ("20", "20"),
            ("1_000", "1000"),
            ("010", "8"),
            ("09", "09"),
            ("0", "0"),
            ("1.2.3", "1.2.3"),
            ("1.2-alpine", "1.2-alpine"),
            ("yes", "true"),
            ("OFF", "false"),
            (".5", ".5"),
            ("alpine", "alpine"),
        ] {
            assert_eq!(typed_text(written), text, "{written}");
        }
    }
}

//! What the MessagePack and the JSON form share: errors, the place where they arose, the normal form of text.

use std::fmt;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::AttributePath;

/// Bytes that are no value of the wanted type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", Prefix(path))]
pub struct DecodeError {
    /// Where in the value; the root when the whole is unreadable.
    pub path: AttributePath,
    /// What is wrong: kinds and sizes, never contents, since any string may be a secret.
    pub problem: String,
}

/// A value that does not conform to the type it should be written as.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", Prefix(path))]
pub struct EncodeError {
    /// Where in the value.
    pub path: AttributePath,
    /// What is wrong: kinds and sizes, never contents, since any string may be a secret.
    pub problem: String,
}

impl DecodeError {
    pub(super) fn at_root(problem: impl Into<String>) -> Self {
        DecodeError { path: AttributePath::root(), problem: problem.into() }
    }
}

/// The path and a colon, or nothing for the root.
struct Prefix<'a>(&'a AttributePath);

impl fmt::Display for Prefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_root() { Ok(()) } else { write!(f, "{}: ", self.0) }
    }
}

/// Deepest nesting that is read or written, counted in values. Terraform's own values stay below 20;
/// the bound keeps hostile input from exhausting the stack.
pub(super) const MAX_DEPTH: usize = 256;

/// Longest name that an error repeats, in bytes.
const MAX_NAME: usize = 128;

/// The place of the value at hand, linked to its parents on the stack, so that a path costs nothing
/// until an error needs it.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: PlaceStep<'a>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum PlaceStep<'a> {
    Root,
    Attribute(&'a str),
    Key(&'a str),
    Index(usize),
    /// Nothing addresses an element of a set: the path ends here.
    SetElement,
    /// The value inside its dynamic wrapper, at the same path.
    DynamicValue,
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Place<'static> = Place { parent: None, step: PlaceStep::Root, depth: 0 };

    fn child<'b>(&'b self, step: PlaceStep<'b>) -> Place<'b> {
        Place { parent: Some(self), step, depth: self.depth + 1 }
    }

    pub(super) fn attribute<'b>(&'b self, name: &'b str) -> Place<'b> {
        self.child(PlaceStep::Attribute(name))
    }

    pub(super) fn key<'b>(&'b self, key: &'b str) -> Place<'b> {
        self.child(PlaceStep::Key(key))
    }

    pub(super) fn index<'b>(&'b self, index: usize) -> Place<'b> {
        self.child(PlaceStep::Index(index))
    }

    pub(super) fn set_element<'b>(&'b self) -> Place<'b> {
        self.child(PlaceStep::SetElement)
    }

    pub(super) fn dynamic_value<'b>(&'b self) -> Place<'b> {
        self.child(PlaceStep::DynamicValue)
    }

    /// True when a value here is nested deeper than is read or written.
    pub(super) fn too_deep(&self) -> bool {
        self.depth > MAX_DEPTH
    }

    pub(super) fn decode_error(&self, problem: impl Into<String>) -> DecodeError {
        DecodeError { path: self.path(), problem: problem.into() }
    }

    pub(super) fn encode_error(&self, problem: impl Into<String>) -> EncodeError {
        EncodeError { path: self.path(), problem: problem.into() }
    }

    fn path(&self) -> AttributePath {
        let mut places = vec![self];
        let mut place = self;
        while let Some(parent) = place.parent {
            places.push(parent);
            place = parent;
        }
        let mut path = AttributePath::root();
        for place in places.into_iter().rev() {
            match place.step {
                PlaceStep::Root | PlaceStep::DynamicValue => {}
                PlaceStep::Attribute(name) => path = path.with_attribute(shortened(name)),
                PlaceStep::Key(key) => path = path.with_key(shortened(key)),
                PlaceStep::Index(index) => path = path.with_index(index),
                PlaceStep::SetElement => return path,
            }
        }
        path
    }
}

/// `name`, cut when it is longer than a message should repeat.
fn shortened(name: &str) -> String {
    if name.len() <= MAX_NAME {
        return name.to_owned();
    }
    format!("{}…", &name[..name.floor_char_boundary(MAX_NAME)])
}

/// `text` in Unicode normal form C, the only one in which Terraform keeps strings.
pub(super) fn normalized(text: &str) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text.to_owned(),
        IsNormalized::No | IsNormalized::Maybe => text.nfc().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path_and_stop_at_a_set() {
        let root = Place::ROOT;
        let rules = root.attribute("rules");
        let first = rules.index(0);
        let ports = first.attribute("ports");
        let element = ports.set_element();
        let inside = element.attribute("from");
        assert_eq!(first.decode_error("bad").to_string(), "rules[0]: bad");
        assert_eq!(inside.decode_error("bad").to_string(), "rules[0].ports: bad");
        assert_eq!(root.encode_error("bad").to_string(), "bad");
    }

    #[test]
    fn long_names_are_cut_at_a_character() {
        let name = "ä".repeat(1000);
        let path = Place::ROOT.attribute(&name).decode_error("bad").path;
        assert_eq!(path, AttributePath::attribute(format!("{}…", "ä".repeat(64))));
    }
}

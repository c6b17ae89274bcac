//! Paths to attributes and elements, as diagnostics and `requires_replace` use them.

use std::fmt;

use super::Type;

/// One step of an [`AttributePath`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute or block of an object.
    Attribute(String),
    /// An element of a map.
    Key(String),
    /// An element of a list or tuple, from 0.
    Index(u64),
}

/// The way from the root of a configuration to one value in it.
///
/// Nothing addresses an element of a set: a path into a set stops at the set.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributePath {
    steps: Vec<Step>,
}

impl AttributePath {
    /// The root of the configuration.
    pub fn root() -> Self {
        AttributePath::default()
    }

    /// The path to one attribute of the root.
    pub fn attribute(name: impl Into<String>) -> Self {
        AttributePath::root().with_attribute(name)
    }

    /// This path, then the attribute `name`.
    #[must_use]
    pub fn with_attribute(&self, name: impl Into<String>) -> Self {
        self.with(Step::Attribute(name.into()))
    }

    /// This path, then the map element `key`.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        self.with(Step::Key(key.into()))
    }

    /// This path, then the list element `index` (from 0).
    #[must_use]
    pub fn with_index(&self, index: usize) -> Self {
        self.with(Step::Index(index as u64))
    }

    /// This path, then `step`.
    #[must_use]
    pub fn with(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        AttributePath { steps }
    }

    /// This path, then all steps of `rest`.
    #[must_use]
    pub fn join(&self, rest: &AttributePath) -> Self {
        AttributePath { steps: self.steps.iter().chain(&rest.steps).cloned().collect() }
    }

    /// The part of this path that addresses something within a value of type `ty`, with the kind of step that
    /// each place demands. Inside a set nothing is addressed: the path ends there.
    #[must_use]
    pub fn within(&self, ty: &Type) -> Self {
        let mut ty = ty;
        let mut path = AttributePath::root();
        for step in &self.steps {
            let next = match (ty, step) {
                (Type::Object(attributes), Step::Attribute(name) | Step::Key(name)) => {
                    attributes.get(name).map(|ty| (ty, Step::Attribute(name.clone())))
                }
                (Type::Map(element), Step::Attribute(name) | Step::Key(name)) => {
                    Some((&**element, Step::Key(name.clone())))
                }
                (Type::List(element), Step::Index(_)) => Some((&**element, step.clone())),
                (Type::Tuple(elements), Step::Index(index)) => {
                    let element = usize::try_from(*index).ok().and_then(|index| elements.get(index));
                    element.map(|element| (element, step.clone()))
                }
                (Type::Dynamic, step) => Some((ty, step.clone())),
                _ => None,
            };
            let Some((inner, step)) = next else { break };
            (ty, path) = (inner, path.with(step));
        }
        path
    }

    /// The steps from the root.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// True for the root.
    pub fn is_root(&self) -> bool {
        self.steps.is_empty()
    }
}

impl From<&str> for AttributePath {
    /// The path to one attribute of the root; `name` is taken whole, not split at dots.
    fn from(name: &str) -> Self {
        AttributePath::attribute(name)
    }
}

impl fmt::Display for AttributePath {
    /// As a practitioner writes it: `mirror["alpine"].tags[0]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.steps.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_as_they_are_written_in_configuration() {
        let path = AttributePath::attribute("mirror").with_key("alpine").with_attribute("tags").with_index(0);
        assert_eq!(path.to_string(), r#"mirror["alpine"].tags[0]"#);
        assert_eq!(AttributePath::root().to_string(), "");
    }
}

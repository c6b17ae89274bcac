//! Rules about several arguments of one object. What is unknown yet breaks none.

use super::{Block, Invalid, Validator};
use crate::value::RawValue;

/// A rule about which arguments may stand together.
#[derive(Clone, Debug)]
pub struct Rule {
    kind: Kind,
    names: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Conflicts,
    ExactlyOneOf,
    AtLeastOneOf,
    Together,
}

impl Rule {
    /// At most one of the arguments is set.
    pub fn conflicts(names: &[&str]) -> Self {
        Rule::new(Kind::Conflicts, names)
    }

    /// One of the arguments is set, and only one.
    pub fn exactly_one_of(names: &[&str]) -> Self {
        Rule::new(Kind::ExactlyOneOf, names)
    }

    /// One of the arguments is set, or more.
    pub fn at_least_one_of(names: &[&str]) -> Self {
        Rule::new(Kind::AtLeastOneOf, names)
    }

    /// All of the arguments are set, or none.
    pub fn together(names: &[&str]) -> Self {
        Rule::new(Kind::Together, names)
    }

    fn new(kind: Kind, names: &[&str]) -> Self {
        Rule { kind, names: names.iter().map(|name| (*name).to_owned()).collect() }
    }

    /// What is demanded, for the documentation.
    pub fn demand(&self) -> String {
        let names = self.names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        match self.kind {
            Kind::Conflicts => format!("at most one of {names}"),
            Kind::ExactlyOneOf => format!("exactly one of {names}"),
            Kind::AtLeastOneOf => format!("at least one of {names}"),
            Kind::Together => format!("all of {names} or none"),
        }
    }

    /// Checks the configuration of an object with these blocks.
    pub(crate) fn check(&self, blocks: &[Block], object: &RawValue) -> Result<(), Invalid> {
        let mut unknown = false;
        let mut set = Vec::new();
        for name in &self.names {
            match object.get(name) {
                None | Some(RawValue::Null) => {}
                Some(RawValue::Unknown(_)) => unknown = true,
                // Blocks that are not there are an empty list.
                Some(RawValue::Sequence(none))
                    if none.is_empty() && blocks.iter().any(|block| block.name == *name) => {}
                Some(_) => set.push(name),
            }
        }
        let names = self.names.join(", ");
        match self.kind {
            Kind::Conflicts | Kind::ExactlyOneOf if set.len() > 1 => {
                let given = set.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(" and ");
                Err(Invalid::new(format!("{given} exclude each other"))
                    .remedy(format!("Set one of {names}."))
                    .at(set[1].as_str()))
            }
            Kind::ExactlyOneOf | Kind::AtLeastOneOf if set.is_empty() && !unknown => {
                Err(Invalid::new(format!("none of {names} is set")).remedy("Set one of them."))
            }
            Kind::Together if !set.is_empty() && !unknown && set.len() < self.names.len() => {
                let missing = self.names.iter().filter(|name| !set.contains(name));
                let missing = missing.map(String::as_str).collect::<Vec<_>>().join(", ");
                Err(Invalid::new(format!("{} needs {missing} too", set[0]))
                    .remedy(format!("Set all of {names}, or none."))
                    .at(set[0].as_str()))
            }
            Kind::Conflicts | Kind::ExactlyOneOf | Kind::AtLeastOneOf | Kind::Together => Ok(()),
        }
    }

    /// The rule as a check of a nested object; for generated code.
    pub fn into_validator(self) -> Validator {
        let demand = self.demand();
        Validator::new(demand, move |object| self.check(&[], object))
    }
}

//! A configuration whose includes are in: `extends`, `!reference`.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::error::{Error, Place};
use crate::node::{Budget, Node, Value, merge};

/// Most levels of `extends`, and of `!reference`.
const MAX_EXTENDS: usize = 11;
const MAX_REFERENCES: usize = 10;

/// Keywords that are no jobs.
const KEYWORDS: [&str; 10] = [
    "default",
    "include",
    "before_script",
    "image",
    "services",
    "after_script",
    "variables",
    "stages",
    "cache",
    "workflow",
];

/// Why a value is not there.
pub(crate) enum Stop {
    /// The files are wrong.
    Error(Error),
    /// It may stand in an include whose content is not known.
    Unknown { place: Place, text: String, reason: String },
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Error(error)
    }
}

/// A configuration.
pub(crate) struct Config<'a> {
    root: Node,
    /// Whether the content of every include is known.
    complete: bool,
    budget: &'a Budget,
    /// Jobs with all that they extend, and over how many levels.
    extended: RefCell<HashMap<String, (Node, usize)>>,
}

impl<'a> Config<'a> {
    pub(crate) fn new(root: Node, complete: bool, budget: &'a Budget) -> Self {
        Config { root, complete, budget, extended: RefCell::default() }
    }

    /// The names of the jobs that a pipeline can have.
    pub(crate) fn jobs(&self) -> Vec<String> {
        let entries = self.root.as_map().into_iter().flat_map(|map| map.iter());
        let job = |(name, node): (&String, &Node)| {
            let is_job = node.as_map().is_some()
                && !name.starts_with('.')
                && name != "spec"
                && !KEYWORDS.contains(&name.as_str());
            is_job.then(|| name.clone())
        };
        entries.filter_map(job).collect()
    }

    /// A keyword of the configuration itself.
    pub(crate) fn keyword(&self, name: &str) -> Option<&Node> {
        self.root.get(name)
    }

    /// A job, or anything else at the top level, with all that it extends.
    pub(crate) fn entry(&self, name: &str) -> Result<Option<Node>, Stop> {
        Ok(self.extended(name, &mut Vec::new())?.map(|(node, _)| node))
    }

    fn extended(&self, name: &str, chain: &mut Vec<String>) -> Result<Option<(Node, usize)>, Stop> {
        if let Some(known) = self.extended.borrow().get(name) {
            return Ok(Some(known.clone()));
        }
        let Some(own) = self.root.as_map().and_then(|map| map.get(name)) else { return Ok(None) };
        let Some(extends) = own.get("extends") else { return Ok(Some((own.clone(), 0))) };
        let too_deep = || Error::ExtendsTooDeep { place: extends.place.clone(), limit: MAX_EXTENDS };
        if chain.len() > MAX_EXTENDS {
            return Err(too_deep().into());
        }
        chain.push(name.to_owned());
        let mut merged = Node::empty_map(&own.place);
        let mut levels = 0;
        for base in extends.elements() {
            let Some(base_name) = base.text() else {
                return Err(Error::yaml(&base.place, "extends takes the names of jobs").into());
            };
            if let Some(first) = chain.iter().position(|earlier| *earlier == base_name) {
                let mut chain = chain.split_off(first);
                chain.push(base_name.into_owned());
                return Err(Error::ExtendsCycle { place: base.place.clone(), chain }.into());
            }
            let Some((node, below)) = self.extended(&base_name, chain)? else {
                let error = Error::ExtendsUnknown { place: base.place.clone(), name: base_name.to_string() };
                return Err(self.absent(base, format!("extends {base_name}"), error));
            };
            merged = merge(&merged, &node, self.budget)?;
            levels = levels.max(below + 1);
            if levels > MAX_EXTENDS {
                return Err(too_deep().into());
            }
        }
        chain.pop();
        let extended = (merge(&merged, own, self.budget)?, levels);
        self.extended.borrow_mut().insert(name.to_owned(), extended.clone());
        Ok(Some(extended))
    }

    /// The value itself, or what its `!reference` leads to.
    pub(crate) fn resolve(&self, node: &Node) -> Result<Node, Stop> {
        self.follow(node, &mut Vec::new())
    }

    /// The value below a key, through a `!reference`.
    pub(crate) fn get(&self, node: &Node, key: &str) -> Result<Option<Node>, Stop> {
        node.get(key).map(|node| self.resolve(node)).transpose()
    }

    /// The elements of a list, with the lists that references put into it laid flat.
    pub(crate) fn flatten(&self, node: &Node) -> Result<Vec<Node>, Stop> {
        let mut elements = Vec::new();
        self.flatten_into(node, &mut Vec::new(), &mut elements)?;
        Ok(elements)
    }

    fn flatten_into(
        &self,
        node: &Node,
        chain: &mut Vec<String>,
        elements: &mut Vec<Node>,
    ) -> Result<(), Stop> {
        self.budget.spend(1, &node.place)?;
        match &node.value {
            Value::Null => {}
            Value::List(list) => {
                for element in list.iter() {
                    self.flatten_into(element, chain, elements)?;
                }
            }
            Value::Reference(path) => {
                let target = self.enter(node, path, chain)?;
                self.flatten_into(&target, chain, elements)?;
                chain.pop();
            }
            _ => elements.push(node.clone()),
        }
        Ok(())
    }

    fn follow(&self, node: &Node, chain: &mut Vec<String>) -> Result<Node, Stop> {
        let Value::Reference(path) = &node.value else { return Ok(node.clone()) };
        let target = self.enter(node, path, chain)?;
        let target = self.follow(&target, chain)?;
        chain.pop();
        Ok(target)
    }

    /// What a reference names, which may be a reference again. Its name stays in the chain.
    fn enter(&self, node: &Node, path: &[Node], chain: &mut Vec<String>) -> Result<Node, Stop> {
        self.budget.spend(20 + path.len(), &node.place)?;
        let keys: Option<Vec<_>> = path.iter().map(Node::written).collect();
        let Some(keys) = keys else {
            return Err(Error::yaml(&node.place, "!reference takes a list of keys").into());
        };
        let text = format!("[{}]", keys.join(", "));
        if let Some(first) = chain.iter().position(|earlier| *earlier == text) {
            let mut chain = chain.split_off(first);
            chain.push(text);
            return Err(Error::ReferenceCycle { place: node.place.clone(), chain }.into());
        }
        if chain.len() >= MAX_REFERENCES {
            return Err(Error::ReferenceTooDeep { place: node.place.clone(), limit: MAX_REFERENCES }.into());
        }
        chain.push(text.clone());
        let mut found = match keys.first() {
            Some(first) => self.entry(first)?,
            None => None,
        };
        for key in keys.iter().skip(1) {
            let Some(current) = found else { break };
            let current = self.follow(&current, chain)?;
            found = current.as_map().and_then(|map| map.get(*key)).cloned();
        }
        found.ok_or_else(|| {
            let error = Error::ReferenceUnknown { place: node.place.clone(), path: text.clone() };
            self.absent(node, format!("!reference {text}"), error)
        })
    }

    /// What is not there is an error, unless an include is missing in which it could stand.
    fn absent(&self, node: &Node, text: String, error: Error) -> Stop {
        if self.complete {
            return error.into();
        }
        let reason = "it is in none of the files, and may be in an include that was not given".to_owned();
        Stop::Unknown { place: node.place.clone(), text, reason }
    }
}

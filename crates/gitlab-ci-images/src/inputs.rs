//! `spec:inputs` of a header document, and `$[[ inputs.name ]]` in the content.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Place};
use crate::node::{Budget, Map, Node, Value};
use crate::parse::MAX_DEPTH;

const OPEN: &str = "$[[";
const CLOSE: &str = "]]";
/// Longest text that inputs may make, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// The values of a file's inputs.
pub(crate) struct Inputs {
    values: HashMap<String, (Node, usize, usize)>,
}

impl Inputs {
    /// What `include:inputs` gives, and the defaults of the header for the rest.
    pub(crate) fn new(header: &Node, given: Option<&Node>) -> Self {
        let mut values = HashMap::new();
        let declared = header.get("spec").and_then(|spec| spec.get("inputs")).and_then(Node::as_map);
        for (name, input) in declared.map(Arc::as_ref).unwrap_or(&Map::new()) {
            let given = given.and_then(|given| given.get(name));
            if let Some(node) = given.or_else(|| input.as_map().and_then(|input| input.get("default"))) {
                let (nodes, depth) = measure(node);
                values.insert(name.clone(), (node.clone(), nodes, depth));
            }
        }
        Inputs { values }
    }

    /// The content with its inputs put in. One without a value stays as it is written.
    pub(crate) fn fill(&self, node: &Node, depth: usize, budget: &Budget) -> Result<Node, Error> {
        budget.spend(1, &node.place)?;
        let list = |elements: &[Node]| {
            let filled = elements.iter().map(|element| self.fill(element, depth + 1, budget));
            filled.collect::<Result<Vec<_>, _>>().map(Arc::new)
        };
        let value = match &node.value {
            Value::Plain(text) | Value::Text(text) if text.contains(OPEN) => {
                return self.fill_text(text, &node.place, depth, budget);
            }
            Value::List(elements) => Value::List(list(elements)?),
            Value::Reference(path) => Value::Reference(list(path)?),
            Value::Map(map) => {
                let mut filled = Map::with_capacity(map.len());
                for (key, node) in map.iter() {
                    let key = self.replace(key, &node.place, budget)?;
                    filled.insert(key, self.fill(node, depth + 1, budget)?);
                }
                Value::Map(Arc::new(filled))
            }
            Value::Null | Value::Plain(_) | Value::Text(_) => return Ok(node.clone()),
        };
        Ok(Node::new(value, &node.place))
    }

    fn fill_text(&self, text: &str, place: &Place, depth: usize, budget: &Budget) -> Result<Node, Error> {
        // An input that is the whole value keeps its type.
        if let Some(expression) =
            text.trim().strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)).map(str::trim)
            && let Some((node, nodes, levels)) =
                expression.strip_prefix("inputs.").and_then(|name| self.values.get(name))
        {
            budget.spend(*nodes, place)?;
            if depth + levels > MAX_DEPTH {
                return Err(Error::limit(place, format!("inputs nest over more than {MAX_DEPTH} levels")));
            }
            return Ok(Node::new(node.value.clone(), place));
        }
        Ok(Node::new(Value::Text(self.replace(text, place, budget)?.into()), place))
    }

    fn replace(&self, text: &str, place: &Place, budget: &Budget) -> Result<String, Error> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let Some((expression, behind)) = after.split_once(CLOSE) else { break };
            filled.push_str(before);
            match self.evaluate(expression) {
                Some(value) => filled.push_str(&value),
                None => filled.extend([OPEN, expression, CLOSE]),
            }
            rest = behind;
            if filled.len() > MAX_TEXT {
                return Err(Error::limit(place, format!("inputs make a text of more than {MAX_TEXT} bytes")));
            }
        }
        filled.push_str(rest);
        budget.spend(filled.len() / 16, place)?;
        Ok(filled)
    }

    /// `inputs.name | function | …`; none where the input has no value, or a function is not known.
    fn evaluate(&self, expression: &str) -> Option<String> {
        let mut parts = expression.split('|').map(str::trim);
        let (node, ..) = self.values.get(parts.next()?.strip_prefix("inputs.")?)?;
        let mut value = node.text()?.into_owned();
        for function in parts {
            // Variables in the value are put in later, with all others.
            if function == "expand_vars" {
                continue;
            }
            let arguments = function.strip_prefix("truncate(")?.strip_suffix(')')?;
            let (offset, length) = arguments.split_once(',')?;
            let (offset, length) = (offset.trim().parse().ok()?, length.trim().parse().ok()?);
            value = value.chars().skip(offset).take(length).collect();
        }
        Some(value)
    }
}

/// The expression of an input that is left in a text.
pub(crate) fn left_in(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(OPEN)?;
    Some(rest.split_once(CLOSE).map_or(rest, |(expression, _)| expression).trim())
}

/// Values below and including a node, and levels. Every node has passed the limits of its file.
fn measure(node: &Node) -> (usize, usize) {
    let below: Vec<(usize, usize)> = match &node.value {
        Value::List(nodes) | Value::Reference(nodes) => nodes.iter().map(measure).collect(),
        Value::Map(map) => map.values().map(measure).collect(),
        _ => Vec::new(),
    };
    let nodes = below.iter().fold(1usize, |sum, (nodes, _)| sum.saturating_add(*nodes));
    (nodes, 1 + below.iter().map(|(_, depth)| *depth).max().unwrap_or(0))
}

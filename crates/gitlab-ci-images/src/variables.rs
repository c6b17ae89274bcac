//! Variables, and names with variables in them, as GitLab and GitLab Runner expand them.

use std::collections::BTreeMap;

use crate::config::{Config, Stop};
use crate::inputs::left_in;
use crate::node::Node;

/// Longest text that is expanded or comes of it, in bytes; names of images are much shorter.
const MAX_TEXT: usize = 4096;
/// Most variables that are put in for one text.
const MAX_STEPS: usize = 1000;

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, Variable>;

/// A variable's value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variable {
    pub(crate) text: String,
    /// Whether the value is taken as it is (`expand: false`).
    pub(crate) raw: bool,
}

/// The variables of a `variables` keyword. What is no text is left out.
pub(crate) fn read(config: &Config<'_>, node: Option<&Node>) -> Result<Variables, Stop> {
    let mut variables = Variables::new();
    let Some(node) = node else { return Ok(variables) };
    let node = config.resolve(node)?;
    let entries = node.as_map().into_iter().flat_map(|map| map.iter());
    for (name, value) in entries {
        let value = config.resolve(value)?;
        let raw = value.get("expand").is_some_and(Node::is_false);
        let text = if value.as_map().is_some() { config.get(&value, "value")? } else { Some(value) };
        let text = match &text {
            Some(node) if node.is_null() => Some(String::new()),
            Some(node) => node.text().map(|text| text.into_owned()),
            None => Some(String::new()),
        };
        if let Some(text) = text {
            variables.insert(name.clone(), Variable { text, raw });
        }
    }
    Ok(variables)
}

/// Variables from outside the files.
pub(crate) fn outside(variables: &BTreeMap<String, String>) -> Variables {
    let variable = |text: &String| Variable { text: text.clone(), raw: false };
    variables.iter().map(|(name, text)| (name.clone(), variable(text))).collect()
}

/// Variables in layers; the first layer that has a name decides.
pub(crate) struct Scope<'a> {
    layers: Vec<&'a Variables>,
    outside: Option<&'a BTreeMap<String, String>>,
}

/// An expansion that is under way.
struct Walk<'a> {
    within: Vec<&'a str>,
    steps: usize,
}

impl<'a> Scope<'a> {
    pub(crate) fn new(layers: Vec<&'a Variables>) -> Self {
        Scope { layers, outside: None }
    }

    /// Only variables from outside the files.
    pub(crate) fn outside(variables: &'a BTreeMap<String, String>) -> Self {
        Scope { layers: Vec::new(), outside: Some(variables) }
    }

    /// The text with its variables put in, or why that cannot be done.
    ///
    /// GitLab Runner expands a name twice, when it sets up the job and in the executor: `$$X` is the value of X.
    pub(crate) fn expand(&self, text: &str) -> Result<String, String> {
        let mut walk = Walk { within: Vec::new(), steps: 0 };
        let once = self.pass(text, &mut walk)?;
        if once.contains('$') { self.pass(&once, &mut walk) } else { Ok(once) }
    }

    fn pass(&self, text: &str, walk: &mut Walk<'a>) -> Result<String, String> {
        if text.len() > MAX_TEXT {
            return Err(too_long());
        }
        if let Some(input) = left_in(text) {
            return Err(format!("{input} has no value here"));
        }
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            expanded.push_str(before);
            let (name, behind) = name_of(after)?;
            match name {
                "$" => expanded.push('$'),
                "" => expanded.push('$'),
                name => expanded.push_str(&self.value(name, walk)?),
            }
            rest = behind;
            if expanded.len() > MAX_TEXT {
                return Err(too_long());
            }
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    fn value(&self, name: &str, walk: &mut Walk<'a>) -> Result<String, String> {
        walk.steps += 1;
        if walk.steps > MAX_STEPS {
            return Err(format!("more than {MAX_STEPS} variables stand in it"));
        }
        let found = self.layers.iter().find_map(|layer| layer.get_key_value(name));
        let found = found.map(|(key, variable)| (key, &variable.text, variable.raw));
        let outside = || self.outside?.get_key_value(name).map(|(key, text)| (key, text, false));
        let Some((key, text, raw)) = found.or_else(outside) else {
            return Err(format!("variable {name} is not known"));
        };
        if raw {
            return Ok(text.clone());
        }
        if walk.within.contains(&key.as_str()) {
            return Err(format!("variable {name} refers to itself"));
        }
        walk.within.push(key);
        let value = self.pass(text, walk)?;
        walk.within.pop();
        Ok(value)
    }
}

fn too_long() -> String {
    format!("the text has more than {MAX_TEXT} bytes")
}

/// The name of a variable behind its `$`, and what follows it. Empty where the `$` stands for itself.
fn name_of(text: &str) -> Result<(&str, &str), String> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(rest) = text.strip_prefix('$') {
        return Ok(("$", rest));
    }
    if let Some(rest) = text.strip_prefix('{') {
        return match rest.split_once('}') {
            Some((name, behind)) if !name.is_empty() && name.chars().all(is_word) => Ok((name, behind)),
            Some((name, _)) => {
                Err(format!("${{{name}}} is no variable: GitLab Runner knows no operators there"))
            }
            None => Err("${ is not closed".to_owned()),
        };
    }
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    Ok(text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str, variables: &[(&str, &str)]) -> Result<String, String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Scope::outside(&variables).expand(text)
    }

    #[test]
    fn names_are_expanded_as_gitlab_runner_does() {
        let variables = [("A", "a"), ("B", "$A-b"), ("DOLLAR", "$$A"), ("EMPTY", "")];
        for (text, expanded) in [
            ("$A:1", "a:1"),
            ("${A}x", "ax"),
            ("$B/${B}", "a-b/a-b"),
            ("$$A", "a"),
            ("$DOLLAR", "a"),
            ("x$EMPTY", "x"),
            ("x$/y", "x$/y"),
            ("x$", "x$"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand(text, &variables).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_expanded_says_why() {
        let variables = [("LOOP", "$POOL"), ("POOL", "$LOOP"), ("L", "$M$M$M$M"), ("M", "$N$N$N$N")];
        for (text, reason) in [
            ("$X:1", "variable X is not known"),
            ("${TAG:-latest}", "${TAG:-latest} is no variable: GitLab Runner knows no operators there"),
            ("${TAG", "${ is not closed"),
            ("$LOOP", "variable LOOP refers to itself"),
            ("$L", "variable N is not known"),
            ("a$[[ inputs.tag ]]", "inputs.tag has no value here"),
        ] {
            assert_eq!(expand(text, &variables), Err(reason.to_owned()), "{text}");
        }
    }

    #[test]
    fn variables_that_multiply_end_at_a_limit() {
        let names: Vec<String> = (0..40).map(|n| format!("V{n}")).collect();
        let values: Vec<String> = (1..41).map(|n| format!("$V{n}$V{n}")).collect();
        let mut variables: Vec<_> =
            names.iter().map(String::as_str).zip(values.iter().map(String::as_str)).collect();
        variables.push(("V40", ""));
        assert_eq!(expand("$V0", &variables), Err("more than 1000 variables stand in it".to_owned()));
    }
}

//! The sets of variables that one job can run with: `parallel:matrix` and `rules:variables`.

use crate::config::{Config, Stop};
use crate::error::Error;
use crate::node::Node;
use crate::variables::{self, Variable, Variables};

/// Most jobs that a matrix makes.
const MAX_MATRIX: usize = 200;

/// One set for each job of the matrix; a single empty one without it.
pub(crate) fn matrix(config: &Config<'_>, job: &Node) -> Result<Vec<Variables>, Stop> {
    let none = || Ok(vec![Variables::new()]);
    let Some(parallel) = config.get(job, "parallel")? else { return none() };
    let Some(matrix) = parallel.get("matrix") else { return none() };
    let too_large = || Error::MatrixTooLarge { place: matrix.place.clone(), limit: MAX_MATRIX };
    let mut sets = Vec::new();
    for entry in config.flatten(matrix)? {
        let mut combined = vec![Variables::new()];
        for (name, values) in entry.as_map().into_iter().flat_map(|map| map.iter()) {
            let values = config.flatten(values)?;
            if combined.len().saturating_mul(values.len()) > MAX_MATRIX {
                return Err(too_large().into());
            }
            let with = |set: &Variables, value: &Node| {
                let mut set = set.clone();
                if let Some(text) = value.text() {
                    set.insert(name.clone(), Variable { text: text.into_owned(), raw: false });
                }
                set
            };
            combined = combined.iter().flat_map(|set| values.iter().map(|value| with(set, value))).collect();
        }
        sets.append(&mut combined);
        if sets.len() > MAX_MATRIX {
            return Err(too_large().into());
        }
    }
    if sets.is_empty() { none() } else { Ok(sets) }
}

/// One set for each rule by which a job, or a whole pipeline, can come into being; a single empty one without rules.
pub(crate) fn rules(config: &Config<'_>, node: Option<&Node>) -> Result<Vec<Variables>, Stop> {
    let rules = node.and_then(|node| node.get("rules"));
    let rules = rules.map(|rules| config.flatten(rules)).transpose()?.unwrap_or_default();
    let mut sets = Vec::new();
    for rule in rules {
        let never = rule.get("when").and_then(Node::written) == Some("never");
        if never {
            continue;
        }
        let set = variables::read(config, rule.get("variables"))?;
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    if sets.is_empty() {
        sets.push(Variables::new());
    }
    Ok(sets)
}

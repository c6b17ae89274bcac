//! What can be wrong with a text that should be a `config.toml`: a syntax error, or a list of faults.
//! All faults are collected in one run; none of them ever holds a value that looks like a secret.

use std::fmt;

use crate::path::Path;

/// One thing that is wrong, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {kind}")]
pub struct Fault {
    /// Where it stands.
    pub path: Path,
    /// What is wrong.
    pub kind: FaultKind,
}

impl Fault {
    pub(crate) fn invalid(path: &Path, reason: impl Into<String>) -> Self {
        Self { path: path.clone(), kind: FaultKind::InvalidValue(reason.into()) }
    }
}

/// The kinds of [`Fault`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// GitLab Runner has no such key here; it would ignore it in silence.
    #[error("unknown key{}", hint(suggestion.as_deref(), sections))]
    UnknownKey {
        /// The key of this section that is nearest in spelling.
        suggestion: Option<String>,
        /// Other sections that have exactly this key.
        sections: Vec<String>,
    },
    /// A key that exists, or is widely believed to, and is not accepted here.
    #[error("this key is refused: {0}")]
    RefusedKey(&'static str),
    /// A key without which the section means nothing.
    #[error("required key is missing")]
    MissingKey,
    /// Another TOML type than the key has.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// The type of the key.
        expected: &'static str,
        /// The type that stands there.
        found: &'static str,
    },
    /// Right type, wrong value.
    #[error("{0}")]
    InvalidValue(String),
    /// A literal secret; the value is not shown.
    #[error(
        "holds what looks like {0}; a secret must not stand in the configuration (the value is not shown)"
    )]
    Secret(&'static str),
}

fn hint(suggestion: Option<&str>, sections: &[String]) -> String {
    match (suggestion, sections) {
        (Some(key), _) => format!(" (did you mean `{key}`?)"),
        (None, []) => String::new(),
        (None, sections) => format!(" (it is a key of {})", sections.join(", ")),
    }
}

/// All faults of one configuration, in the order of the keys; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// `Err` with the faults if there are any.
    pub(crate) fn into_result(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() { Ok(()) } else { Err(Self(faults)) }
    }

    /// The faults, at least one.
    #[must_use]
    pub fn as_slice(&self) -> &[Fault] {
        &self.0
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, fault) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// Not TOML at all.
    #[error("line {line}, column {column}: {message}")]
    Syntax {
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the TOML parser says, without the text it stumbled over.
        message: String,
    },
    /// TOML, but not a configuration of GitLab Runner.
    #[error(transparent)]
    Faults(#[from] Faults),
}

/// Why a configuration is not rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// Literal secrets would have ended up in the text.
    #[error(transparent)]
    Secrets(#[from] Faults),
}

/// The known key nearest to `key`: the same but for case and `-`/`_`, else few typing errors away, else one that
/// begins as `key` does.
pub(crate) fn nearest<'a>(key: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    /// Shorter beginnings say nothing.
    const SHORTEST_BEGINNING: usize = 4;
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let wanted = plain(key);
    // A third of the letters may differ, but short keys must not match everything.
    let limit = (wanted.chars().count() / 3).clamp(1, 4);
    let rank = |candidate: &str| {
        let candidate = plain(candidate);
        let distance = distance(&wanted, &candidate);
        let begins = (candidate.len() >= SHORTEST_BEGINNING && wanted.starts_with(&candidate))
            || (wanted.len() >= SHORTEST_BEGINNING && candidate.starts_with(&wanted));
        (distance <= limit || begins).then_some((distance > limit, distance))
    };
    known
        .filter_map(|candidate| Some((rank(candidate)?, candidate)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance: insertions, deletions, substitutions, swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for (i, row) in rows.iter_mut().enumerate() {
        row[0] = i;
    }
    for (j, cell) in rows[0].iter_mut().enumerate() {
        *cell = j;
    }
    for i in 1..=a.len() {
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            let mut best = (rows[i - 1][j] + 1).min(rows[i][j - 1] + 1).min(rows[i - 1][j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = best;
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_key_forgives_typing_errors_case_and_dashes_but_not_other_words() {
        let keys = ["idle_count", "idle_time", "tls-ca-file", "MaxBuilds", "dns"];
        for (typed, expected) in [
            ("idle_cuont", Some("idle_count")),
            ("idlecount", Some("idle_count")),
            ("tls_ca_file", Some("tls-ca-file")),
            ("maxbuilds", Some("MaxBuilds")),
            ("DNS", Some("dns")),
            ("idle_count_of_jobs", Some("idle_count")),
            ("user", None),
            ("completely_else", None),
        ] {
            assert_eq!(nearest(typed, keys.into_iter()), expected, "{typed}");
        }
    }
}

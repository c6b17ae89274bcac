//! Reading and rendering a whole configuration.

use toml::Table;

use crate::fault::{Fault, FaultKind, Faults, ParseError, RenderError};
use crate::global::RunnerConfig;
use crate::path::{Path, Step};
use crate::render;
use crate::secret::{self, secret_in};
use crate::section::{Field, Key, Section};
use crate::value::TokenPlaceholder;

const HEADER: [&str; 2] = [
    "Generated file: change its source, not this text.",
    "Each token is a placeholder that the runner manager replaces when it fetches the file.",
];

impl RunnerConfig {
    /// The keys of the global section and, nested in them, of all others.
    #[must_use]
    pub fn keys() -> &'static [Key] {
        <Self as Field>::KEYS
    }

    /// Reads the text of a `config.toml`.
    ///
    /// # Errors
    /// [`ParseError::Syntax`] if it is not TOML. Else [`ParseError::Faults`] with every literal secret, unknown
    /// or missing key, wrong type and wrong value; no message repeats a secret.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let table: Table = text.parse().map_err(|error| syntax(text, &error))?;
        let mut faults = secret::find(&table, Self::keys());
        // A comment has no path, but whoever publishes the text publishes the comment.
        if let Some(what) = text.lines().find_map(secret_in).filter(|_| faults.is_empty()) {
            faults.push(Fault { path: Path::root(), kind: FaultKind::Secret(what) });
        }
        let secrets = faults.len();
        let config = Self::read_table(&table, &Path::root(), &mut faults);
        // A value that was already refused as a secret need not be refused again as no placeholder.
        let (found, read) = faults.split_at(secrets);
        let again = |fault: &&Fault| !found.iter().any(|secret| secret.path == fault.path);
        let faults: Vec<Fault> = found.iter().chain(read.iter().filter(again)).cloned().collect();
        Faults::into_result(faults)?;
        match config {
            Some(config) => Ok(config),
            // Whoever returns `None` has added a fault; this keeps the promise visible if that is ever broken.
            None => Err(ParseError::Faults(Faults::from(Fault::invalid(&Path::root(), "could not be read")))),
        }
    }

    /// The text of `config.toml`: comment lines, values before sub-sections, keys in the order of the model.
    ///
    /// # Errors
    /// [`RenderError::Secrets`] with the paths of strings that look like literal secrets.
    pub fn render(&self) -> Result<String, RenderError> {
        let text = render::document(&HEADER, &self.write_table());
        Faults::into_result(secret::find(&self.to_table(), Self::keys()))?;
        Ok(text)
    }

    /// The placeholders of all entries, in their order.
    pub fn token_placeholders(&self) -> impl Iterator<Item = &TokenPlaceholder> {
        self.runners.iter().map(|runner| &runner.token)
    }

    /// The configuration as plain TOML values, for walks over all strings.
    pub(crate) fn to_table(&self) -> Table {
        render::table_of(&self.write_table())
    }
}

/// Whether a path names something the model has; indexes and keys of maps may be any.
pub(crate) fn is_known(path: &Path) -> bool {
    let mut keys = RunnerConfig::keys();
    for step in path.steps() {
        match step {
            Step::Attribute(name) => match keys.iter().find(|key| key.name == name) {
                Some(key) => keys = key.keys,
                None => return false,
            },
            Step::Index(_) => {}
            Step::Key(_) => keys = &[],
        }
    }
    true
}

/// The parser's message without the excerpt of the text that its `Display` shows, which could be a secret.
fn syntax(text: &str, error: &toml::de::Error) -> ParseError {
    let start = error.span().map_or(0, |span| span.start).min(text.len());
    let before = text.get(..start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    ParseError::Syntax {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
        message: match secret_in(error.message()) {
            None => error.message().to_owned(),
            Some(what) => format!("cannot be read (the text holds {what} and is not shown)"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_key(keys: &'static [Key], path: &Path, visit: &mut dyn FnMut(&Path, &Key)) {
        for key in keys {
            visit(&path.attribute(key.name), key);
            every_key(key.keys, &path.attribute(key.name), visit);
        }
    }

    #[test]
    fn every_key_is_documented_and_its_field_is_its_snake_case_name() {
        let mut count = 0;
        every_key(RunnerConfig::keys(), &Path::root(), &mut |path, key| {
            count += 1;
            assert!(key.description().ends_with('.'), "{path}: {}", key.description());
            assert_eq!(crate::path::snake_case(key.name), key.field, "{path}");
            assert!(is_known(path), "{path}");
        });
        assert!(count > 250, "{count}");
    }
}

//! From arguments to the TOML of config.toml, and from paths in it back to arguments. What is not known yet is left
//! out and remembered, so that nobody complains of its absence.

use std::collections::BTreeMap;

use ::runner_config::{Key, Path, RunnerConfig as Model, Step};
use tf_provider::Schema;
use tf_provider::schema::{Attribute, AttributeKind};
use tf_provider::value::{AttributePath, RawValue};
use toml::{Table, Value};

use super::RunnerConfig;

/// The arguments as TOML.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// What is known.
    pub(super) table: Table,
    /// Where something is unknown.
    unknown: Vec<Path>,
    /// Lists without their unknown elements: the positions that the other elements have in configuration.
    shortened: BTreeMap<Path, Vec<usize>>,
}

impl Arguments {
    /// Takes the arguments from a configuration.
    pub(super) fn of(config: &RawValue) -> Self {
        let mut arguments = Arguments::default();
        arguments.table = arguments.section(Model::keys(), config, &Path::root());
        arguments
    }

    /// Treats what the first `steps` steps of `path` lead to as unknown.
    pub(super) fn forget(&mut self, path: &Path, steps: usize) {
        let forgotten = path.steps().iter().take(steps).fold(Path::root(), extended);
        self.unknown.push(forgotten);
    }

    /// True when all of `runners` are there, each at its own position.
    pub(super) fn has_all_runners(&self) -> bool {
        let runners = Path::root().attribute("runners");
        !self.unknown.contains(&runners) && !self.shortened.contains_key(&runners)
    }

    /// True when `path`, something in it, or something that it lies in is unknown.
    pub(super) fn is_open(&self, path: &Path) -> bool {
        let path = path.steps();
        let unknown = |unknown: &Path| unknown.steps().starts_with(path) || path.starts_with(unknown.steps());
        self.unknown.iter().any(unknown) || self.shortened.keys().any(|list| list.steps().starts_with(path))
    }

    /// True when something below `path` is unknown, or `path` itself.
    pub(super) fn is_open_below(&self, path: &Path) -> bool {
        let below = |unknown: &Path| unknown.steps().starts_with(path.steps());
        self.unknown.iter().any(below) || self.shortened.keys().any(below)
    }

    /// The argument that a path in config.toml stands for, or the nearest one around it.
    pub(super) fn attribute_path(&self, path: &Path) -> AttributePath {
        let definition = RunnerConfig::definition();
        let mut level: &[Attribute] = &definition.attributes;
        let mut place = Path::root();
        let mut found = AttributePath::root();
        for step in path.steps() {
            match step {
                Step::Attribute(key) => {
                    let name = attribute_name(key, step);
                    let Some(attribute) = level.iter().find(|attribute| attribute.name == name) else {
                        break;
                    };
                    level = match &attribute.kind {
                        AttributeKind::Nested(_, attributes) => attributes,
                        AttributeKind::Plain(_) => &[],
                    };
                    found = found.with_attribute(name);
                    place = place.attribute(key);
                }
                Step::Index(index) => {
                    let shortened = self.shortened.get(&place).and_then(|positions| positions.get(*index));
                    found = found.with_index(*shortened.unwrap_or(index));
                    place = place.index(*index);
                }
                Step::Key(key) => {
                    found = found.with_key(key);
                    place = place.key(key);
                }
            }
        }
        found
    }

    /// The keys of one section that the configuration sets.
    fn section(&mut self, keys: &[Key], raw: &RawValue, path: &Path) -> Table {
        let mut table = Table::new();
        for key in keys {
            let step = Step::Attribute(key.name.to_owned());
            let Some(raw) = raw.get(&attribute_name(key.name, &step)) else { continue };
            let path = path.attribute(key.name);
            let value = if raw.is_unknown() {
                self.unknown.push(path.clone());
                stand_in(&path).map(Value::from)
            } else {
                self.value(key, raw, &path)
            };
            if let Some(value) = value {
                table.insert(key.name.to_owned(), value);
            }
        }
        table
    }

    /// A known value; `None` for null.
    fn value(&mut self, key: &Key, raw: &RawValue, path: &Path) -> Option<Value> {
        match raw {
            RawValue::Null | RawValue::Unknown(_) => None,
            RawValue::Bool(flag) => Some(Value::Boolean(*flag)),
            RawValue::String(text) => Some(Value::String(text.clone())),
            RawValue::Number(number) => Some(match number.to_i64() {
                Some(whole) if key.expected != "a float" => Value::Integer(whole),
                _ => Value::Float(number.to_f64()),
            }),
            RawValue::Sequence(elements) => Some(self.list(key, elements, path)),
            RawValue::Mapping(_) if !key.keys.is_empty() => {
                Some(Value::Table(self.section(key.keys, raw, path)))
            }
            RawValue::Mapping(entries) => {
                let mut table = Table::new();
                for (name, entry) in entries {
                    let path = path.key(name);
                    if entry.is_unknown() {
                        self.unknown.push(path);
                    } else if let Some(value) = self.value(key, entry, &path) {
                        table.insert(name.clone(), value);
                    }
                }
                Some(Value::Table(table))
            }
            RawValue::Dynamic(inner) => self.value(key, &inner.1, path),
        }
    }

    fn list(&mut self, key: &Key, elements: &[RawValue], path: &Path) -> Value {
        let mut values = Vec::new();
        let mut positions = Vec::new();
        for (position, element) in elements.iter().enumerate() {
            if let Some(value) = self.value(key, element, &path.index(values.len())) {
                values.push(value);
                positions.push(position);
            }
        }
        if values.len() < elements.len() {
            self.shortened.insert(path.clone(), positions);
        }
        Value::Array(values)
    }
}

/// The argument for a key: its snake case name, but that a token is a placeholder here.
fn attribute_name(key: &str, step: &Step) -> String {
    match key {
        "token" => "token_placeholder".to_owned(),
        _ => step.attribute_name().unwrap_or_default(),
    }
}

/// What stands for an unknown value that cannot be left out and has no default.
fn stand_in(path: &Path) -> Option<&'static str> {
    match path.steps() {
        [.., Step::Attribute(key)] if key == "url" => Some("https://unknown.invalid"),
        [.., Step::Attribute(list), Step::Index(_), Step::Attribute(key)]
            if list == "services" && key == "name" =>
        {
            Some("unknown")
        }
        _ => None,
    }
}

/// The path with one step more.
pub(super) fn extended(path: Path, step: &Step) -> Path {
    match step {
        Step::Attribute(key) => path.attribute(key),
        Step::Index(index) => path.index(*index),
        Step::Key(key) => path.key(key),
    }
}

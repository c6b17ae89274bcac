//! `extra_config`: TOML put over what the arguments say, wherever they say nothing.

use ::runner_config::{ParseError, Path, RunnerConfig as Model, Step, secret_in};
use toml::{Table, Value};

/// Why the text cannot be put over the arguments.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    /// It is not TOML.
    #[error("is no TOML: {0}")]
    Syntax(ParseError),
    /// A comment, or anything else, looks like a secret; it is not repeated.
    #[error(
        "holds what looks like {0}; a secret must not stand in the configuration (the value is not shown)"
    )]
    Secret(&'static str),
}

/// A place where arguments and text do not go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Clash {
    /// Both set the key.
    #[error("{0}: an argument sets it too; remove one of the two")]
    SetTwice(Path),
    /// More runners in the text than in the arguments.
    #[error(
        "{0}: there are only {1} runners, and each [[runners]] of the text goes to one of them; remove the rest"
    )]
    Surplus(Path, usize),
}

/// Reads the text.
pub(super) fn read(text: &str) -> Result<Table, Unusable> {
    if let Some(what) = text.lines().find_map(secret_in).or_else(|| secret_in(text)) {
        return Err(Unusable::Secret(what));
    }
    // The model's reader words a syntax error without an excerpt of the text, which could be a secret.
    match Model::parse(text) {
        Err(error @ ParseError::Syntax { .. }) => Err(Unusable::Syntax(error)),
        _ => Ok(text.parse().unwrap_or_default()),
    }
}

/// Puts `extra` over `table`. What clashes stays as it is in `table`.
pub(super) fn merge(table: &mut Table, extra: &Table) -> Vec<Clash> {
    let mut clashes = Vec::new();
    merge_tables(table, extra, &Path::root(), &mut clashes);
    clashes
}

fn merge_tables(table: &mut Table, extra: &Table, path: &Path, clashes: &mut Vec<Clash>) {
    for (key, value) in extra {
        let path = path.attribute(key);
        match (table.get_mut(key), value) {
            (None, value) => {
                table.insert(key.clone(), value.clone());
            }
            (Some(Value::Table(table)), Value::Table(extra)) => merge_tables(table, extra, &path, clashes),
            (Some(Value::Array(table)), Value::Array(extra))
                if path.steps().len() == 1 && key == "runners" =>
            {
                merge_runners(table, extra, &path, clashes);
            }
            (Some(_), _) => clashes.push(Clash::SetTwice(path)),
        }
    }
}

fn merge_runners(runners: &mut [Value], extra: &[Value], path: &Path, clashes: &mut Vec<Clash>) {
    for (position, (runner, extra)) in runners.iter_mut().zip(extra).enumerate() {
        match (runner, extra) {
            (Value::Table(runner), Value::Table(extra)) => {
                merge_tables(runner, extra, &path.index(position), clashes);
            }
            _ => clashes.push(Clash::SetTwice(path.index(position))),
        }
    }
    if extra.len() > runners.len() {
        clashes.push(Clash::Surplus(path.index(runners.len()), runners.len()));
    }
}

/// True when `path` leads further into `extra` than into the arguments.
pub(super) fn is_from(extra: &Table, arguments: &Table, path: &Path) -> bool {
    depth(extra, path) > depth(arguments, path)
}

/// How many steps of `path` there are in `table`.
fn depth(table: &Table, path: &Path) -> usize {
    let mut steps = path.steps().iter();
    let (Some(Step::Attribute(first)), mut depth) = (steps.next(), 0) else { return 0 };
    let mut value = table.get(first);
    while let Some(found) = value {
        depth += 1;
        value = match steps.next() {
            Some(Step::Attribute(key) | Step::Key(key)) => found.get(key.as_str()),
            Some(Step::Index(index)) => found.get(*index),
            None => None,
        };
    }
    depth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn sections_are_merged_and_runners_by_position() {
        let mut merged =
            table("[[runners]]\nname = \"a\"\n[runners.docker]\nimage = \"i\"\n[[runners]]\nname = \"b\"\n");
        let extra =
            table("user = \"u\"\n[[runners]]\n[runners.docker]\nipcmode = \"host\"\n[[runners]]\nid = 7\n");
        assert_eq!(merge(&mut merged, &extra), []);
        let expected = "user = \"u\"\n[[runners]]\nname = \"a\"\n[runners.docker]\nimage = \"i\"\nipcmode = \"host\"\n\
                        [[runners]]\nname = \"b\"\nid = 7\n";
        assert_eq!(merged, table(expected));
    }

    #[test]
    fn every_clash_is_found_and_changes_nothing() {
        let before = table("concurrent = 1\n[[runners]]\nname = \"a\"\n");
        let mut merged = before.clone();
        let extra = table("concurrent = 2\n[[runners]]\nname = \"b\"\n[[runners]]\nid = 1\n");
        let clashes: Vec<String> = merge(&mut merged, &extra).iter().map(ToString::to_string).collect();
        let places: Vec<&str> = clashes.iter().filter_map(|clash| clash.split(':').next()).collect();
        assert_eq!(places, ["concurrent", "runners[0].name", "runners[1]"]);
        assert_eq!(merged, before);
    }

    #[test]
    fn secret_in_a_comment_is_refused_and_not_repeated() {
        let error = read("# glrt-t1_aBcDeF0123456789\nconcurrent = 1\n").unwrap_err();
        assert!(matches!(error, Unusable::Secret(_)) && !error.to_string().contains("aBcDeF"), "{error}");
    }

    #[test]
    fn syntax_error_names_line_and_column() {
        let error = read("concurrent = 1\n[runners\n").unwrap_err().to_string();
        assert!(error.starts_with("is no TOML: line 2, column "), "{error}");
    }
}

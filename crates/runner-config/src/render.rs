//! Writing TOML: values first, then sub-tables, in the order of declaration, indented by two per level as in
//! GitLab's own examples.
//!
//! The layout is made here rather than by a serialiser because order, comments and the form of numbers are
//! part of what is promised: the same configuration always gives the same bytes. The text of a single value is
//! the `toml` crate's.

use toml::{Table, Value};

/// Lists longer than this are written with one element a line; in bytes.
const LIST_WIDTH: usize = 90;

/// What a key holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    /// `key = value`
    Value(Value),
    /// `[section]`
    Table(Vec<(String, Node)>),
    /// `[[section]]`
    Tables(Vec<Vec<(String, Node)>>),
}

impl Node {
    /// A list of values or of tables; `None` for an empty one.
    pub(crate) fn list(nodes: Vec<Node>) -> Option<Self> {
        let mut values = Vec::new();
        let mut tables = Vec::new();
        for node in nodes {
            match node {
                Self::Value(value) => values.push(value),
                Self::Table(entries) => tables.push(entries),
                Self::Tables(nested) => tables.extend(nested),
            }
        }
        if !tables.is_empty() {
            Some(Self::Tables(tables))
        } else if !values.is_empty() {
            Some(Self::Value(Value::Array(values)))
        } else {
            None
        }
    }
}

/// The entries as plain TOML values.
pub(crate) fn table_of(entries: &[(String, Node)]) -> Table {
    let value_of = |node: &Node| match node {
        Node::Value(value) => value.clone(),
        Node::Table(entries) => Value::Table(table_of(entries)),
        Node::Tables(list) => {
            Value::Array(list.iter().map(|entries| Value::Table(table_of(entries))).collect())
        }
    };
    entries.iter().map(|(key, node)| (key.clone(), value_of(node))).collect()
}

/// The document: `header` as comment lines, then the entries.
pub(crate) fn document(header: &[&str], entries: &[(String, Node)]) -> String {
    let mut out = String::new();
    for line in header {
        out.push_str("# ");
        out.push_str(line);
        out.push('\n');
    }
    out.push('\n');
    write_entries(&mut out, "", entries, 0);
    out
}

fn write_entries(out: &mut String, section: &str, entries: &[(String, Node)], depth: usize) {
    let indent = "  ".repeat(depth);
    for (key, node) in entries {
        if let Node::Value(value) = node {
            out.push_str(&format!("{indent}{} = {}\n", key_text(key), value_text(value, &indent)));
        }
    }
    for (key, node) in entries {
        let key = key_text(key);
        let name = if section.is_empty() { key } else { format!("{section}.{key}") };
        match node {
            Node::Value(_) => {}
            Node::Table(entries) => {
                out.push_str(&format!("\n{indent}[{name}]\n"));
                write_entries(out, &name, entries, depth + 1);
            }
            Node::Tables(list) => {
                for entries in list {
                    out.push_str(&format!("\n{indent}[[{name}]]\n"));
                    write_entries(out, &name, entries, depth + 1);
                }
            }
        }
    }
}

fn value_text(value: &Value, indent: &str) -> String {
    let text = value.to_string();
    match value {
        Value::Array(values) if text.len() > LIST_WIDTH => {
            let lines: Vec<String> = values.iter().map(|value| format!("{indent}  {value},\n")).collect();
            format!("[\n{}{indent}]", lines.concat())
        }
        _ => text,
    }
}

fn key_text(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { key.to_owned() } else { quoted_key(key) }
}

/// A key may not have the multi-line forms that the `toml` crate chooses for some strings.
fn quoted_key(key: &str) -> String {
    let escaped = key.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_before_tables_and_keys_are_quoted_where_needed() {
        let entries = vec![
            (
                "t".to_owned(),
                Node::Table(vec![("net.core.somaxconn".to_owned(), Node::Value(Value::from("1")))]),
            ),
            ("v".to_owned(), Node::Value(Value::from(1.0))),
        ];
        assert_eq!(document(&["x"], &entries), "# x\n\nv = 1.0\n\n[t]\n  \"net.core.somaxconn\" = \"1\"\n");
    }

    #[test]
    fn long_list_has_one_element_a_line() {
        let element = "x".repeat(60);
        let list = Node::Value(Value::Array(vec![Value::from(element.as_str()); 2]));
        let text = document(&[], &[("l".to_owned(), list)]);
        assert_eq!(text.lines().filter(|line| line.starts_with("  \"x")).count(), 2, "{text}");
        assert!(text.parse::<Table>().is_ok(), "{text}");
    }

    #[test]
    fn any_string_survives() {
        for string in ["a\nb", "a'''b\"\"\"\n", "\u{1b}[0m\r\n", "\\ \t \u{7f} é", "ends with \\", "\n"] {
            let text = document(&[], &[(string.to_owned(), Node::Value(Value::from(string)))]);
            let table: Table = text.parse().unwrap();
            assert_eq!(table.get(string).and_then(Value::as_str), Some(string), "{text}");
        }
    }
}

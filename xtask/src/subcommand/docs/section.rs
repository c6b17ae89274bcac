//! The section `Schema` of a page: attributes and blocks by required, optional and read-only, nested ones below.

use serde_json::Value;

use crate::schema::{Attribute, Block, Schema, type_name};

/// The whole section, beginning with a blank line.
pub(super) fn schema(schema: &Schema) -> String {
    let mut text = String::from("\n## Schema\n");
    for rule in &schema.rules {
        text.push_str(&format!("\nSet {rule}.\n"));
    }
    let mut nested = Vec::new();
    push_groups(&mut text, &schema.attributes, &schema.blocks, &[], "\n### {group}\n", &mut nested);
    // Depth first, so that a reader finds the children right below.
    nested.reverse();
    while let Some(next) = nested.pop() {
        text.push_str(&format!(
            "\n<a id=\"{}\"></a>\n### Nested Schema for `{}`\n",
            next.anchor(),
            next.path.join(".")
        ));
        let mut inner = Vec::new();
        push_groups(&mut text, next.attributes, next.blocks, &next.path, "\n{group}:\n", &mut inner);
        nested.extend(inner.into_iter().rev());
    }
    text
}

/// The attributes of a resource's identity, below the example that uses them.
pub(super) fn identity(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    push_groups(&mut text, attributes, &[], &[], "\n### Identity: {group}\n", &mut Vec::new());
    text
}

/// Attributes within an attribute or block that get a section of their own.
struct Inner<'a> {
    path: Vec<&'a str>,
    block: bool,
    attributes: &'a [Attribute],
    blocks: &'a [Block],
}

impl Inner<'_> {
    /// The id that other providers' pages use too, so that links can be guessed.
    fn anchor(&self) -> String {
        format!("nested{}--{}", if self.block { "block" } else { "att" }, self.path.join("--"))
    }
}

fn push_groups<'a>(
    text: &mut String,
    attributes: &'a [Attribute],
    blocks: &'a [Block],
    path: &[&'a str],
    heading: &str,
    nested: &mut Vec<Inner<'a>>,
) {
    for group in [Group::Required, Group::Optional, Group::ReadOnly] {
        let mut lines = String::new();
        for attribute in attributes.iter().filter(|attribute| Group::of(attribute) == group) {
            lines.push_str(&attribute_line(attribute, path, nested));
        }
        for block in blocks.iter().filter(|block| Group::of_block(block) == group) {
            lines.push_str(&block_line(block, path, nested));
        }
        if !lines.is_empty() {
            text.push_str(&heading.replace("{group}", group.title()));
            text.push('\n');
            text.push_str(&lines);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Required,
    Optional,
    ReadOnly,
}

impl Group {
    fn of(attribute: &Attribute) -> Self {
        if attribute.required {
            Self::Required
        } else if attribute.optional || !attribute.computed {
            Self::Optional
        } else {
            Self::ReadOnly
        }
    }

    fn of_block(block: &Block) -> Self {
        match block.computed {
            true => Self::ReadOnly,
            false if block.min_items > 0 => Self::Required,
            false => Self::Optional,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Required => "Required",
            Self::Optional => "Optional",
            Self::ReadOnly => "Read-Only",
        }
    }
}

fn attribute_line<'a>(attribute: &'a Attribute, path: &[&'a str], nested: &mut Vec<Inner<'a>>) -> String {
    let mut properties = vec![match (&attribute.nested, &attribute.value_type) {
        (Some(inner), _) => nesting_name(&inner.nesting, "Attributes"),
        (None, Some(value_type)) => type_name(value_type),
        (None, None) => "Dynamic".to_owned(),
    }];
    if attribute.sensitive {
        properties.push("Sensitive".to_owned());
    }
    if attribute.write_only {
        properties.push("Write-only".to_owned());
    }
    if is_deprecated(&attribute.deprecated) {
        properties.push("Deprecated".to_owned());
    }
    let mut sentences = vec![list_text(&attribute.description, 2)];
    sentences.extend(attribute.demands.iter().map(|demand| sentence(demand)));
    if let Some(default) = attribute.default.as_ref().filter(|default| !default.is_null()) {
        sentences.push(format!("Default: `{}`.", plain(default)));
    }
    if attribute.replace && (attribute.required || attribute.optional) {
        sentences.push("A change replaces the object.".to_owned());
    }
    if let Value::String(reason) = &attribute.deprecated
        && !reason.is_empty()
    {
        sentences.push(format!("**Deprecated:** {}", sentence(reason)));
    }
    if let Some(inner) = &attribute.nested {
        let inner = Inner {
            path: [path, &[attribute.name.as_str()]].concat(),
            block: false,
            attributes: &inner.attributes,
            blocks: &[],
        };
        sentences.push(format!("(see [below for nested schema](#{}))", inner.anchor()));
        nested.push(inner);
    }
    line(&attribute.name, &properties, &sentences)
}

fn block_line<'a>(block: &'a Block, path: &[&'a str], nested: &mut Vec<Inner<'a>>) -> String {
    let mut properties = vec![nesting_name(&block.nesting, "Block")];
    if block.min_items > 0 {
        properties.push(format!("Min: {}", block.min_items));
    }
    if block.max_items > 0 {
        properties.push(format!("Max: {}", block.max_items));
    }
    let inner = Inner {
        path: [path, &[block.name.as_str()]].concat(),
        block: true,
        attributes: &block.attributes,
        blocks: &block.blocks,
    };
    let sentences =
        [list_text(&block.description, 2), format!("(see [below for nested schema](#{}))", inner.anchor())];
    nested.push(inner);
    line(&block.name, &properties, &sentences)
}

fn line(name: &str, properties: &[String], sentences: &[String]) -> String {
    let mut line = format!("- `{name}` ({})", properties.join(", "));
    for sentence in sentences.iter().filter(|sentence| !sentence.is_empty()) {
        line.push(' ');
        line.push_str(sentence);
    }
    line.push('\n');
    line
}

/// `single` of `Attributes` is `Attributes`, `list` is `Attributes List`.
fn nesting_name(nesting: &str, what: &str) -> String {
    match nesting {
        "list" => format!("{what} List"),
        "set" => format!("{what} Set"),
        "map" => format!("{what} Map"),
        _ => what.to_owned(),
    }
}

/// A description within a list item: lines of a paragraph are joined, further paragraphs are indented.
pub(super) fn list_text(description: &str, indent: usize) -> String {
    let paragraphs: Vec<String> = description
        .trim()
        .split("\n\n")
        .map(|paragraph| {
            // A list or code within the description keeps its lines.
            if paragraph.lines().any(keeps_its_line) {
                paragraph.lines().collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(indent)))
            } else {
                paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
            }
        })
        .collect();
    paragraphs.join(&format!("\n\n{}", " ".repeat(indent)))
}

/// A line that Markdown does not join with the one before: of a list, a table, or code.
fn keeps_its_line(line: &str) -> bool {
    let line = line.trim_start();
    let number = line.trim_start_matches(|character: char| character.is_ascii_digit());
    ["- ", "* ", "|", "```"].iter().any(|mark| line.starts_with(mark))
        || (number.len() < line.len() && number.starts_with(". "))
}

/// The text with a capital first letter and a full stop.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let Some(first) = characters.next() else { return String::new() };
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{}{}{stop}", first.to_uppercase(), characters.as_str())
}

/// A default as it is written in HCL.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn is_deprecated(deprecated: &Value) -> bool {
    match deprecated {
        Value::Bool(deprecated) => *deprecated,
        Value::String(reason) => !reason.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_paragraphs_stay_within_the_list_item() {
        assert_eq!(list_text("One\ntwo.\n\nThree.", 2), "One two.\n\n  Three.");
        assert_eq!(list_text("One:\n- a\n- b", 2), "One:\n  - a\n  - b");
        assert_eq!(list_text("One:\n1. a\n2. b", 2), "One:\n  1. a\n  2. b");
        assert_eq!(list_text("One of\n`a`,\n127.0.0.1.", 2), "One of `a`, 127.0.0.1.");
    }

    #[test]
    fn demand_becomes_a_sentence() {
        assert_eq!(sentence("must be an ARN"), "Must be an ARN.");
        assert_eq!(sentence(""), "");
    }
}

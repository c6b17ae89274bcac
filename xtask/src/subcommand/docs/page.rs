//! One Registry page: front matter, description, example, schema, import.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::PROVIDER_NAME;
use super::section;
use crate::schema::{Function, Offer, Parameter, Schema, type_name};

/// What the reader of a page's source is told.
const NOTE: &str = "<!-- Written by `cargo xtask docs` from the provider's doc comments and examples/terraform: edit those. -->";

/// What a page with a schema is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Resource,
    DataSource,
    EphemeralResource,
    ListResource,
    Action,
}

impl Kind {
    /// Every kind, with what the provider offers of it.
    pub(crate) fn all(offer: &Offer) -> [(Self, &BTreeMap<String, Schema>); 5] {
        [
            (Self::Resource, &offer.resources),
            (Self::DataSource, &offer.data_sources),
            (Self::EphemeralResource, &offer.ephemeral_resources),
            (Self::ListResource, &offer.list_resources),
            (Self::Action, &offer.actions),
        ]
    }

    /// Folder below `docs/` and below `examples/terraform/`.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
            Self::EphemeralResource => "ephemeral-resources",
            Self::ListResource => "list-resources",
            Self::Action => "actions",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
            Self::EphemeralResource => "Ephemeral Resource",
            Self::ListResource => "List Resource",
            Self::Action => "Action",
        }
    }

    /// Name of the example below the folder of its type.
    pub(crate) fn example_file(self) -> &'static str {
        match self {
            Self::Resource => "resource.tf",
            Self::DataSource => "data-source.tf",
            Self::EphemeralResource => "ephemeral-resource.tf",
            Self::ListResource => "list-resource.tfquery.hcl",
            Self::Action => "action.tf",
        }
    }
}

/// The examples, by the Registry's folder names.
#[derive(Debug)]
pub(super) struct Examples {
    directory: PathBuf,
}

impl Examples {
    /// The examples in `directory`.
    pub(super) fn below(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// A file's text without surrounding blank lines; `None` when it is not there.
    fn text(&self, path: &str) -> Result<Option<String>> {
        let file = self.directory.join(path);
        match fs::read_to_string(&file) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }
}

/// `docs/index.md`.
pub(super) fn provider(schema: &Schema, examples: &Examples) -> Result<String> {
    let mut text = front_matter(&format!("{PROVIDER_NAME} Provider"), None, &schema.description);
    text.push_str(&format!("# {PROVIDER_NAME} Provider\n\n{}\n", schema.description.trim()));
    push_example(&mut text, examples.text("provider/provider.tf")?);
    text.push_str(&section::schema(schema));
    Ok(text)
}

/// Page of anything that has a type.
pub(super) fn typed(kind: Kind, name: &str, schema: &Schema, examples: &Examples) -> Result<String> {
    let folder = format!("{}/{name}", kind.folder());
    let mut text =
        front_matter(&format!("{name} {} - {PROVIDER_NAME}", kind.title()), Some(""), &schema.description);
    text.push_str(&format!("# {name} ({})\n\n{}\n", kind.title(), schema.description.trim()));
    push_example(&mut text, examples.text(&format!("{folder}/{}", kind.example_file()))?);
    text.push_str(&section::schema(schema));
    if kind == Kind::Resource {
        text.push_str(&import(&folder, schema, examples)?);
    }
    Ok(text)
}

/// The section `Import` of a resource's page: each way that there is an example of, the newest first.
fn import(folder: &str, schema: &Schema, examples: &Examples) -> Result<String> {
    let mut text = String::new();
    if let Some(block) = examples.text(&format!("{folder}/import-by-identity.tf"))? {
        text.push_str(&format!(
            "\nIn the configuration, by identity (Terraform 1.12 and later):\n\n```terraform\n{block}\n```\n{}",
            section::identity(&schema.identity)
        ));
    }
    if let Some(block) = examples.text(&format!("{folder}/import-by-string-id.tf"))? {
        text.push_str(&format!("\nIn the configuration, by id:\n\n```terraform\n{block}\n```\n"));
    }
    if let Some(command) = examples.text(&format!("{folder}/import.sh"))? {
        text.push_str(&format!("\nOn the command line:\n\n```shell\n{command}\n```\n"));
    }
    Ok(if text.is_empty() { text } else { format!("\n## Import\n{text}") })
}

/// Page of a provider-defined function.
pub(super) fn function(name: &str, function: &Function, examples: &Examples) -> Result<String> {
    let mut text = front_matter(&format!("{name} function - {PROVIDER_NAME}"), Some(""), &function.summary);
    text.push_str(&format!("# function: {name}\n\n{}\n", function.summary.trim()));
    if !function.description.trim().is_empty() && function.description.trim() != function.summary.trim() {
        text.push_str(&format!("\n{}\n", function.description.trim()));
    }
    push_example(&mut text, examples.text(&format!("functions/{name}/function.tf"))?);
    let one = |parameter: &Parameter| format!("{} {}", parameter.name, constraint(&parameter.value_type));
    let mut parameters: Vec<String> = function.parameters.iter().map(one).collect();
    parameters.extend(function.variadic.as_ref().map(|parameter| format!("{}...", one(parameter))));
    text.push_str(&format!(
        "\n## Signature\n\n```text\n{name}({}) {}\n```\n",
        parameters.join(", "),
        constraint(&function.return_type)
    ));
    text.push_str("\n## Arguments\n\n");
    let last = function.variadic.iter().map(|parameter| (parameter, ", any number of times"));
    let all = function.parameters.iter().map(|parameter| (parameter, "")).chain(last);
    for (number, (parameter, times)) in (1..).zip(all) {
        let line = format!(
            "{number}. `{}` ({}{times}) {}",
            parameter.name,
            type_name(&parameter.value_type),
            section::list_text(&parameter.description, 3)
        );
        text.push_str(line.trim_end());
        text.push('\n');
    }
    Ok(text)
}

fn push_example(text: &mut String, example: Option<String>) {
    if let Some(example) = example {
        text.push_str(&format!("\n## Example Usage\n\n```terraform\n{example}\n```\n"));
    }
}

/// The Registry reads title, group and summary of a page from here.
fn front_matter(title: &str, subcategory: Option<&str>, description: &str) -> String {
    let mut text = format!("---\npage_title: {}\n", Value::from(title));
    if let Some(subcategory) = subcategory {
        text.push_str(&format!("subcategory: {}\n", Value::from(subcategory)));
    }
    text.push_str("description: |-\n");
    text.push_str(&format!("  {}\n---\n\n{NOTE}\n\n", summary(description)));
    text
}

/// The first paragraph on one line.
fn summary(description: &str) -> String {
    let paragraph = description.trim().split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A type as it is written in a variable's type constraint.
fn constraint(value_type: &Value) -> String {
    match value_type {
        Value::String(name) if name == "dynamic" => "any".to_owned(),
        Value::String(name) => name.clone(),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(kind), Value::Object(attributes), ..] if kind == "object" => {
                let attributes: Vec<String> = attributes
                    .iter()
                    .map(|(name, inner)| format!("{name} = {}", constraint(inner)))
                    .collect();
                format!("object({{ {} }})", attributes.join(", "))
            }
            [Value::String(kind), Value::Array(elements)] if kind == "tuple" => {
                format!("tuple([{}])", elements.iter().map(constraint).collect::<Vec<_>>().join(", "))
            }
            [Value::String(kind), element] => format!("{kind}({})", constraint(element)),
            _ => value_type.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn constraints_are_terraforms_own() {
        assert_eq!(constraint(&json!(["map", "string"])), "map(string)");
        assert_eq!(
            constraint(&json!(["object", {"host": "string", "tag": "string"}])),
            "object({ host = string, tag = string })"
        );
        assert_eq!(constraint(&json!("dynamic")), "any");
    }

    #[test]
    fn summary_is_the_first_paragraph_on_one_line() {
        assert_eq!(summary("One\ntwo.\n\nThree."), "One two.");
    }
}

//! What `terraform-provider-ecrunner --schema` prints: everything the provider offers, with descriptions.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::cargo::capture;
use crate::environment::isolate;

/// Everything the provider offers.
#[derive(Debug, Deserialize)]
pub(crate) struct Offer {
    /// The provider block.
    pub(crate) provider: Schema,
    /// Resources by type name.
    #[serde(default)]
    pub(crate) resources: BTreeMap<String, Schema>,
    /// Data sources by type name.
    #[serde(default)]
    pub(crate) data_sources: BTreeMap<String, Schema>,
    /// Ephemeral resources by type name.
    #[serde(default)]
    pub(crate) ephemeral_resources: BTreeMap<String, Schema>,
    /// List resources by type name.
    #[serde(default)]
    pub(crate) list_resources: BTreeMap<String, Schema>,
    /// Actions by type name.
    #[serde(default)]
    pub(crate) actions: BTreeMap<String, Schema>,
    /// Functions by name.
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, Function>,
}

/// One configuration block's schema.
#[derive(Debug, Deserialize)]
pub(crate) struct Schema {
    /// Markdown; the first paragraph is the summary.
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
    #[serde(default)]
    pub(crate) blocks: Vec<Block>,
    /// What is demanded of several arguments together, such as "at most one of `a`, `b`".
    #[serde(default)]
    pub(crate) rules: Vec<String>,
    /// What tells a resource's object from all others; only of a resource, and only if it has an identity.
    #[serde(default)]
    pub(crate) identity: Vec<Attribute>,
}

/// One attribute; it has either a type or nested attributes.
#[derive(Debug, Deserialize)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Terraform's JSON form of a type, such as `"string"` or `["list","string"]`.
    #[serde(default, rename = "type")]
    pub(crate) value_type: Option<Value>,
    #[serde(default)]
    pub(crate) nested: Option<Nested>,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) required: bool,
    #[serde(default)]
    pub(crate) optional: bool,
    #[serde(default)]
    pub(crate) computed: bool,
    #[serde(default)]
    pub(crate) sensitive: bool,
    #[serde(default)]
    pub(crate) write_only: bool,
    /// False, true, or the text that says what to use instead.
    #[serde(default)]
    pub(crate) deprecated: Value,
    /// The value that an absent attribute gets.
    #[serde(default)]
    pub(crate) default: Option<Value>,
    /// A change makes a new object.
    #[serde(default)]
    pub(crate) replace: bool,
    /// What a value must satisfy, a sentence each.
    #[serde(default)]
    pub(crate) demands: Vec<String>,
}

/// Attributes within an attribute.
#[derive(Debug, Deserialize)]
pub(crate) struct Nested {
    /// `single`, `list`, `set` or `map`.
    pub(crate) nesting: String,
    pub(crate) attributes: Vec<Attribute>,
}

/// A nested block.
#[derive(Debug, Deserialize)]
pub(crate) struct Block {
    pub(crate) name: String,
    /// `single`, `list`, `set` or `map`.
    pub(crate) nesting: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) attributes: Vec<Attribute>,
    #[serde(default)]
    pub(crate) blocks: Vec<Block>,
    #[serde(default)]
    pub(crate) min_items: u64,
    /// Zero is no limit.
    #[serde(default)]
    pub(crate) max_items: u64,
    /// Only the provider sets it.
    #[serde(default)]
    pub(crate) computed: bool,
}

/// A provider-defined function.
#[derive(Debug, Deserialize)]
pub(crate) struct Function {
    #[serde(default)]
    pub(crate) summary: String,
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) parameters: Vec<Parameter>,
    /// What may be given any number of times, last.
    #[serde(default)]
    pub(crate) variadic: Option<Parameter>,
    #[serde(rename = "return")]
    pub(crate) return_type: Value,
}

/// A function's parameter.
#[derive(Debug, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) value_type: Value,
    #[serde(default)]
    pub(crate) description: String,
}

impl Offer {
    /// Asks the provider's program.
    pub(crate) fn of(provider: &Path) -> Result<Self> {
        let mut command = Command::new(provider);
        isolate(&mut command).arg("--schema").stdin(Stdio::null());
        Self::parse(&capture(&mut command)?)
    }

    /// Reads what the program prints.
    pub(crate) fn parse(json: &str) -> Result<Self> {
        serde_json::from_str(json).context("reading the provider's schemas")
    }
}

/// A type in the words of Terraform's documentation, such as `List of String`.
pub(crate) fn type_name(value_type: &Value) -> String {
    match value_type {
        Value::String(name) => match name.as_str() {
            "string" => "String".to_owned(),
            "number" => "Number".to_owned(),
            "bool" => "Boolean".to_owned(),
            "dynamic" => "Dynamic".to_owned(),
            other => other.to_owned(),
        },
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(kind), element] if kind == "list" => format!("List of {}", type_name(element)),
            [Value::String(kind), element] if kind == "set" => format!("Set of {}", type_name(element)),
            [Value::String(kind), element] if kind == "map" => format!("Map of {}", type_name(element)),
            [Value::String(kind), ..] if kind == "object" => "Object".to_owned(),
            [Value::String(kind), ..] if kind == "tuple" => "Tuple".to_owned(),
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
    fn types_read_as_in_terraforms_documentation() {
        assert_eq!(type_name(&json!("bool")), "Boolean");
        assert_eq!(type_name(&json!(["map", ["list", "string"]])), "Map of List of String");
        assert_eq!(type_name(&json!(["object", {"a": "string"}])), "Object");
    }

    #[test]
    fn offer_without_functions_is_read() {
        let offer = Offer::parse(r#"{"provider":{"description":"x"},"resources":{}}"#).unwrap();
        assert_eq!(offer.provider.description, "x");
        assert!(offer.functions.is_empty());
    }
}

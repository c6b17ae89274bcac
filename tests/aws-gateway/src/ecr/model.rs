//! Checks a request against ECR's service model: required members, types, lengths, patterns, enums.
//!
//! The table is botocore's model reduced to the shapes of requests (`model.json`, kept in step by
//! `tests/ecr_model.rs`). Members the model does not know are ignored, as by AWS, so that newer clients work.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use base64::Engine as _;
use regex_lite::Regex;
use serde::Deserialize;
use serde_json::Value;

use crate::reply::ServiceError;

#[derive(Debug, Deserialize)]
struct Model {
    /// Operation to the name of its input shape.
    operations: BTreeMap<String, String>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, String>,
    member: Option<String>,
    key: Option<String>,
    value: Option<String>,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(rename = "enum", default)]
    values: Vec<String>,
    #[serde(skip)]
    compiled: OnceLock<Option<Regex>>,
}

/// Checks the input of `action`.
///
/// # Errors
/// `UnknownOperationException`; `SerializationException` for a wrong type; `InvalidParameterException` for the rest.
pub(crate) fn check(action: &str, input: &Value) -> Result<(), ServiceError> {
    let model = model()?;
    let shape = model.operations.get(action).ok_or_else(|| {
        ServiceError::new("UnknownOperationException", format!("ECR has no operation {action}"))
    })?;
    model.check(shape, input, "")
}

fn model() -> Result<&'static Model, ServiceError> {
    static MODEL: OnceLock<Result<Model, String>> = OnceLock::new();
    MODEL
        .get_or_init(|| serde_json::from_str(include_str!("model.json")).map_err(|error| error.to_string()))
        .as_ref()
        .map_err(|error| ServiceError::server(format!("model.json: {error}")))
}

impl Model {
    fn check(&self, name: &str, value: &Value, path: &str) -> Result<(), ServiceError> {
        let shape = self
            .shapes
            .get(name)
            .ok_or_else(|| ServiceError::server(format!("model.json has no shape {name}")))?;
        match (shape.kind.as_str(), value) {
            ("structure", Value::Object(members)) => {
                for required in &shape.required {
                    if members.get(required).is_none_or(Value::is_null) {
                        return Err(violation(&join(path, required), "must not be null"));
                    }
                }
                for (member, target) in &shape.members {
                    if let Some(value) = members.get(member).filter(|value| !value.is_null()) {
                        self.check(target, value, &join(path, member))?;
                    }
                }
                Ok(())
            }
            ("list", Value::Array(elements)) => {
                shape.check_size(elements.len(), "size", path)?;
                let target = shape.member.as_deref().unwrap_or_default();
                (1..).zip(elements).try_for_each(|(index, element)| {
                    self.check(target, element, &format!("{path}.{index}.member"))
                })
            }
            ("map", Value::Object(entries)) => {
                shape.check_size(entries.len(), "size", path)?;
                entries.iter().try_for_each(|(key, value)| {
                    self.check(shape.key.as_deref().unwrap_or_default(), &Value::from(key.as_str()), path)?;
                    self.check(shape.value.as_deref().unwrap_or_default(), value, &join(path, key))
                })
            }
            ("string", Value::String(text)) => shape.check_text(text, path),
            ("blob", Value::String(text)) => {
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(text)
                    .map_err(|_| wrong_type(path, "base64 text"))?;
                shape.check_size(bytes.len(), "length", path)
            }
            ("boolean", Value::Bool(_)) | ("timestamp" | "double" | "float", Value::Number(_)) => Ok(()),
            ("integer" | "long", Value::Number(number)) => {
                let number = number.as_i64().ok_or_else(|| wrong_type(path, "an integer"))?;
                if let Some(max) = shape.max.filter(|max| number > *max) {
                    return Err(violation(path, &format!("must be less than or equal to {max}")));
                }
                if let Some(min) = shape.min.filter(|min| number < *min) {
                    return Err(violation(path, &format!("must be greater than or equal to {min}")));
                }
                Ok(())
            }
            (kind, _) => Err(wrong_type(path, kind)),
        }
    }
}

impl Shape {
    fn check_text(&self, text: &str, path: &str) -> Result<(), ServiceError> {
        if !self.values.is_empty() && !self.values.iter().any(|value| value == text) {
            return Err(violation(
                path,
                &format!("must satisfy enum value set: [{}]", self.values.join(", ")),
            ));
        }
        self.check_size(text.chars().count(), "length", path)?;
        let Some(pattern) = &self.pattern else { return Ok(()) };
        let compiled = self.compiled.get_or_init(|| Regex::new(&format!("^(?:{pattern})$")).ok());
        match compiled {
            Some(regex) if regex.is_match(text) => Ok(()),
            Some(_) => Err(violation(path, &format!("must satisfy regular expression '{pattern}'"))),
            None => {
                Err(ServiceError::server(format!("model.json has a pattern of unknown syntax: {pattern}")))
            }
        }
    }

    fn check_size(&self, size: usize, what: &str, path: &str) -> Result<(), ServiceError> {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        if let Some(max) = self.max.filter(|max| size > *max) {
            return Err(violation(path, &format!("must have {what} less than or equal to {max}")));
        }
        if let Some(min) = self.min.filter(|min| size < *min) {
            return Err(violation(path, &format!("must have {what} greater than or equal to {min}")));
        }
        Ok(())
    }
}

/// ECR's form of a failed constraint.
pub(crate) fn violation(path: &str, constraint: &str) -> ServiceError {
    ServiceError::new(
        "InvalidParameterException",
        format!("Invalid parameter at '{path}' failed to satisfy constraint: '{constraint}'"),
    )
}

fn wrong_type(path: &str, expected: &str) -> ServiceError {
    ServiceError::new("SerializationException", format!("'{path}' is not {expected}"))
}

fn join(path: &str, member: &str) -> String {
    if path.is_empty() { member.to_owned() } else { format!("{path}.{member}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_pattern_of_the_table_compiles() {
        for (name, shape) in &model().unwrap().shapes {
            if let Some(pattern) = &shape.pattern {
                assert!(Regex::new(&format!("^(?:{pattern})$")).is_ok(), "{name}: {pattern}");
            }
        }
    }

    #[test]
    fn pattern_holds_for_the_whole_text() {
        let name = |name: &str| check("DescribeImages", &json!({"repositoryName": name}));
        assert_eq!(name("library/alpine"), Ok(()));
        assert_eq!(name("Library").unwrap_err().code, "InvalidParameterException");
        assert_eq!(name("a..b").unwrap_err().code, "InvalidParameterException");
    }

    #[test]
    fn wrong_type_is_a_serialization_error() {
        let error = check("DescribeImages", &json!({"repositoryName": 1})).unwrap_err();
        assert_eq!(error.code, "SerializationException");
    }
}

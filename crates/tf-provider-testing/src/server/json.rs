//! Values as a test writes and reads them: JSON, with one text that stands for what is not known yet.

use serde_json::{Map, Value};
use tf_provider::value::json::{self, Extra};
use tf_provider::value::{AttributePath, RawValue, Type};

/// Stands in a JSON value for what is known only after apply; the words are those of Terraform's own plans.
///
/// What else is known of such a value, as that it will not be null, is not shown.
pub const UNKNOWN: &str = "(known after apply)";

/// A value of type `ty`; attributes that are left out are null.
///
/// The error says where and why it is not of the type.
pub(crate) fn read(ty: &Type, value: &Value) -> Result<RawValue, String> {
    read_at(ty, value, &AttributePath::root())
}

fn read_at(ty: &Type, value: &Value, path: &AttributePath) -> Result<RawValue, String> {
    let list = |element: &Type, values: &[Value]| -> Result<Vec<RawValue>, String> {
        let elements = values.iter().enumerate();
        elements.map(|(index, value)| read_at(element, value, &path.with_index(index))).collect()
    };
    Ok(match (ty, value) {
        (_, Value::Null) => RawValue::Null,
        (_, Value::String(text)) if text == UNKNOWN => RawValue::unknown(),
        (Type::List(element), Value::Array(values)) => RawValue::Sequence(list(element, values)?),
        (Type::Set(element), Value::Array(values)) => RawValue::set(list(element, values)?),
        (Type::Tuple(types), Value::Array(values)) if types.len() == values.len() => {
            let elements = types.iter().zip(values).enumerate();
            let elements = elements.map(|(index, (ty, value))| read_at(ty, value, &path.with_index(index)));
            RawValue::Sequence(elements.collect::<Result<_, _>>()?)
        }
        (Type::Map(element), Value::Object(entries)) => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| Ok((key.clone(), read_at(element, value, &path.with_key(key))?)));
            RawValue::Mapping(entries.collect::<Result<_, String>>()?)
        }
        (Type::Object(attributes), Value::Object(entries)) => {
            if let Some(extra) = entries.keys().find(|name| !attributes.contains_key(*name)) {
                let known = attributes.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                return Err(format!("{}: there is only {known}", path.with_attribute(extra)));
            }
            let attributes = attributes.iter().map(|(name, ty)| {
                let value = entries.get(name).unwrap_or(&Value::Null);
                Ok((name.clone(), read_at(ty, value, &path.with_attribute(name))?))
            });
            RawValue::Mapping(attributes.collect::<Result<_, String>>()?)
        }
        (Type::Dynamic, Value::Object(entries)) => {
            let (Some(ty), Some(value), 2) = (entries.get("type"), entries.get("value"), entries.len())
            else {
                return Err(at(path, "a dynamic value is an object of `type` and `value`"));
            };
            let ty = Type::from_json_value(ty).map_err(|error| at(path, &error.to_string()))?;
            let value = read_at(&ty, value, path)?;
            RawValue::Dynamic(Box::new((ty, value)))
        }
        _ => json::decode(ty, value.to_string().as_bytes(), Extra::Refuse)
            .map_err(|error| at(path, &error.to_string()))?,
    })
}

/// The JSON of a value of type `ty`.
pub(crate) fn write(ty: &Type, value: &RawValue) -> Result<Value, String> {
    Ok(match (ty, value) {
        (_, RawValue::Null) => Value::Null,
        (_, RawValue::Unknown(_)) => Value::from(UNKNOWN),
        (_, RawValue::String(text)) if text == UNKNOWN => {
            return Err(format!("a text that reads \"{UNKNOWN}\" cannot be told from an unknown value"));
        }
        (Type::List(element) | Type::Set(element), RawValue::Sequence(elements)) => {
            elements.iter().map(|value| write(element, value)).collect::<Result<_, _>>()?
        }
        (Type::Tuple(types), RawValue::Sequence(elements)) => {
            types.iter().zip(elements).map(|(ty, value)| write(ty, value)).collect::<Result<_, _>>()?
        }
        (Type::Map(element), RawValue::Mapping(entries)) => {
            let entries = entries.iter().map(|(key, value)| Ok((key.clone(), write(element, value)?)));
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
        (Type::Object(attributes), RawValue::Mapping(entries)) => {
            let entries = attributes.iter().map(|(name, ty)| {
                Ok((name.clone(), write(ty, entries.get(name).unwrap_or(&RawValue::Null))?))
            });
            Value::Object(entries.collect::<Result<_, String>>()?)
        }
        (Type::Dynamic, RawValue::Dynamic(inner)) => {
            let value = write(&inner.0, &inner.1)?;
            let wrapper = [("type".to_owned(), inner.0.to_json()), ("value".to_owned(), value)];
            Value::Object(Map::from_iter(wrapper))
        }
        _ => json::encode(ty, value).map_err(|error| error.to_string())?,
    })
}

fn at(path: &AttributePath, problem: &str) -> String {
    if path.is_root() { problem.to_owned() } else { format!("{path}: {problem}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ty() -> Type {
        let rule = Type::object([("port", Type::Number), ("open", Type::Bool)]);
        Type::object([
            ("name", Type::String),
            ("tags", Type::map(Type::String)),
            ("rules", Type::list(rule)),
            ("zones", Type::set(Type::String)),
            ("anything", Type::Dynamic),
        ])
    }

    #[test]
    fn value_comes_back_with_null_for_what_was_left_out_and_sets_in_order() {
        let given = json!({
            "tags": {"a": UNKNOWN, "b": "c"},
            "rules": [{"port": 12345678901234567890_u64}, UNKNOWN],
            "zones": ["b", "a"],
            "anything": {"type": ["list", "string"], "value": ["x", null]},
        });
        let raw = read(&ty(), &given).unwrap();
        assert!(raw.get("tags").and_then(|tags| tags.get("a")).is_some_and(RawValue::is_unknown));
        let expected = json!({
            "name": null,
            "tags": {"a": UNKNOWN, "b": "c"},
            "rules": [{"port": 12345678901234567890_u64, "open": null}, UNKNOWN],
            "zones": ["a", "b"],
            "anything": {"type": ["list", "string"], "value": ["x", null]},
        });
        assert_eq!(write(&ty(), &raw).unwrap(), expected);
    }

    #[test]
    fn what_is_not_of_the_type_is_told_with_its_place() {
        let fault = |value: Value| read(&ty(), &value).unwrap_err();
        assert_eq!(fault(json!({"rules": [{"prot": 1}]})), "rules[0].prot: there is only open, port");
        assert!(fault(json!({"rules": [{"port": true}]})).starts_with("rules[0].port: "));
        assert!(fault(json!({"anything": {"value": 1}})).starts_with("anything: a dynamic value"));
    }

    #[test]
    fn known_text_that_reads_like_an_unknown_value_is_refused() {
        assert!(write(&Type::String, &RawValue::from(UNKNOWN)).is_err());
    }
}

//! Values as JSON: the form of state, and one of the two that requests may use.
//!
//! Numbers keep every digit, since `serde_json` is built with `arbitrary_precision`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::codec::{Place, normalized};
use super::types::json_fault;
use super::{DecodeError, EncodeError, RawValue, Type};

/// What to do with an attribute that the type does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// Drop it: state may have been written under an older schema of the same version.
    Ignore,
    /// Refuse it.
    Refuse,
}

/// Reads one value of type `ty`; no bytes at all are null, and so is an attribute that is missing.
///
/// Inside a dynamic value, which brings its type along, nothing may be missing or extra.
/// Strings come out in Unicode normal form C, as in Terraform. JSON has no unknown values.
///
/// # Errors
///
/// When the text is not JSON, is nested deeper than 128, or its value is not of the type.
pub fn decode(ty: &Type, bytes: &[u8], extra: Extra) -> Result<RawValue, DecodeError> {
    if bytes.is_empty() {
        return Ok(RawValue::Null);
    }
    let json: Json = serde_json::from_slice(bytes)
        .map_err(|error| DecodeError::at_root(format!("not JSON ({})", json_fault(&error))))?;
    let rules = match extra {
        Extra::Ignore => Rules { extra: true, missing: true },
        Extra::Refuse => Rules { extra: false, missing: true },
    };
    read(json, ty, rules, &Place::ROOT)
}

/// Which differences between an object and its type are let pass.
#[derive(Clone, Copy)]
struct Rules {
    extra: bool,
    missing: bool,
}

fn read(json: Json, ty: &Type, rules: Rules, place: &Place<'_>) -> Result<RawValue, DecodeError> {
    if place.too_deep() {
        return Err(place.decode_error("nested too deeply"));
    }
    match (ty, json) {
        (_, Json::Null) => Ok(RawValue::Null),
        (Type::Bool, Json::Bool(value)) => Ok(RawValue::Bool(value)),
        (Type::Number, Json::Number(number)) => read_number(number.as_str(), place),
        (Type::Number, Json::String(text)) => read_number(&text, place),
        (Type::String, Json::String(text)) => Ok(RawValue::String(normalized(&text))),
        (Type::Dynamic, Json::Object(wrapper)) => read_dynamic(wrapper, place),
        (Type::List(element), Json::Array(elements)) => elements
            .into_iter()
            .enumerate()
            .map(|(index, json)| read(json, element, rules, &place.index(index)))
            .collect::<Result<_, _>>()
            .map(RawValue::Sequence),
        (Type::Set(element), Json::Array(elements)) => elements
            .into_iter()
            .map(|json| read(json, element, rules, &place.set_element()))
            .collect::<Result<_, _>>()
            .map(RawValue::set),
        (Type::Tuple(types), Json::Array(elements)) => {
            if types.len() != elements.len() {
                let problem = format!("a tuple of {} elements, expected {}", elements.len(), types.len());
                return Err(place.decode_error(problem));
            }
            let pairs = types.iter().zip(elements).enumerate();
            pairs
                .map(|(index, (ty, json))| read(json, ty, rules, &place.index(index)))
                .collect::<Result<_, _>>()
                .map(RawValue::Sequence)
        }
        (Type::Map(element), Json::Object(entries)) => read_map(entries, element, rules, place),
        (Type::Object(attributes), Json::Object(entries)) => read_object(entries, attributes, rules, place),
        (_, json) => Err(place.decode_error(format!("expected {}, found {}", ty.name(), kind(&json)))),
    }
}

fn read_number(text: &str, place: &Place<'_>) -> Result<RawValue, DecodeError> {
    text.parse()
        .map(RawValue::Number)
        .map_err(|error| place.decode_error(format!("expected a number, found text that is {error}")))
}

fn read_map(
    json: Map<String, Json>,
    element: &Type,
    rules: Rules,
    place: &Place<'_>,
) -> Result<RawValue, DecodeError> {
    let mut entries = BTreeMap::new();
    for (key, json) in json {
        let key = normalized(&key);
        let value = read(json, element, rules, &place.key(&key))?;
        if entries.contains_key(&key) {
            return Err(place.key(&key).decode_error("the same key twice"));
        }
        entries.insert(key, value);
    }
    Ok(RawValue::Mapping(entries))
}

fn read_object(
    mut json: Map<String, Json>,
    attributes: &BTreeMap<String, Type>,
    rules: Rules,
    place: &Place<'_>,
) -> Result<RawValue, DecodeError> {
    let mut entries = BTreeMap::new();
    for (name, ty) in attributes {
        let here = place.attribute(name);
        let value = match json.remove(name) {
            Some(json) => read(json, ty, rules, &here)?,
            None if rules.missing => RawValue::Null,
            None => return Err(here.decode_error("attribute missing")),
        };
        entries.insert(name.clone(), value);
    }
    match json.keys().next() {
        Some(name) if !rules.extra => Err(place.attribute(name).decode_error("unsupported attribute")),
        _ => Ok(RawValue::Mapping(entries)),
    }
}

fn read_dynamic(mut wrapper: Map<String, Json>, place: &Place<'_>) -> Result<RawValue, DecodeError> {
    let (Some(ty), Some(json), true) = (wrapper.remove("type"), wrapper.remove("value"), wrapper.is_empty())
    else {
        return Err(place.decode_error("expected a dynamic value as an object of `type` and `value`"));
    };
    let ty = Type::from_json_value(&ty).map_err(|error| place.decode_error(error.problem))?;
    // Type and value were written together, so nothing is missing. Filling in nulls here would also let a
    // small text, a wide type and a long list of empty objects, ask for a huge amount of memory.
    let value = read(json, &ty, Rules { extra: false, missing: false }, &place.dynamic_value())?;
    Ok(if ty == Type::Dynamic { value } else { RawValue::Dynamic(Box::new((ty, value))) })
}

fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

/// Writes `value` as a value of type `ty`.
///
/// # Errors
///
/// When the value does not conform to the type (an object needs exactly its attributes), contains an unknown
/// value or an infinity, neither of which JSON has, or is nested deeper than 256.
pub fn encode(ty: &Type, value: &RawValue) -> Result<Json, EncodeError> {
    write(ty, value, &Place::ROOT)
}

fn write(ty: &Type, value: &RawValue, place: &Place<'_>) -> Result<Json, EncodeError> {
    if place.too_deep() {
        return Err(place.encode_error("nested too deeply"));
    }
    match (ty, value) {
        (_, RawValue::Null) => Ok(Json::Null),
        (_, RawValue::Unknown(_)) => Err(place.encode_error("an unknown value, which JSON cannot hold")),
        (Type::Bool, RawValue::Bool(value)) => Ok(Json::Bool(*value)),
        (Type::Number, RawValue::Number(number)) => number
            .to_string()
            .parse()
            .map(Json::Number)
            .map_err(|_| place.encode_error("an infinite number, which JSON cannot hold")),
        (Type::String, RawValue::String(text)) => Ok(Json::from(text.as_str())),
        (Type::Dynamic, RawValue::Dynamic(inner)) => {
            let (ty, value) = inner.as_ref();
            let json = write(ty, value, &place.dynamic_value())?;
            if *ty == Type::Dynamic {
                return Ok(json);
            }
            Ok(Json::Object(Map::from_iter([("type".to_owned(), ty.to_json()), ("value".to_owned(), json)])))
        }
        (Type::List(element), RawValue::Sequence(elements)) => elements
            .iter()
            .enumerate()
            .map(|(index, value)| write(element, value, &place.index(index)))
            .collect(),
        (Type::Set(element), RawValue::Sequence(elements)) => {
            elements.iter().map(|value| write(element, value, &place.set_element())).collect()
        }
        (Type::Tuple(types), RawValue::Sequence(elements)) => {
            if types.len() != elements.len() {
                let problem = format!("a tuple of {} elements, expected {}", elements.len(), types.len());
                return Err(place.encode_error(problem));
            }
            let pairs = types.iter().zip(elements).enumerate();
            pairs.map(|(index, (ty, value))| write(ty, value, &place.index(index))).collect()
        }
        (Type::Map(element), RawValue::Mapping(entries)) => entries
            .iter()
            .map(|(key, value)| Ok((key.clone(), write(element, value, &place.key(key))?)))
            .collect::<Result<Map<_, _>, _>>()
            .map(Json::Object),
        (Type::Object(attributes), RawValue::Mapping(entries)) => write_object(attributes, entries, place),
        _ => Err(place.encode_error(format!("expected {}, found {}", ty.name(), value.kind()))),
    }
}

fn write_object(
    attributes: &BTreeMap<String, Type>,
    entries: &BTreeMap<String, RawValue>,
    place: &Place<'_>,
) -> Result<Json, EncodeError> {
    if let Some(extra) = entries.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(place.attribute(extra).encode_error("unsupported attribute"));
    }
    let mut object = Map::new();
    for (name, ty) in attributes {
        let here = place.attribute(name);
        let value = entries.get(name).ok_or_else(|| here.encode_error("attribute missing"))?;
        object.insert(name.clone(), write(ty, value, &here)?);
    }
    Ok(Json::Object(object))
}

//! MessagePack to values.

use std::collections::BTreeMap;

use super::reader::{Reader, Token, number, text};
use super::refinements;
use crate::value::codec::{Place, normalized};
use crate::value::{DecodeError, RawValue, Type};

/// Reads one value of type `ty`; no bytes at all are null.
///
/// Strings come out in Unicode normal form C, as in Terraform. Memory and time are bounded by the input.
///
/// # Errors
///
/// When the bytes are malformed or go on after the value, when the value is not of the type (an object
/// needs exactly its attributes), or when it is nested deeper than 256.
pub fn decode(ty: &Type, bytes: &[u8]) -> Result<RawValue, DecodeError> {
    if bytes.is_empty() {
        return Ok(RawValue::Null);
    }
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader, ty, &Place::ROOT)?;
    if reader.is_at_end() { Ok(value) } else { Err(DecodeError::at_root("bytes after the end of the value")) }
}

fn read(reader: &mut Reader<'_>, ty: &Type, place: &Place<'_>) -> Result<RawValue, DecodeError> {
    if place.too_deep() {
        return Err(place.decode_error("nested too deeply"));
    }
    match (ty, reader.token(place)?) {
        (_, Token::Null) => Ok(RawValue::Null),
        (_, Token::Extension(code, payload)) => {
            refinements::read(code, payload, ty, place).map(RawValue::refined)
        }
        (Type::Bool, Token::Bool(value)) => Ok(RawValue::Bool(value)),
        (Type::Number, token) => number(&token, place).map(RawValue::Number),
        (Type::String, Token::String(bytes)) => Ok(RawValue::String(normalized(text(bytes, place)?))),
        (Type::Dynamic, Token::Array(length)) => read_dynamic(reader, length, place),
        (Type::List(element), Token::Array(length)) => {
            read_sequence(length, |index| read(reader, element, &place.index(index))).map(RawValue::Sequence)
        }
        (Type::Set(element), Token::Array(length)) => {
            read_sequence(length, |_| read(reader, element, &place.set_element())).map(RawValue::set)
        }
        (Type::Tuple(elements), Token::Array(length)) => {
            if usize::try_from(length) != Ok(elements.len()) {
                let problem = format!("a tuple of {length} elements, expected {}", elements.len());
                return Err(place.decode_error(problem));
            }
            let read_element = |(index, element)| read(reader, element, &place.index(index));
            elements.iter().enumerate().map(read_element).collect::<Result<_, _>>().map(RawValue::Sequence)
        }
        (Type::Map(element), Token::Map(length)) => read_map(reader, element, length, place),
        (Type::Object(attributes), Token::Map(length)) => read_object(reader, attributes, length, place),
        (_, token) => Err(place.decode_error(format!("expected {}, found {}", ty.name(), token.kind()))),
    }
}

/// Reads `length` elements, taking memory only as they turn out to be there.
fn read_sequence(
    length: u32,
    mut read_element: impl FnMut(usize) -> Result<RawValue, DecodeError>,
) -> Result<Vec<RawValue>, DecodeError> {
    let mut elements = Vec::new();
    for _ in 0..length {
        elements.push(read_element(elements.len())?);
    }
    Ok(elements)
}

fn read_map(
    reader: &mut Reader<'_>,
    element: &Type,
    length: u32,
    place: &Place<'_>,
) -> Result<RawValue, DecodeError> {
    let mut entries = BTreeMap::new();
    for _ in 0..length {
        let key = normalized(read_key(reader, place)?);
        let value = read(reader, element, &place.key(&key))?;
        if entries.contains_key(&key) {
            return Err(place.key(&key).decode_error("the same key twice"));
        }
        entries.insert(key, value);
    }
    Ok(RawValue::Mapping(entries))
}

fn read_object(
    reader: &mut Reader<'_>,
    attributes: &BTreeMap<String, Type>,
    length: u32,
    place: &Place<'_>,
) -> Result<RawValue, DecodeError> {
    let mut entries = BTreeMap::new();
    for _ in 0..length {
        let name = read_key(reader, place)?;
        let here = place.attribute(name);
        let Some(ty) = attributes.get(name) else {
            return Err(here.decode_error("unsupported attribute"));
        };
        let value = read(reader, ty, &here)?;
        if entries.insert(name.to_owned(), value).is_some() {
            return Err(here.decode_error("the same attribute twice"));
        }
    }
    match attributes.keys().find(|name| !entries.contains_key(*name)) {
        Some(missing) => Err(place.attribute(missing).decode_error("attribute missing")),
        None => Ok(RawValue::Mapping(entries)),
    }
}

fn read_key<'b>(reader: &mut Reader<'b>, place: &Place<'_>) -> Result<&'b str, DecodeError> {
    match reader.token(place)? {
        Token::String(bytes) => text(bytes, place),
        other => Err(place.decode_error(format!("expected a string as key, found {}", other.kind()))),
    }
}

/// Reads the type and the value that a dynamic value consists of.
fn read_dynamic(reader: &mut Reader<'_>, length: u32, place: &Place<'_>) -> Result<RawValue, DecodeError> {
    if length != 2 {
        let problem = format!("a dynamic value of {length} elements, expected its type and itself");
        return Err(place.decode_error(problem));
    }
    let json = match reader.token(place)? {
        Token::Binary(bytes) | Token::String(bytes) => bytes,
        other => return Err(place.decode_error(format!("expected a type, found {}", other.kind()))),
    };
    let ty = Type::from_json(json).map_err(|error| place.decode_error(error.problem))?;
    let value = read(reader, &ty, &place.dynamic_value())?;
    // A wrapper around a value that brings its own type, or none, adds nothing.
    Ok(if ty == Type::Dynamic { value } else { RawValue::Dynamic(Box::new((ty, value))) })
}

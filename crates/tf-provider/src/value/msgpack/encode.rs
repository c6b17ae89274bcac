//! Values to MessagePack.

use std::collections::BTreeMap;

use super::refinements;
use super::writer::Writer;
use crate::value::codec::Place;
use crate::value::{EncodeError, Number, RawValue, Type};

/// Writes `value` as a value of type `ty`.
///
/// Numbers are an integer where an `i64` holds them exactly, a `float64` where that does, else decimal text.
///
/// # Errors
///
/// When the value does not conform to the type (an object needs exactly its attributes), or is nested
/// deeper than 256.
pub fn encode(ty: &Type, value: &RawValue) -> Result<Vec<u8>, EncodeError> {
    let mut out = Writer::default();
    write(&mut out, ty, value, &Place::ROOT)?;
    Ok(out.into_vec())
}

fn write(out: &mut Writer, ty: &Type, value: &RawValue, place: &Place<'_>) -> Result<(), EncodeError> {
    if place.too_deep() {
        return Err(place.encode_error("nested too deeply"));
    }
    match (ty, value) {
        (_, RawValue::Null) => out.null(),
        (_, RawValue::Unknown(known)) => refinements::write(out, known, ty, place)?,
        (Type::Bool, RawValue::Bool(value)) => out.bool(*value),
        (Type::Number, RawValue::Number(value)) => write_number(out, value, place)?,
        (Type::String, RawValue::String(text)) => out.string(text, place)?,
        (Type::Dynamic, RawValue::Dynamic(inner)) => {
            let (ty, value) = inner.as_ref();
            write_dynamic(out, ty, value, place)?;
        }
        (Type::List(element), RawValue::Sequence(elements)) => {
            out.array(elements.len(), place)?;
            for (index, value) in elements.iter().enumerate() {
                write(out, element, value, &place.index(index))?;
            }
        }
        (Type::Set(element), RawValue::Sequence(elements)) => {
            out.array(elements.len(), place)?;
            for value in elements {
                write(out, element, value, &place.set_element())?;
            }
        }
        (Type::Tuple(types), RawValue::Sequence(elements)) => {
            if types.len() != elements.len() {
                let problem = format!("a tuple of {} elements, expected {}", elements.len(), types.len());
                return Err(place.encode_error(problem));
            }
            out.array(elements.len(), place)?;
            for (index, (ty, value)) in types.iter().zip(elements).enumerate() {
                write(out, ty, value, &place.index(index))?;
            }
        }
        (Type::Map(element), RawValue::Mapping(entries)) => {
            out.map(entries.len(), place)?;
            for (key, value) in entries {
                out.string(key, place)?;
                write(out, element, value, &place.key(key))?;
            }
        }
        (Type::Object(attributes), RawValue::Mapping(entries)) => {
            write_object(out, attributes, entries, place)?;
        }
        _ => return Err(place.encode_error(format!("expected {}, found {}", ty.name(), value.kind()))),
    }
    Ok(())
}

fn write_object(
    out: &mut Writer,
    attributes: &BTreeMap<String, Type>,
    entries: &BTreeMap<String, RawValue>,
    place: &Place<'_>,
) -> Result<(), EncodeError> {
    if let Some(extra) = entries.keys().find(|name| !attributes.contains_key(*name)) {
        return Err(place.attribute(extra).encode_error("unsupported attribute"));
    }
    out.map(attributes.len(), place)?;
    for (name, ty) in attributes {
        let here = place.attribute(name);
        let value = entries.get(name).ok_or_else(|| here.encode_error("attribute missing"))?;
        out.string(name, place)?;
        write(out, ty, value, &here)?;
    }
    Ok(())
}

fn write_dynamic(
    out: &mut Writer,
    ty: &Type,
    value: &RawValue,
    place: &Place<'_>,
) -> Result<(), EncodeError> {
    let here = place.dynamic_value();
    // Peers read a type that is itself dynamic only as the bare value.
    if *ty == Type::Dynamic {
        return write(out, ty, value, &here);
    }
    out.array(2, place)?;
    out.binary(ty.to_json_string().as_bytes(), place)?;
    write(out, ty, value, &here)
}

pub(super) fn write_number(out: &mut Writer, number: &Number, place: &Place<'_>) -> Result<(), EncodeError> {
    if let Some(integer) = number.to_i64() {
        out.signed(integer);
        return Ok(());
    }
    // Whole numbers beyond 64 bits go as text even where a float holds them, as Terraform does it.
    match number.to_f64_exact() {
        Some(float) if !number.is_integer() => {
            out.float(float);
            Ok(())
        }
        _ => out.string(&number.to_string(), place),
    }
}

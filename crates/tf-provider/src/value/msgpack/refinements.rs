//! What is known about unknown values, as the payload of an extension: a map with integer keys.

use super::encode::write_number;
use super::reader::{Reader, Token, number, text};
use super::writer::Writer;
use super::{MAX_PREFIX, MAX_REFINEMENTS, REFINED, key};
use crate::value::codec::{Place, normalized};
use crate::value::{DecodeError, EncodeError, Number, Refinements, Type};

/// Reads the extension of an unknown value of type `ty`.
///
/// Every extension is an unknown value; only the payload of code 12 is looked into.
pub(super) fn read(
    code: i8,
    payload: &[u8],
    ty: &Type,
    place: &Place<'_>,
) -> Result<Refinements, DecodeError> {
    let mut known = Refinements::default();
    // One byte cannot say anything: it is how an extension without payload is usually written.
    if code != REFINED || payload.len() <= 1 {
        return Ok(known);
    }
    if payload.len() > MAX_REFINEMENTS {
        return Err(place.decode_error(format!("refinements of {} bytes", payload.len())));
    }
    let mut reader = Reader::new(payload);
    let Token::Map(length) = reader.token(place)? else {
        return Err(place.decode_error("refinements that are not a map"));
    };
    // An unknown value of unknown type cannot be refined yet; a future peer may try.
    if *ty == Type::Dynamic {
        return Ok(known);
    }
    for _ in 0..length {
        let number_type = *ty == Type::Number;
        match read_integer(&mut reader, place)? {
            key::NULL => known.null = Some(read_bool(&mut reader, place)?),
            key::STRING_PREFIX if *ty == Type::String => {
                known.string_prefix = read_prefix(&mut reader, place)?;
            }
            key::NUMBER_MIN if number_type => known.number_min = Some(read_bound(&mut reader, place)?),
            key::NUMBER_MAX if number_type => known.number_max = Some(read_bound(&mut reader, place)?),
            key::LENGTH_MIN if is_collection(ty) => known.length_min = Some(read_length(&mut reader, place)?),
            key::LENGTH_MAX if is_collection(ty) => known.length_max = Some(read_length(&mut reader, place)?),
            key @ key::STRING_PREFIX..=key::LENGTH_MAX => {
                return Err(place.decode_error(format!("refinement {key} on an unknown {}", ty.name())));
            }
            // Refinements of later versions: they only add knowledge.
            _ => reader.skip(place)?,
        }
    }
    Ok(known)
}

fn is_collection(ty: &Type) -> bool {
    ty.element().is_some()
}

fn read_integer(reader: &mut Reader<'_>, place: &Place<'_>) -> Result<i64, DecodeError> {
    match reader.token(place)? {
        Token::Signed(value) => Some(value),
        Token::Unsigned(value) => i64::try_from(value).ok(),
        _ => None,
    }
    .ok_or_else(|| place.decode_error("a refinement whose key is not an integer"))
}

fn read_bool(reader: &mut Reader<'_>, place: &Place<'_>) -> Result<bool, DecodeError> {
    match reader.token(place)? {
        Token::Bool(value) => Ok(value),
        other => Err(place.decode_error(format!("a refinement with {} for a bool", other.kind()))),
    }
}

fn read_prefix(reader: &mut Reader<'_>, place: &Place<'_>) -> Result<Option<String>, DecodeError> {
    match reader.token(place)? {
        Token::String(bytes) => Ok(shortened(&normalized(text(bytes, place)?)).map(str::to_owned)),
        other => Err(place.decode_error(format!("a refinement with {} for a string prefix", other.kind()))),
    }
}

/// As much of `prefix` as is written, or `None` if that says nothing: what starts with the whole starts
/// with its beginning too.
fn shortened(prefix: &str) -> Option<&str> {
    let prefix = &prefix[..prefix.floor_char_boundary(MAX_PREFIX)];
    (!prefix.is_empty()).then_some(prefix)
}

/// A number of elements. Peers keep it in a signed integer, and no collection is longer.
fn is_length(length: u64) -> bool {
    i64::try_from(length).is_ok()
}

fn read_length(reader: &mut Reader<'_>, place: &Place<'_>) -> Result<u64, DecodeError> {
    match reader.token(place)? {
        Token::Unsigned(value) => Some(value),
        Token::Signed(value) => u64::try_from(value).ok(),
        _ => None,
    }
    .filter(|length| is_length(*length))
    .ok_or_else(|| place.decode_error("a refinement whose length is not a count"))
}

fn read_bound(reader: &mut Reader<'_>, place: &Place<'_>) -> Result<(Number, bool), DecodeError> {
    let Token::Array(2) = reader.token(place)? else {
        return Err(place.decode_error("a refinement whose bound is not a number and a bool"));
    };
    let bound = number(&reader.token(place)?, place)?;
    Ok((bound, read_bool(reader, place)?))
}

/// Writes an unknown value of type `ty`, with as much of `known` as peers read.
pub(super) fn write(
    out: &mut Writer,
    known: &Refinements,
    ty: &Type,
    place: &Place<'_>,
) -> Result<(), EncodeError> {
    check(known, ty, place)?;
    let entries = describe(known, place)?;
    // An unknown value of unknown type cannot be refined, and peers refuse an empty description.
    if entries.is_empty() || *ty == Type::Dynamic {
        return out.extension(0, &[0], place);
    }
    let mut payload = Writer::default();
    payload.map(entries.len(), place)?;
    payload.raw(&entries.concat());
    out.extension(REFINED, &payload.into_vec(), place)
}

/// Refinements that the type cannot have are a bug of the author's, not something to send.
fn check(known: &Refinements, ty: &Type, place: &Place<'_>) -> Result<(), EncodeError> {
    let refuse = |what: &str| Err(place.encode_error(format!("{what} on an unknown {}", ty.name())));
    if known.string_prefix.is_some() && *ty != Type::String {
        return refuse("a string prefix");
    }
    if (known.number_min.is_some() || known.number_max.is_some()) && *ty != Type::Number {
        return refuse("a number bound");
    }
    if (known.length_min.is_some() || known.length_max.is_some()) && !is_collection(ty) {
        return refuse("a length bound");
    }
    Ok(())
}

/// The entries of the description, each a key and its value, as many as fit.
fn describe(known: &Refinements, place: &Place<'_>) -> Result<Vec<Vec<u8>>, EncodeError> {
    let mut entries = Vec::new();
    if let Some(null) = known.null {
        let mut entry = entry(key::NULL);
        entry.bool(null);
        entries.push(entry.into_vec());
    }
    if let Some(prefix) = known.string_prefix.as_deref().and_then(shortened) {
        let mut entry = entry(key::STRING_PREFIX);
        entry.string(prefix, place)?;
        entries.push(entry.into_vec());
    }
    for (key, bound) in [(key::NUMBER_MIN, &known.number_min), (key::NUMBER_MAX, &known.number_max)] {
        if let Some((number, inclusive)) = bound {
            let mut entry = entry(key);
            entry.array(2, place)?;
            write_number(&mut entry, number, place)?;
            entry.bool(*inclusive);
            entries.push(entry.into_vec());
        }
    }
    for (key, bound) in [(key::LENGTH_MIN, known.length_min), (key::LENGTH_MAX, known.length_max)] {
        if let Some(length) = bound.filter(|length| is_length(*length)) {
            let mut entry = entry(key);
            entry.unsigned(length);
            entries.push(entry.into_vec());
        }
    }
    // What does not fit is left out: to know less is still true. The first byte is the map's head.
    let mut size = 1;
    entries.retain(|entry: &Vec<u8>| {
        let fits = size + entry.len() <= MAX_REFINEMENTS;
        size += if fits { entry.len() } else { 0 };
        fits
    });
    Ok(entries)
}

/// An entry whose value has to follow.
fn entry(key: i64) -> Writer {
    let mut entry = Writer::default();
    entry.signed(key);
    entry
}

//! MessagePack tokens over a byte slice.
//!
//! Nothing here trusts a length from the input: what it announces is borrowed from the slice or not there.

use rmp::Marker;

use crate::value::codec::Place;
use crate::value::{DecodeError, Number};

/// Reads one token after another.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

/// One MessagePack token: a whole scalar, or the head of an array or map.
pub(super) enum Token<'b> {
    Null,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    String(&'b [u8]),
    Binary(&'b [u8]),
    /// The number of elements that follow.
    Array(u32),
    /// The number of pairs that follow.
    Map(u32),
    Extension(i8, &'b [u8]),
}

impl Token<'_> {
    /// The token's kind with its article, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Token::Null => "null",
            Token::Bool(_) => "a bool",
            Token::Signed(_) | Token::Unsigned(_) | Token::Float(_) => "a number",
            Token::String(_) => "a string",
            Token::Binary(_) => "binary data",
            Token::Array(_) => "an array",
            Token::Map(_) => "a map",
            Token::Extension(..) => "an unknown value",
        }
    }
}

impl<'b> Reader<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Reader { rest: bytes }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads the next token; `place` is only for the error.
    pub(super) fn token(&mut self, place: &Place<'_>) -> Result<Token<'b>, DecodeError> {
        let [marker] = self.array(place)?;
        Ok(match Marker::from_u8(marker) {
            Marker::Null => Token::Null,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::FixPos(value) => Token::Unsigned(u64::from(value)),
            Marker::FixNeg(value) => Token::Signed(i64::from(value)),
            Marker::U8 => Token::Unsigned(u64::from(self.u8(place)?)),
            Marker::U16 => Token::Unsigned(u64::from(self.u16(place)?)),
            Marker::U32 => Token::Unsigned(u64::from(self.u32(place)?)),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.array(place)?)),
            Marker::I8 => Token::Signed(i64::from(i8::from_be_bytes(self.array(place)?))),
            Marker::I16 => Token::Signed(i64::from(i16::from_be_bytes(self.array(place)?))),
            Marker::I32 => Token::Signed(i64::from(i32::from_be_bytes(self.array(place)?))),
            Marker::I64 => Token::Signed(i64::from_be_bytes(self.array(place)?)),
            Marker::F32 => Token::Float(f64::from(f32::from_be_bytes(self.array(place)?))),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array(place)?)),
            Marker::FixStr(length) => Token::String(self.bytes(u32::from(length), place)?),
            Marker::Str8 => Token::String(self.bytes8(place)?),
            Marker::Str16 => Token::String(self.bytes16(place)?),
            Marker::Str32 => Token::String(self.bytes32(place)?),
            Marker::Bin8 => Token::Binary(self.bytes8(place)?),
            Marker::Bin16 => Token::Binary(self.bytes16(place)?),
            Marker::Bin32 => Token::Binary(self.bytes32(place)?),
            Marker::FixArray(length) => Token::Array(u32::from(length)),
            Marker::Array16 => Token::Array(u32::from(self.u16(place)?)),
            Marker::Array32 => Token::Array(self.u32(place)?),
            Marker::FixMap(length) => Token::Map(u32::from(length)),
            Marker::Map16 => Token::Map(u32::from(self.u16(place)?)),
            Marker::Map32 => Token::Map(self.u32(place)?),
            Marker::FixExt1 => self.extension(1, place)?,
            Marker::FixExt2 => self.extension(2, place)?,
            Marker::FixExt4 => self.extension(4, place)?,
            Marker::FixExt8 => self.extension(8, place)?,
            Marker::FixExt16 => self.extension(16, place)?,
            Marker::Ext8 => {
                let length = u32::from(self.u8(place)?);
                self.extension(length, place)?
            }
            Marker::Ext16 => {
                let length = u32::from(self.u16(place)?);
                self.extension(length, place)?
            }
            Marker::Ext32 => {
                let length = self.u32(place)?;
                self.extension(length, place)?
            }
            Marker::Reserved => return Err(place.decode_error("the reserved byte 0xc1")),
        })
    }

    /// Passes over one whole value, without recursion.
    pub(super) fn skip(&mut self, place: &Place<'_>) -> Result<(), DecodeError> {
        // Each pending value takes at least a byte of input, so the loop is bounded by the input.
        let mut pending: u64 = 1;
        while pending > 0 {
            pending -= 1;
            match self.token(place)? {
                Token::Array(length) => pending += u64::from(length),
                Token::Map(length) => pending += 2 * u64::from(length),
                _ => {}
            }
        }
        Ok(())
    }

    fn extension(&mut self, length: u32, place: &Place<'_>) -> Result<Token<'b>, DecodeError> {
        let [code] = self.array(place)?;
        Ok(Token::Extension(i8::from_be_bytes([code]), self.bytes(length, place)?))
    }

    fn u8(&mut self, place: &Place<'_>) -> Result<u8, DecodeError> {
        self.array(place).map(u8::from_be_bytes)
    }

    fn u16(&mut self, place: &Place<'_>) -> Result<u16, DecodeError> {
        self.array(place).map(u16::from_be_bytes)
    }

    fn u32(&mut self, place: &Place<'_>) -> Result<u32, DecodeError> {
        self.array(place).map(u32::from_be_bytes)
    }

    fn bytes8(&mut self, place: &Place<'_>) -> Result<&'b [u8], DecodeError> {
        let length = self.u8(place)?;
        self.bytes(u32::from(length), place)
    }

    fn bytes16(&mut self, place: &Place<'_>) -> Result<&'b [u8], DecodeError> {
        let length = self.u16(place)?;
        self.bytes(u32::from(length), place)
    }

    fn bytes32(&mut self, place: &Place<'_>) -> Result<&'b [u8], DecodeError> {
        let length = self.u32(place)?;
        self.bytes(length, place)
    }

    fn array<const N: usize>(&mut self, place: &Place<'_>) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or_else(|| ends_early(place))?;
        self.rest = rest;
        Ok(*head)
    }

    fn bytes(&mut self, length: u32, place: &Place<'_>) -> Result<&'b [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| ends_early(place))?;
        let (head, rest) = self.rest.split_at_checked(length).ok_or_else(|| ends_early(place))?;
        self.rest = rest;
        Ok(head)
    }
}

fn ends_early(place: &Place<'_>) -> DecodeError {
    place.decode_error("the input ends in the middle of a value")
}

/// The text of a string token.
pub(super) fn text<'b>(bytes: &'b [u8], place: &Place<'_>) -> Result<&'b str, DecodeError> {
    str::from_utf8(bytes).map_err(|_| place.decode_error("a string that is not UTF-8"))
}

/// The number of a token: integers and floats of every width, and decimal text.
pub(super) fn number(token: &Token<'_>, place: &Place<'_>) -> Result<Number, DecodeError> {
    match token {
        Token::Signed(value) => Ok(Number::from(*value)),
        Token::Unsigned(value) => Ok(Number::from(*value)),
        Token::Float(value) => Number::from_f64(*value).ok_or_else(|| place.decode_error("not-a-number")),
        Token::String(bytes) => text(bytes, place)?
            .parse()
            .map_err(|error| place.decode_error(format!("expected a number, found text that is {error}"))),
        other => Err(place.decode_error(format!("expected a number, found {}", other.kind()))),
    }
}

//! MessagePack tokens into memory, each in its shortest form.

use std::convert::Infallible;

use rmp::Marker;
use rmp::encode::{self, ByteBuf, ValueWriteError};

use crate::value::EncodeError;
use crate::value::codec::Place;

/// Writes one token after another.
#[derive(Default)]
pub(super) struct Writer {
    out: ByteBuf,
}

impl Writer {
    pub(super) fn into_vec(self) -> Vec<u8> {
        self.out.into_vec()
    }

    pub(super) fn null(&mut self) {
        self.raw(&[Marker::Null.to_u8()]);
    }

    pub(super) fn bool(&mut self, value: bool) {
        let marker = if value { Marker::True } else { Marker::False };
        self.raw(&[marker.to_u8()]);
    }

    pub(super) fn signed(&mut self, value: i64) {
        infallible(encode::write_sint(&mut self.out, value));
    }

    pub(super) fn unsigned(&mut self, value: u64) {
        infallible(encode::write_uint(&mut self.out, value));
    }

    pub(super) fn float(&mut self, value: f64) {
        infallible(encode::write_f64(&mut self.out, value));
    }

    pub(super) fn string(&mut self, text: &str, place: &Place<'_>) -> Result<(), EncodeError> {
        infallible(encode::write_str_len(&mut self.out, length(text.len(), place)?));
        self.raw(text.as_bytes());
        Ok(())
    }

    pub(super) fn binary(&mut self, bytes: &[u8], place: &Place<'_>) -> Result<(), EncodeError> {
        infallible(encode::write_bin_len(&mut self.out, length(bytes.len(), place)?));
        self.raw(bytes);
        Ok(())
    }

    pub(super) fn extension(
        &mut self,
        code: i8,
        payload: &[u8],
        place: &Place<'_>,
    ) -> Result<(), EncodeError> {
        infallible(encode::write_ext_meta(&mut self.out, length(payload.len(), place)?, code));
        self.raw(payload);
        Ok(())
    }

    /// The head of an array: its elements have to follow.
    pub(super) fn array(&mut self, elements: usize, place: &Place<'_>) -> Result<(), EncodeError> {
        infallible(encode::write_array_len(&mut self.out, length(elements, place)?));
        Ok(())
    }

    /// The head of a map: its keys and values have to follow in turn.
    pub(super) fn map(&mut self, entries: usize, place: &Place<'_>) -> Result<(), EncodeError> {
        infallible(encode::write_map_len(&mut self.out, length(entries, place)?));
        Ok(())
    }

    /// Bytes that are MessagePack already.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.as_mut_vec().extend_from_slice(bytes);
    }
}

/// A length as MessagePack has it.
fn length(length: usize, place: &Place<'_>) -> Result<u32, EncodeError> {
    u32::try_from(length).map_err(|_| place.encode_error(format!("a length of {length}, more than 32 bits")))
}

/// Unwraps the outcome of writing to memory, where no error exists.
fn infallible<T>(result: Result<T, ValueWriteError<Infallible>>) {
    match result {
        Ok(_) => {}
        Err(ValueWriteError::InvalidMarkerWrite(error) | ValueWriteError::InvalidDataWrite(error)) => {
            match error {}
        }
    }
}

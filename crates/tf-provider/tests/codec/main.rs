//! The forms of values on the wire and in state: what is written reads back, what is malformed is an error.
//! Conformance items 26 to 32 of the protocol contract, as far as they concern the codec.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod arbitrary;
mod depth;
mod dynamic;
mod json;
mod malformed;
mod numbers;
mod objects;
mod round_trip;
mod unknown;

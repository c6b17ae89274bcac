//! Values as MessagePack, the form in which the protocol carries them both ways.
//!
//! The type drives both directions: unknown values are extensions, numbers too wide for a machine type are
//! decimal text, a dynamic value is a pair of its type (as JSON) and itself.
//! Source: the wire format of `DynamicValue` in Terraform's plugin protocol documentation.

mod decode;
mod encode;
mod reader;
mod refinements;
mod writer;

pub use decode::decode;
pub use encode::encode;

/// The extension code of an unknown value with refinements.
const REFINED: i8 = 12;

/// Longest description of refinements that peers read, in bytes.
const MAX_REFINEMENTS: usize = 1024;

/// Longest string prefix in refinements, in bytes.
const MAX_PREFIX: usize = 256;

/// Keys of the map that describes refinements.
mod key {
    pub(super) const NULL: i64 = 1;
    pub(super) const STRING_PREFIX: i64 = 2;
    pub(super) const NUMBER_MIN: i64 = 3;
    pub(super) const NUMBER_MAX: i64 = 4;
    pub(super) const LENGTH_MIN: i64 = 5;
    pub(super) const LENGTH_MAX: i64 = 6;
}

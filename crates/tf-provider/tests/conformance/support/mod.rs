//! The host's side.

pub(crate) mod host;
pub(crate) mod schema;
pub(crate) mod terraform;

//! The host's side.

pub(crate) mod host;
pub(crate) mod terraform;

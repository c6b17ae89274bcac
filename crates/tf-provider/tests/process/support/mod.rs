//! A provider process, its host's certificates, and a client that speaks to it.

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod probe;

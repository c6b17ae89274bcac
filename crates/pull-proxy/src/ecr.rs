//! Amazon ECR: the hosts of its registries, and the token that lets in.

mod client;
mod host;
mod token;

pub use client::SetupError;
pub(crate) use client::clients;
pub use host::{EcrHost, HostError};
pub use token::{Token, TokenSource};

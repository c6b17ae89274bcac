//! Amazon ECR: the token that lets in, and who asks for it.

mod client;
mod token;

pub use client::SetupError;
pub(crate) use client::clients;
pub use token::{Token, TokenSource};

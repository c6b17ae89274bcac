//! Amazon ECR: the tokens that let in, and who asks for them.

mod authorization;
mod client;
mod role;
mod token;

pub use client::{Aws, SetupError};
pub use role::{Logins, Role};
pub use token::{Token, TokenSource};

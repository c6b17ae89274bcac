//! Objects of IAM.

pub mod capability;
pub mod instance_profile;
pub mod policy;
mod profile;
mod role;
mod role_arguments;

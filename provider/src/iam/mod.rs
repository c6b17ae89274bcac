//! Objects of IAM.

pub mod capability;
pub mod instance_profile;
pub mod policy;
mod profile;
pub mod repository_creation_role;
mod role;
mod role_arguments;

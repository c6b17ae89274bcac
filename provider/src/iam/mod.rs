//! Objects of IAM.

pub mod capability;
pub mod instance_profile;
mod lone_role;
pub mod policy;
mod profile;
pub mod push_role;
pub mod repository_creation_role;
mod role;
mod role_arguments;

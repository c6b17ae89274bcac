//! Objects of Amazon ECR.

pub mod mirror_repository;
pub mod pull_through_cache_rule;
pub mod repository;
pub mod repository_name;

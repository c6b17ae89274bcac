//! Objects of Amazon ECR.

pub mod pull_through_cache_rule;
pub mod repository_name;

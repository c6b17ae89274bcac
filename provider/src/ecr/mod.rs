//! Objects of Amazon ECR.

pub mod blob_mounting;
pub mod ci_images;
pub mod docker_hub_rate_limit;
pub mod ecr_authorization;
pub mod image;
pub mod login;
pub mod mirror_repository;
pub mod pull_through_cache_rule;
pub mod registry_policy;
pub mod registry_policy_statement;
pub mod repository;
pub mod repository_creation_template;
pub mod repository_name;
pub mod repository_policies;
pub mod repository_settings;
pub mod sync_mirror;
pub mod upstream;
pub mod upstream_credential;
pub mod upstream_secret;

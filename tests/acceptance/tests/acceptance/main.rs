//! Acceptance tests: the real terraform, the real provider, an emulated AWS. One file per resource.
//! `cargo xtask test` prepares what they need and runs them.

mod ami;
mod ci_images;
mod client_pulls;
mod docker_hub_rate_limit;
mod drift;
mod ecr_authorization;
mod examples;
mod functions;
mod identity;
mod image;
mod image_supply;
mod instance_profile;
mod list;
mod mirror_repository;
mod provider;
mod pull_through_cache_rule;
mod push_role;
mod registry_auth;
mod registry_policy_statement;
mod repository_creation_role;
mod repository_creation_template;
mod runner_config;
mod runner_manager;
mod runner_network;
mod software_object;
mod sync_mirror;
mod upstream_credential;
mod worker_fleet;

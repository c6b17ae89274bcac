//! Acceptance tests: the real terraform, the real provider, an emulated AWS. One file per resource.
//! `cargo xtask test` prepares what they need and runs them.

mod mirror_repository;
mod instance_profile;
mod provider;
mod pull_through_cache_rule;
mod runner_network;

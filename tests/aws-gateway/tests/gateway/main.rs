//! The gateway in front of the real emulators. One program, so that the emulators start once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod aws_cli;
mod ecr_model;
mod emulators;
mod faults;
mod images;
mod moto;
mod oci_copy;
mod pull_through;
mod pull_through_cache_rules;
mod registry;
mod registry_policy;
mod repositories;
mod repository_creation_templates;
mod routing;
mod sessions;
mod tagging;

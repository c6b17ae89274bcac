//! What needs a newer core than the oldest one supported: identities, queries, actions, generated configuration, computed
//! blocks. The feature `newer-core` builds these tests, and the variable `TERRAFORM` names a Terraform of 1.16 or later:
//!
//! `TERRAFORM=… cargo test --package tf-provider --features newer-core`

mod action;
mod computed;
mod generated;
mod identity;
mod query;
mod tutorial;

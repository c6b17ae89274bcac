//! What a host may expect of every provider: checklist items of the plugin protocol by number.
//!
//! Files named after a subject of the protocol speak gRPC with a server in this process; those below `real` run the
//! real `terraform` against the examples `conformance_provider`, `conformance_files` and `local_files`, which `cargo test` builds along
//! with this binary. `CONFORMANCE.md` is made from the names of the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod provider;
mod support;

mod action;
mod apply;
mod concurrency;
mod data_source;
mod deferral;
mod ephemeral;
mod faults;
mod function;
mod garbage;
mod identity;
mod import;
mod list;
mod newer;
mod plan;
mod protocol;
mod read;
mod real;
mod rules;
mod table;
mod upgrade;
mod validate;
mod values;

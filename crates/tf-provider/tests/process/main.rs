//! The process around a provider, seen from a host: checklist items of the plugin protocol by number.
//!
//! The provider is `examples/process_probe.rs`, which `cargo test` builds along with this binary
//! (`cargo test --test process` alone does not).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

mod calls;
mod debugging;
mod end_of_life;
mod go_plugin;
mod handshake;
mod logs;
mod start;
mod tls;
mod tutorial;

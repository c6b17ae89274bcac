//! The real `terraform` with real provider processes.

mod diagnostics;
mod ephemeral;
mod failures;
mod function;
mod import;
mod lifecycle;
#[cfg(feature = "newer-core")]
mod newer;
mod parallel;
mod private;
mod process;
mod secrets;
mod tutorial;
mod unknowns;

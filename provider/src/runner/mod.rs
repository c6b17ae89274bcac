//! Runners and their managers.

pub mod boot;

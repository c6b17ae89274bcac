//! Runners and their managers.

pub mod boot;
pub mod published;
pub mod runner_config;
pub mod runner_manager;

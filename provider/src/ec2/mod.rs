//! Objects of EC2 and Auto Scaling.

pub mod ami;
pub mod runner_network;
pub mod worker_fleet;

pub mod auto_scaling_group;
pub mod launch_template;
pub mod launched_group;
pub mod root_volume;
mod security_group;
mod security_group_rule;

//! A pull proxy for container engines that know no ECR: it serves upstream names such as `docker.io/library/alpine`
//! from repositories of Amazon ECR.
//!
//! Engines speak to it as to a mirror, without credentials. It maps each name to a repository by [`Rules`], adds ECR's
//! token, and streams what ECR answers, verified. It only reads, keeps nothing on disk, and knows no other cloud.
//! Beside that it may keep a login for pushes, with which jobs push to ECR by themselves.
//!
//! Data flows one way: a request is read by [`route`], turned into candidates by [`rules`], answered by [`manifests`] or
//! [`blobs`] out of [`registries`], and written by [`answer`]. Each stage knows only those after it.
//!
//! - [`config`], [`rules`]: what the operator wrote, checked completely before a port is bound
//! - [`ecr`]: the tokens that ECR lets in, of the daemon's own credentials and of a role
//! - [`registries`]: one client for each registry, with its [`health`]
//! - [`attempts`]: waiting and trying again, within what a client has patience for
//! - [`single_flight`], [`manifests`], [`blobs`]: each thing is fetched once, however many ask
//! - [`push`]: the login for pushes, kept fresh in a file that jobs read
//! - [`server`], [`systemd`], [`metrics`]: the daemon around it

pub mod answer;
pub mod attempts;
pub mod blobs;
pub mod cache;
pub mod config;
pub mod ecr;
pub mod endpoint;
pub mod failure;
pub mod health;
pub mod manifests;
pub mod metrics;
pub mod push;
pub mod registries;
pub mod route;
pub mod rules;
pub mod server;
pub mod single_flight;
pub mod systemd;

pub use config::{Config, ConfigError};
pub use rules::{Fallback, Kind, Rule, Rules};

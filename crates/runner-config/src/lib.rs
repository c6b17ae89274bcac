//! Typed model of GitLab Runner's `config.toml`: every key of the sections it covers, read strictly, checked,
//! and rendered in one canonical form.
//!
//! GitLab Runner ignores unknown keys in silence, takes bare integers for nanoseconds, and finds out about a
//! wrong pull policy when a job fails. This crate finds all of that before the file reaches a manager:
//!
//! - [`RunnerConfig::parse`] reads a text and reports **all** unknown keys, wrong types and wrong values in one
//!   run, each with its path and, for a misspelt key, the nearest one.
//! - [`check()`] finds what is well-formed but will not work or will hurt later, as a list of [`Finding`]s.
//! - [`RunnerConfig::render`] writes the file: the same configuration always gives the same bytes.
//!
//! No literal secret passes in either direction. A token is a [`TokenPlaceholder`] that the manager replaces;
//! anything else that looks like a secret is refused, by its path and without repeating it.
//!
//! Keys are GitLab Runner's own, as of 19.4; the executors kubernetes, custom, ssh, parallels and virtualbox are
//! not covered. Each section is declared once (`section.rs`), and all else is derived from that list.
//!
//! ```
//! use runner_config::{Executor, Runner, RunnerConfig, TokenPlaceholder};
//!
//! let token = TokenPlaceholder::new("__TOKEN_main__")?;
//! let runner = Runner { id: Some(7), ..Runner::new("https://gitlab.example.com", token, Executor::Shell) };
//! let config = RunnerConfig { concurrent: Some(4), runners: vec![runner], ..RunnerConfig::default() };
//! let text = config.render()?;
//! assert_eq!(RunnerConfig::parse(&text)?, config);
//!
//! let error = RunnerConfig::parse("concurent = 4").unwrap_err();
//! assert_eq!(error.to_string(), "concurent: unknown key (did you mean `concurrent`?)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;

mod global;
mod runner;

mod autoscaler;
mod cache;
mod docker;
mod machine;

mod check;
mod value;

mod fault;
mod path;
mod render;
mod secret;
mod section;

pub use autoscaler::{
    Autoscaler, ConnectorConfig, PluginConfig, Policy, ScaleThrottle, StateStorage, VmIsolation,
};
pub use cache::{Cache, S3};
pub use check::{CheckContext, Finding, Severity, check};
pub use docker::{Docker, Service};
pub use fault::{Fault, FaultKind, Faults, ParseError, RenderError};
pub use global::{GlobalMachine, MachineHeartbeat, RunnerConfig, SessionServer, ShutdownDrain};
pub use machine::{Machine, MachineAutoscaling};
pub use path::{Path, Step};
pub use runner::{Artifact, CustomBuildDir, Instance, JobQueuingDuration, Monitoring, Runner};
pub use secret::secret_in;
pub use section::Key;
pub use toml::value::Datetime;
pub use value::{
    ByteSize, CacheAuthentication, CacheType, Cron5, Cron7, Executor, GoDuration, InvalidValue, LogFormat,
    LogLevel, Protocol, PullPolicies, PullPolicy, ServerSideEncryption, Shell, TokenPlaceholder,
};

//! The global section, with `[session_server]` and `[machine]`.

use std::collections::BTreeMap;

use crate::runner::Runner;
use crate::section::section;
use crate::value::{GoDuration, LogFormat, LogLevel};

section! {
    /// A whole `config.toml`.
    #[derive(Default)]
    pub struct RunnerConfig {
        /// Jobs at once over all `[[runners]]`. Default 1.
        concurrent: Option<u32>,
        /// Seconds between two questions for jobs, per `[[runners]]` entry. Default 3.
        check_interval: Option<u32>,
        /// From which level on the runner logs. Default `info`.
        log_level: Option<LogLevel>,
        /// Form of the log lines. Default `runner`.
        log_format: Option<LogFormat>,
        /// Version up to which standardised log field names are used. Default 0, the old names.
        log_field_schema_version: Option<u32>,
        /// Version up to which log fields are written under both names; 0, the default, turns it off.
        log_field_dual_emit_target: Option<u32>,
        /// `host:port` on which Prometheus metrics and debug pages are served. Default: not served.
        listen_address: Option<String>,
        /// Seconds that running jobs have to end after SIGTERM or SIGINT. Default 30.
        shutdown_timeout: Option<u32>,
        /// Age at which a connection to GitLab is renewed. Default `15m0s`.
        connection_max_age: Option<GoDuration>,
        /// Sentry DSN to which errors are reported.
        sentry_dsn: Option<String>,
        /// User that jobs of the shell executor run as.
        user: Option<String>,
        /// Labels of all entries; at most 32 together with those of an entry.
        labels: BTreeMap<String, String>,
        /// Interactive web terminals.
        session_server: Option<SessionServer>,
        /// What is common to all docker+machine entries.
        machine: Option<GlobalMachine>,
        /// The runners, each an entry with a token of its own.
        runners: Vec<Runner>,
    }
    refused {
        "experimental" => "experimental settings are not part of this model",
    }
}

section! {
    /// `[session_server]`: interactive web terminals.
    #[derive(Default)]
    pub struct SessionServer {
        /// `host:port` that the server listens on.
        listen_address: Option<String>,
        /// `host:port` under which GitLab reaches it. Default: `listen_address`.
        advertise_address: Option<String>,
        /// Seconds that a session stays open after the job. Default 1800.
        session_timeout: Option<u32>,
    }
}

section! {
    /// `[machine]`: what is common to all docker+machine entries.
    #[derive(Default)]
    pub struct GlobalMachine {
        /// Removal of idle machines when the runner stops.
        shutdown_drain: Option<ShutdownDrain>,
        /// Refreshing of liveness labels.
        heartbeat: Option<MachineHeartbeat>,
    }
}

section! {
    /// `[machine.shutdown_drain]`: removal of idle machines when the runner stops; without it they stay.
    #[derive(Default)]
    pub struct ShutdownDrain {
        /// Whether idle machines are removed. Default false.
        enabled: Option<bool>,
        /// Removals at once. Default 3.
        concurrency: Option<u32>,
        /// Attempts per machine after the first. Default 3.
        max_retries: Option<u32>,
        /// Wait before the next attempt. Default `5s`.
        retry_backoff: Option<GoDuration>,
    }
}

section! {
    /// `[machine.heartbeat]`: refreshing of liveness labels, see `HeartbeatInterval` of `[runners.machine]`.
    #[derive(Default)]
    pub struct MachineHeartbeat {
        /// Refreshes at once over all entries. Default 5.
        concurrency: Option<u32>,
    }
}

//! `[runners.autoscaler]`: instances of the AWS fleeting plugin.

use tf_provider::Schema;
use tf_provider::value::Number;

/// Instances of the AWS fleeting plugin, which is given a worker fleet. Except for `policy`, a change takes effect
/// only when the runner starts anew. Durations are written as `90s` or `1h30m0s`.
#[derive(Schema, Clone, Debug)]
pub struct Autoscaler {
    /// The plugin: a path, a binary in PATH whose name starts with `fleeting-plugin-`, or an OCI reference such as
    /// `aws:1`. Default `fleeting-plugin-aws`.
    pub plugin: Option<String>,
    /// Jobs at once on one instance. Default 1.
    pub capacity_per_instance: Option<Number>,
    /// Jobs after which an instance is removed; 0, the default, means no limit.
    pub max_use_count: Option<Number>,
    /// Most instances, 1 to 1000; at most the `max_size` of the fleet.
    pub max_instances: Number,
    /// Command over SSH on each new instance; if it fails, the instance is removed.
    pub instance_ready_command: Option<String>,
    /// Longest wait of a job for an instance. Default `15m0s`.
    pub instance_acquire_timeout: Option<String>,
    /// Time between two looks at the instance group. Default `1m0s`.
    pub update_interval: Option<String>,
    /// The same while instances are expected. Default `2s`.
    pub update_interval_when_expecting: Option<String>,
    /// Wait before a deletion is tried again. Default `1m0s`.
    pub deletion_retry_interval: Option<String>,
    /// Wait between deletions when the runner stops. Default `10s`.
    pub shutdown_deletion_interval: Option<String>,
    /// Attempts at deletion when the runner stops. Default 3.
    pub shutdown_deletion_retries: Option<Number>,
    /// Failed health checks in a row after which an instance is replaced. Default 3.
    pub failure_threshold: Option<Number>,
    /// Whether all instances are removed when the runner stops. Default false.
    pub delete_instances_on_shutdown: Option<bool>,
    /// Whether jobs are taken only as fast as instances can be had. Default true.
    pub reservation_throttling: Option<bool>,
    /// Whether private addresses are logged. Default false.
    pub log_internal_ip: Option<bool>,
    /// Whether public addresses are logged. Default false.
    pub log_external_ip: Option<bool>,
    /// Settings of the AWS plugin.
    pub plugin_config: PluginConfig,
    /// How the manager connects to instances.
    pub connector_config: Option<ConnectorConfig>,
    /// How many idle instances there are, by time of day; the last that matches wins.
    pub policy: Option<Vec<Policy>>,
    /// What survives a restart of the runner. Default: instances and the jobs on them.
    pub state_storage: Option<StateStorage>,
}

/// Settings of the AWS plugin.
#[derive(Schema, Clone, Debug)]
pub struct PluginConfig {
    /// Name, not ARN, of the Auto Scaling group: that of the worker fleet. No other entry and no other manager may use
    /// it.
    pub name: String,
    /// Profile in the shared configuration.
    pub profile: Option<String>,
    /// Path of the AWS configuration file.
    pub config_file: Option<String>,
    /// Path of the AWS credentials file.
    pub credentials_file: Option<String>,
}

/// How the manager connects to instances.
#[derive(Schema, Clone, Debug)]
pub struct ConnectorConfig {
    /// Operating system of the instances. Default: what the plugin reports, `linux`.
    pub os: Option<String>,
    /// Architecture of the instances. Default: what the plugin reports.
    pub arch: Option<String>,
    /// Protocol: `ssh`, `winrm`, `winrm+https`. Default `ssh`, on Windows `winrm`.
    pub protocol: Option<String>,
    /// Port; 0, the default, means that of the protocol.
    pub protocol_port: Option<Number>,
    /// User on the instance. Default `ec2-user`; Ubuntu has `ubuntu`.
    pub username: Option<String>,
    /// Path of the private key on the manager.
    pub key_path: Option<String>,
    /// Whether `username` and `key_path` are used instead of EC2 Instance Connect. Default false.
    pub use_static_credentials: Option<bool>,
    /// Time between two signs of life on an SSH connection. Default `30s`.
    pub keepalive: Option<String>,
    /// How long connecting is tried. Default `10m0s`.
    pub timeout: Option<String>,
    /// Whether the public address is used. Default false.
    pub use_external_addr: Option<bool>,
}

/// Idle instances by time of day.
#[derive(Schema, Clone, Debug)]
pub struct Policy {
    /// When the policy holds, as cron expressions with 5 fields, such as `* 8-17 * * mon-fri`. Default always.
    pub periods: Option<Vec<String>>,
    /// Time zone of the periods, such as `Europe/Berlin`. Default: the manager's.
    pub timezone: Option<String>,
    /// **Jobs** for which idle capacity is kept. Default 0: instances start on demand.
    pub idle_count: Option<Number>,
    /// How long an instance stays idle before it is removed, such as `20m0s`; `0s` or at least `1s`.
    pub idle_time: Option<String>,
    /// Idle capacity as a multiple of the capacity in use, on top of `idle_count`. Default 0.0.
    pub scale_factor: Option<f64>,
    /// Most jobs for which `scale_factor` keeps capacity. Default 0, no limit.
    pub scale_factor_limit: Option<Number>,
    /// Whether jobs are asked for only when an instance is there. Default: where `idle_count` is above 0.
    pub preemptive_mode: Option<bool>,
}

/// What survives a restart of the runner.
#[derive(Schema, Clone, Debug)]
pub struct StateStorage {
    /// Whether state is kept on disk. Default true: without it, a restart deletes all instances.
    pub enabled: Option<bool>,
    /// Directory of the state. Default: `.taskscaler` beside `config.toml`.
    pub dir: Option<String>,
    /// Whether instances that had a job survive a restart too. Default true.
    pub keep_instance_with_acquisitions: Option<bool>,
}

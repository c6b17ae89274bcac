//! `[runners.autoscaler]`: instances of a fleeting plugin, for docker-autoscaler and instance.

use std::collections::BTreeMap;

use crate::section::section;
use crate::value::{Cron5, GoDuration, Protocol};

section! {
    /// `[runners.autoscaler]`. Except for policies, a change takes effect only when the runner starts anew.
    #[derive(Default)]
    pub struct Autoscaler {
        /// The plugin: a path, a binary in PATH whose name starts with `fleeting-plugin-`, or an OCI reference.
        plugin: Option<String>,
        /// Jobs at once on one instance. The runner has no useful default: always write it.
        capacity_per_instance: Option<u32>,
        /// Jobs after which an instance is removed; 0, the default, means no limit.
        max_use_count: Option<u32>,
        /// Most instances; 0, the default, means no limit. The AWS plugin stops at 1000.
        max_instances: Option<u32>,
        /// Command over SSH on each new instance; if it fails, the instance is removed.
        instance_ready_command: Option<String>,
        /// Longest wait of a job for an instance. Default `15m0s`.
        instance_acquire_timeout: Option<GoDuration>,
        /// Time between two looks at the instance group. Default `1m0s`.
        update_interval: Option<GoDuration>,
        /// The same while instances are expected. Default `2s`.
        update_interval_when_expecting: Option<GoDuration>,
        /// Wait before a deletion is tried again. Default `1m0s`.
        deletion_retry_interval: Option<GoDuration>,
        /// Wait between deletions when the runner stops. Default `10s`.
        shutdown_deletion_interval: Option<GoDuration>,
        /// Attempts at deletion when the runner stops. Default 3.
        shutdown_deletion_retries: Option<u32>,
        /// Failed health checks in a row after which an instance is replaced. Default 3.
        failure_threshold: Option<u32>,
        /// Whether all instances are removed when the runner stops. Default false.
        delete_instances_on_shutdown: Option<bool>,
        /// Whether jobs are taken only as fast as instances can be had. Default true.
        reservation_throttling: Option<bool>,
        /// Whether private addresses are logged. Default false.
        log_internal_ip: Option<bool>,
        /// Whether public addresses are logged. Default false.
        log_external_ip: Option<bool>,
        /// Histogram buckets in seconds for all operations.
        instance_operation_time_buckets: Vec<f64>,
        /// Histogram buckets in seconds for creation.
        instance_creation_time_buckets: Vec<f64>,
        /// Histogram buckets in seconds until an instance runs.
        instance_is_running_time_buckets: Vec<f64>,
        /// Histogram buckets in seconds for deletion.
        instance_deletion_time_buckets: Vec<f64>,
        /// Histogram buckets in seconds until an instance is ready.
        instance_readiness_time_buckets: Vec<f64>,
        /// Histogram buckets in seconds for the life of an instance.
        instance_life_duration_buckets: Vec<f64>,
        /// Settings of the AWS plugin.
        plugin_config: Option<PluginConfig>,
        /// How the manager connects to instances.
        connector_config: Option<ConnectorConfig>,
        /// How many idle instances there are, by time of day; the last that matches wins.
        policy: Vec<Policy>,
        /// How fast instances are created.
        scale_throttle: Option<ScaleThrottle>,
        /// What survives a restart of the runner.
        state_storage: Option<StateStorage>,
        /// Virtual machines inside an instance; not for EC2.
        vm_isolation: Option<VmIsolation>,
    }
}

section! {
    /// `[runners.autoscaler.plugin_config]` of fleeting-plugin-aws; keys it does not know it ignores in silence,
    /// so they are refused here.
    #[derive(Default)]
    pub struct PluginConfig {
        /// Name, not ARN, of the Auto Scaling group; no other entry and no other manager may use it.
        name: Option<String>,
        /// Profile in the shared configuration.
        profile: Option<String>,
        /// Path of the AWS configuration file.
        config_file: Option<String>,
        /// Path of the AWS credentials file.
        credentials_file: Option<String>,
    }
    refused {
        "region" => "the plugin ignores it: set AWS_REGION in the environment of the service",
        "access_key_id" => "the plugin ignores it, and it would be a secret: use an instance profile",
        "secret_access_key" => "the plugin ignores it, and it would be a secret: use an instance profile",
        "session_token" => "the plugin ignores it, and it would be a secret: use an instance profile",
    }
}

section! {
    /// `[runners.autoscaler.connector_config]`: how the manager connects to instances.
    #[derive(Default)]
    pub struct ConnectorConfig {
        /// Operating system of the instances. Default: what the plugin reports, `linux`.
        os: Option<String>,
        /// Architecture of the instances. Default: what the plugin reports.
        arch: Option<String>,
        /// Protocol. Default `ssh`, on Windows `winrm`.
        protocol: Option<Protocol>,
        /// Port; 0, the default, means that of the protocol.
        protocol_port: Option<u32>,
        /// User on the instance. Default `ec2-user`.
        username: Option<String>,
        /// Path of the private key on the manager.
        key_path: Option<String>,
        /// Whether `username` and `key_path` are used instead of EC2 Instance Connect. Default false.
        use_static_credentials: Option<bool>,
        /// Time between two signs of life on an SSH connection. Default `30s`.
        keepalive: Option<GoDuration>,
        /// How long connecting is tried. Default `10m0s`.
        timeout: Option<GoDuration>,
        /// Whether the public address is used. Default false.
        use_external_addr: Option<bool>,
    }
    refused {
        "password" => "a password must not stand in the configuration; use a key",
    }
}

section! {
    /// `[[runners.autoscaler.policy]]`: idle instances by time of day.
    #[derive(Default)]
    pub struct Policy {
        /// When the policy holds. Default always.
        periods: Vec<Cron5>,
        /// Time zone of the periods, such as `Europe/Berlin`. Default: the manager's.
        timezone: Option<String>,
        /// **Jobs** for which idle capacity is kept. Default 0: instances start on demand.
        idle_count: Option<u32>,
        /// How long an instance stays idle before it is removed; `0s` or at least `1s`.
        idle_time: Option<GoDuration>,
        /// Idle capacity as a multiple of the capacity in use, on top of `idle_count`. Default 0.0.
        scale_factor: Option<f64>,
        /// Most jobs for which `scale_factor` keeps capacity. Default 0, no limit.
        scale_factor_limit: Option<u32>,
        /// Whether jobs are asked for only when an instance is there. Default: where `idle_count` is above 0.
        preemptive_mode: Option<bool>,
    }
}

section! {
    /// `[runners.autoscaler.scale_throttle]`: how fast instances are created.
    #[derive(Default)]
    pub struct ScaleThrottle {
        /// New instances per second; 0, the default, means 100, and -1 no limit.
        limit: Option<i64>,
        /// New instances at once. Default: `max_instances`.
        burst: Option<i64>,
    }
}

section! {
    /// `[runners.autoscaler.state_storage]`: without it, a restart of the runner deletes all instances.
    #[derive(Default)]
    pub struct StateStorage {
        /// Whether state is kept on disk. Default false.
        enabled: Option<bool>,
        /// Directory of the state. Default: `.taskscaler` beside `config.toml`.
        dir: Option<String>,
        /// Whether instances that had a job survive a restart too. Default false.
        keep_instance_with_acquisitions: Option<bool>,
    }
}

section! {
    /// `[runners.autoscaler.vm_isolation]`: virtual machines inside an instance; not for EC2.
    #[derive(Default)]
    pub struct VmIsolation {
        /// Whether jobs get virtual machines. Default false.
        enabled: Option<bool>,
        /// Address of the nesting daemon.
        nesting_host: Option<String>,
        /// Image of the virtual machines.
        image: Option<String>,
        /// Settings of the nesting daemon.
        nesting_config: BTreeMap<String, String>,
        /// How the manager connects to the virtual machines.
        connector_config: Option<ConnectorConfig>,
    }
}

//! `[runners.machine]`: machines of docker+machine. Legacy: GitLab names docker-autoscaler as its successor.

use crate::section::section;
use crate::value::{Cron7, GoDuration};

section! {
    /// `[runners.machine]`.
    #[derive(Default)]
    pub struct Machine {
        /// Idle **machines** that are kept.
        idle_count as "IdleCount": Option<u32>,
        /// Idle machines as a multiple of those in use; `IdleCount` is then the upper limit. Default 0.0, off.
        idle_scale_factor as "IdleScaleFactor": Option<f64>,
        /// Fewest idle machines where `IdleScaleFactor` is used. Default 1.
        idle_count_min as "IdleCountMin": Option<u32>,
        /// Seconds that a machine stays idle before it is removed.
        idle_time as "IdleTime": Option<u32>,
        /// Jobs after which a machine is removed; 0, the default, means no limit.
        max_builds as "MaxBuilds": Option<u32>,
        /// Machines created at once; 0, the default, means no limit.
        max_growth_rate as "MaxGrowthRate": Option<u32>,
        /// Attempts at removal. Default 30.
        max_removal_attempts as "MaxRemovalAttempts": Option<u32>,
        /// Driver of docker-machine, such as `amazonec2`.
        machine_driver as "MachineDriver": Option<String>,
        /// Name of machines; must contain `%s`.
        machine_name as "MachineName": Option<String>,
        /// Options of the driver, without leading dashes.
        machine_options as "MachineOptions": Vec<String>,
        /// Options that hold the machine's name; each must contain `%s`.
        machine_options_with_name as "MachineOptionsWithName": Vec<String>,
        /// Time between two refreshes of a machine's liveness label; only some drivers. Default `0s`, off.
        heartbeat_interval as "HeartbeatInterval": Option<GoDuration>,
        /// Deprecated: use `autoscaling`.
        off_peak_periods as "OffPeakPeriods": Vec<Cron7>,
        /// Deprecated: use `autoscaling`.
        off_peak_timezone as "OffPeakTimezone": Option<String>,
        /// Deprecated: use `autoscaling`.
        off_peak_idle_count as "OffPeakIdleCount": Option<u32>,
        /// Deprecated: use `autoscaling`. Seconds.
        off_peak_idle_time as "OffPeakIdleTime": Option<u32>,
        /// Values by time of day; the last that matches wins and replaces the outer values.
        autoscaling: Vec<MachineAutoscaling>,
    }
}

section! {
    /// `[[runners.machine.autoscaling]]`: values by time of day.
    #[derive(Default)]
    pub struct MachineAutoscaling {
        /// When this holds.
        periods as "Periods": Vec<Cron7>,
        /// Time zone of the periods, such as `Europe/Berlin`. Default: the manager's.
        timezone as "Timezone": Option<String>,
        /// Idle machines that are kept.
        idle_count as "IdleCount": Option<u32>,
        /// Idle machines as a multiple of those in use. Default 0.0, off.
        idle_scale_factor as "IdleScaleFactor": Option<f64>,
        /// Fewest idle machines where `IdleScaleFactor` is used. Default 1.
        idle_count_min as "IdleCountMin": Option<u32>,
        /// Seconds that a machine stays idle before it is removed.
        idle_time as "IdleTime": Option<u32>,
    }
}

//! `[runners.machine]`.

use super::runner::missing;
use super::{Findings, check_timezone};
use crate::machine::Machine;
use crate::path::Path;

pub(super) fn check(machine: &Machine, path: &Path, findings: &mut Findings) {
    missing(
        machine.machine_driver.as_deref(),
        &path.attribute("MachineDriver"),
        findings,
        "docker-machine needs a driver",
        "Write the driver, such as \"amazonec2\"",
    );
    let name_path = path.attribute("MachineName");
    let has_place = machine.machine_name.as_ref().is_some_and(|name| name.contains("%s"));
    if !has_place {
        findings.error(
            &name_path,
            "names of machines need `%s`, where what makes them unique is put",
            "Write a name such as \"ci-%s\"",
        );
    }
    check_options(machine, path, findings);
    check_timezone(machine.off_peak_timezone.as_deref(), &path.attribute("OffPeakTimezone"), findings);
    for (position, period) in machine.autoscaling.iter().enumerate() {
        let path = path.attribute("autoscaling").index(position);
        check_timezone(period.timezone.as_deref(), &path.attribute("Timezone"), findings);
        check_idle(period.idle_count, period.idle_count_min, period.idle_scale_factor, &path, findings);
        if period.periods.is_empty() {
            findings.error(
                &path.attribute("Periods"),
                "without a period this never applies",
                "Write a cron expression of seven fields, such as \"* * 8-17 * * mon-fri *\"",
            );
        }
    }
    check_idle(machine.idle_count, machine.idle_count_min, machine.idle_scale_factor, path, findings);
    for (key, present) in [
        ("OffPeakPeriods", !machine.off_peak_periods.is_empty()),
        ("OffPeakTimezone", machine.off_peak_timezone.is_some()),
        ("OffPeakIdleCount", machine.off_peak_idle_count.is_some()),
        ("OffPeakIdleTime", machine.off_peak_idle_time.is_some()),
    ] {
        if present {
            findings.warning(
                &path.attribute(key),
                "this key is deprecated",
                "Use [[runners.machine.autoscaling]]",
            );
        }
    }
}

fn check_options(machine: &Machine, path: &Path, findings: &mut Findings) {
    for (key, options) in [
        ("MachineOptions", &machine.machine_options),
        ("MachineOptionsWithName", &machine.machine_options_with_name),
    ] {
        for (position, option) in options.iter().enumerate() {
            let path = path.attribute(key).index(position);
            if option.starts_with('-') {
                findings.error(&path, "the runner adds the dashes itself", "Write the option without them");
            }
            if key == "MachineOptionsWithName" && !option.contains("%s") {
                findings.error(
                    &path,
                    "without `%s` the runner refuses the whole file",
                    "Write `%s` where the machine's name belongs, or move the option to MachineOptions",
                );
            }
        }
    }
}

fn check_idle(
    count: Option<u32>,
    least: Option<u32>,
    factor: Option<f64>,
    path: &Path,
    findings: &mut Findings,
) {
    let factor = factor.unwrap_or(0.0);
    if !(factor >= 0.0 && factor.is_finite()) {
        findings.error(&path.attribute("IdleScaleFactor"), "this must be 0.0 or above", "Correct the number");
    }
    let (count, least) = (count.unwrap_or(0), least.unwrap_or(0));
    if factor > 0.0 && least > count {
        findings.warning(
            &path.attribute("IdleCountMin"),
            format!("{least} is above IdleCount, {count}, which is the upper limit"),
            format!("Write at most {count}, or raise IdleCount"),
        );
    }
}

//! `[runners.machine]`, `[machine]` and `[runners.cache]`.

use runner_config::Severity::{Error, Warning};

use crate::{MACHINE, finds, found};

#[test]
fn cache_is_checked() {
    for (key, value, severity, path, word) in [
        ("s3", "", Error, "", "no bucket"),
        ("Type", "", Error, ".Type", "ignored"),
        ("MaxUploadedArchiveSize", "-1", Error, ".MaxUploadedArchiveSize", "negative"),
        ("MaxUploadedArchiveSize", "5368709121", Warning, ".MaxUploadedArchiveSize", "RoleARN"),
        ("s3/BucketName", "", Error, ".s3.BucketName", "no bucket"),
        ("s3/BucketLocation", "", Warning, ".s3.BucketLocation", "region"),
        ("s3/AuthenticationType", "\"access-key\"", Error, ".s3.AuthenticationType", "secrets"),
        ("s3/ServerSideEncryptionKeyID", "\"k\"", Error, ".s3.ServerSideEncryptionKeyID", "KMS"),
        (
            "s3/UploadRoleARN",
            "\"arn:aws:iam::123456789012:role/a\"",
            Warning,
            ".s3.UploadRoleARN",
            "deprecated",
        ),
        ("s3/Insecure", "true", Warning, ".s3.Insecure", "unencrypted"),
    ] {
        finds(
            &[(&format!("runners/0/cache/{key}"), value)],
            severity,
            &format!("runners[0].cache{path}"),
            word,
        );
    }
}

#[test]
fn docker_machine_is_checked() {
    let legacy = (Warning, "runners[0].executor", "successor");
    found(MACHINE, &[], &[legacy]);
    for (key, value, severity, path, word) in [
        ("MachineName", "\"ci\"", Error, "MachineName", "%s"),
        ("MachineDriver", "", Error, "MachineDriver", "driver"),
        ("MachineOptions", "[\"--amazonec2-zone=a\"]", Error, "MachineOptions[0]", "dashes"),
        ("MachineOptionsWithName", "[\"amazonec2-tags=a\"]", Error, "MachineOptionsWithName[0]", "%s"),
        ("IdleScaleFactor", "-0.5", Error, "IdleScaleFactor", "0.0 or above"),
        ("OffPeakTimezone", "\"UTC\"", Warning, "OffPeakTimezone", "deprecated"),
        ("autoscaling", "[{ IdleCount = 1 }]", Error, "autoscaling[0].Periods", "never applies"),
        ("autoscaling/0/Timezone", "\"\"", Error, "autoscaling[0].Timezone", "time zone"),
    ] {
        found(
            MACHINE,
            &[(&format!("runners/0/machine/{key}"), value)],
            &[legacy, (severity, &format!("runners[0].machine.{path}"), word)],
        );
    }
    found(
        MACHINE,
        &[("runners/0/machine/IdleScaleFactor", "0.5"), ("runners/0/machine/IdleCountMin", "2")],
        &[legacy, (Warning, "runners[0].machine.IdleCountMin", "upper limit")],
    );
    found(MACHINE, &[("machine", "")], &[(Warning, "config.toml", "stay"), legacy]);
    found(
        MACHINE,
        &[("machine/shutdown_drain/enabled", "false")],
        &[(Warning, "machine.shutdown_drain.enabled", "stay"), legacy],
    );
}

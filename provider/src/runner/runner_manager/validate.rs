//! Checks of the configuration: single attributes, and how they go together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use runner_config::{GoDuration, TokenPlaceholder, secret_in};
use tf_provider::schema::Invalid;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, ValidateConfig, Value};

use super::{GitlabRunnerPlan, RunnerManager, RunnerManagerPlan, assess};
use crate::ec2::root_volume;

/// Days that CloudWatch Logs can keep lines (PutRetentionPolicy, CloudWatch Logs API reference).
const RETENTION_DAYS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];
/// Longest name of a parameter, together with the ARN before it; most of its levels.
const PARAMETER_NAME: usize = 1011;
const PARAMETER_LEVELS: usize = 15;
const SHUTDOWN_TIMEOUT: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(48 * 3600);

impl ValidateConfig for RunnerManager {
    fn validate(config: &RunnerManagerPlan, diagnostics: &mut Diagnostics) {
        if let Value::Known(runner) = &config.gitlab_runner {
            check_gitlab_runner(runner, diagnostics);
        }
        if let Value::Known(parameters) = &config.token_parameters {
            check_token_parameters(parameters, diagnostics);
        }
        root_volume::validate(&config.root_volume, diagnostics);
        let Value::Known(text) = &config.config else { return };
        let hosts = config.ecr_hosts.known().and_then(|hosts| {
            hosts.iter().map(|host| host.known().cloned()).collect::<Option<BTreeSet<String>>>()
        });
        let assessment = assess::assess(text, hosts);
        for diagnostic in assessment.diagnostics {
            diagnostics.push(diagnostic);
        }
        if let (Some(placeholders), Value::Known(parameters)) =
            (assessment.placeholders, &config.token_parameters)
        {
            let given = parameters.keys().map(String::as_str).collect();
            diagnostics.extend(assess::check_tokens(&placeholders, &given));
        }
    }
}

fn check_gitlab_runner(runner: &GitlabRunnerPlan, diagnostics: &mut Diagnostics) {
    let detail = match (&runner.package, &runner.url, &runner.sha256) {
        (Value::Known(_), Value::Known(_), _) | (Value::Known(_), _, Value::Known(_)) => {
            "package excludes url and sha256. Remove either."
        }
        (Value::Null, Value::Null, _) => "Set package, or url and sha256 of the binary.",
        (Value::Null, Value::Known(_), Value::Null) => {
            "A binary is installed only if its checksum is known. Set sha256."
        }
        _ => return,
    };
    diagnostics.push(Diagnostic::error("Invalid gitlab_runner", detail).at("gitlab_runner"));
}

fn check_token_parameters(parameters: &BTreeMap<String, Value<String>>, diagnostics: &mut Diagnostics) {
    for (placeholder, name) in parameters {
        let secret = secret_in(placeholder).or_else(|| name.known().and_then(|name| secret_in(name)));
        if let Some(what) = secret {
            // Terraform shows the source that a diagnostic points at.
            let detail = format!(
                "token_parameters seems to hold {what}. Write the name of the SSM parameter that holds it; the value is \
                 not shown."
            );
            diagnostics.push(Diagnostic::error("Invalid token_parameters", detail));
            continue;
        }
        let mut fault = |detail: String| {
            let path = AttributePath::attribute("token_parameters").with_key(placeholder.as_str());
            diagnostics.push(Diagnostic::error("Invalid token_parameters", detail).at(path));
        };
        if TokenPlaceholder::new(placeholder.as_str()).is_err() {
            fault(format!(
                "The key {placeholder:?} is no placeholder. Write two underscores, a name of letters, digits, `_` and \
                 `-`, two underscores, as in config."
            ));
        }
        if let Value::Known(name) = name
            && let Err(invalid) = check_parameter_name(name)
        {
            fault(format!(
                "The name of the parameter for {placeholder} {}. {}",
                invalid.problem, invalid.remedy
            ));
        }
    }
}

/// The manager's name is a part of the names of parameter and log group, too.
pub(super) fn check_name(name: &str) -> Result<(), Invalid> {
    if !(3..=128).contains(&name.len()) {
        return Err(Invalid::new(format!("must have 3 to 128 characters, but has {}", name.chars().count())));
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !".-_".contains(*c)) {
        Some(c) => Err(Invalid::new(format!("must consist of letters, digits and `.-_`, but has {c:?}"))),
        None => Ok(()),
    }
}

pub(super) fn check_image(id: &str) -> Result<(), Invalid> {
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    match id.strip_prefix("ami-") {
        Some(rest) if rest.len() >= 8 && rest.chars().all(hex) => Ok(()),
        _ => Err(Invalid::new("must be the id of an image")
            .remedy("Write ami-…, such as the image_id of the data source ecrunner_ami.")),
    }
}

pub(super) fn check_parameter_name(name: &str) -> Result<(), Invalid> {
    let remedy = "Write a path such as \"/ecrunner/linux/token\".";
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    let Some(path) = name.strip_prefix('/') else {
        return Err(Invalid::new("must begin with a slash").remedy(remedy));
    };
    if !path.chars().all(allowed) {
        return Err(Invalid::new("must consist of letters, digits and `_.-/`").remedy(remedy));
    }
    let levels: Vec<&str> = path.split('/').collect();
    if levels.iter().any(|level| level.is_empty()) {
        return Err(Invalid::new("must not have an empty level").remedy(remedy));
    }
    // Before the name stands `arn:…:parameter`, of some 60 characters.
    if levels.len() > PARAMETER_LEVELS || name.len() > PARAMETER_NAME - 80 {
        return Err(Invalid::new("must have at most 15 levels and 931 characters").remedy(remedy));
    }
    let first = levels[0].to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(Invalid::new("must not begin with aws or ssm, which AWS keeps to itself").remedy(remedy));
    }
    Ok(())
}

pub(super) fn check_log_group_name(name: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    if (1..=512).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with("aws/") {
        return Ok(());
    }
    Err(Invalid::new("must have 1 to 512 letters, digits and `.-_/#`, and not begin with aws/"))
}

pub(super) fn check_retention(days: &i32) -> Result<(), Invalid> {
    if RETENTION_DAYS.contains(days) {
        return Ok(());
    }
    let all: Vec<String> = RETENTION_DAYS.iter().map(ToString::to_string).collect();
    Err(Invalid::new(format!("must be one of {}", all.join(", "))))
}

pub(super) fn check_host(host: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
    if host.contains('.') && host.chars().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new("must be the host name of a registry")
        .remedy("Write \"<account id>.dkr.ecr.<region>.amazonaws.com\", without https:// and path."))
}

pub(super) fn check_package(package: &str) -> Result<(), Invalid> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._:~=".contains(c);
    if package.starts_with(|c: char| c.is_ascii_alphanumeric()) && package.chars().all(allowed) {
        return Ok(());
    }
    Err(Invalid::new("must be the name of a package")
        .remedy("Write \"gitlab-runner-<version>\" for dnf, \"gitlab-runner=<version>\" for apt."))
}

pub(super) fn check_shutdown_timeout(text: &str) -> Result<(), Invalid> {
    shutdown_timeout(text).map(drop)
}

/// The duration that `shutdown_timeout` says.
///
/// # Errors
/// It is none, or out of bounds.
pub(super) fn shutdown_timeout(text: &str) -> Result<Duration, Invalid> {
    let remedy = "Write whole numbers with units, such as \"90m\" or \"2h\".";
    let parsed = text.parse::<GoDuration>().map(GoDuration::as_duration);
    let timeout = parsed.map_err(|_| Invalid::new("is no duration").remedy(remedy))?;
    if !SHUTDOWN_TIMEOUT.contains(&timeout) || timeout.subsec_nanos() > 0 {
        return Err(Invalid::new("must be 1 minute to 48 hours").remedy(remedy));
    }
    Ok(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_group_parameter_and_log_group() {
        assert_eq!(check_name("ci.linux_a-b"), Ok(()));
        for wrong in ["ab", "a/b/c", "a (b)", "a:b", &"x".repeat(129)] {
            assert!(check_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parameters_are_named_by_a_path() {
        for name in ["/ecrunner/linux/config", "/x"] {
            assert_eq!(check_parameter_name(name), Ok(()));
        }
        for wrong in ["", "x", "/", "/a//b", "/a/", "/aws/x", "/SSM-x/y", "/a b", &"/a".repeat(16)] {
            assert!(check_parameter_name(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shutdown_waits_a_minute_to_two_days() {
        assert_eq!(shutdown_timeout("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(shutdown_timeout("1h30m"), Ok(Duration::from_secs(5400)));
        for wrong in ["", "2", "59s", "49h", "2 h", "90500ms"] {
            assert!(shutdown_timeout(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn retention_is_one_that_there_is() {
        assert_eq!(check_retention(&30), Ok(()));
        assert!(check_retention(&31).is_err_and(|invalid| invalid.problem.contains("14, 30, 60")));
    }

    #[test]
    fn a_tokens_parameter_is_named_and_a_literal_token_not_repeated() {
        let parameters = BTreeMap::from([
            ("__a__".to_owned(), Value::Known("/ecrunner/a".to_owned())),
            ("b".to_owned(), Value::Unknown),
            ("__c__".to_owned(), Value::Known("glrt-aBcDeF0123456789".to_owned())),
        ]);
        let mut found = Diagnostics::new();
        check_token_parameters(&parameters, &mut found);
        let details: Vec<&str> = found.iter().map(|found| found.detail.as_str()).collect();
        assert_eq!(details.len(), 2, "{details:?}");
        assert!(details.iter().all(|detail| !detail.contains("aBcDeF")));
    }
}

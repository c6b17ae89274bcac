//! Log levels by environment variables.

use tracing::level_filters::LevelFilter;

/// Without any variable.
const DEFAULT: LevelFilter = LevelFilter::WARN;

/// The level of each part of the process.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Levels {
    pub(super) provider: LevelFilter,
    pub(super) sdk: LevelFilter,
    pub(super) proto: LevelFilter,
}

impl Levels {
    /// Reads the variables through `get`; `local_name` is the provider's name in a configuration.
    pub(super) fn read(get: impl Fn(&str) -> Option<String>, local_name: &str) -> Self {
        let level = |name: &str| get(name).as_deref().and_then(parse);
        let named = format!("TF_LOG_PROVIDER_{}", local_name.to_uppercase().replace('-', "_"));
        let providers = level("TF_LOG_PROVIDER").or_else(|| level("TF_LOG"));
        let sdk = level("TF_LOG_SDK").or(providers).unwrap_or(DEFAULT);
        Self {
            provider: level(&named).or(providers).unwrap_or(DEFAULT),
            sdk,
            proto: level("TF_LOG_SDK_PROTO").unwrap_or(sdk),
        }
    }
}

/// Empty means unset; what is no level means everything, as in Terraform.
fn parse(value: &str) -> Option<LevelFilter> {
    match value.to_ascii_lowercase().as_str() {
        "" => None,
        "off" => Some(LevelFilter::OFF),
        "error" => Some(LevelFilter::ERROR),
        "warn" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        _ => Some(LevelFilter::TRACE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], provider: LevelFilter, sdk: LevelFilter, proto: LevelFilter) {
        let get =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(Levels::read(get, "my-cloud"), Levels { provider, sdk, proto });
    }

    const WARN: LevelFilter = LevelFilter::WARN;
    const DEBUG: LevelFilter = LevelFilter::DEBUG;
    const TRACE: LevelFilter = LevelFilter::TRACE;

    #[test]
    fn without_variables_only_warnings_are_logged() {
        check(&[], WARN, WARN, WARN);
        check(&[("TF_LOG", "")], WARN, WARN, WARN);
    }

    #[test]
    fn the_narrower_variable_wins() {
        check(&[("TF_LOG", "trace")], TRACE, TRACE, TRACE);
        check(&[("TF_LOG", "trace"), ("TF_LOG_PROVIDER", "DEBUG")], DEBUG, DEBUG, DEBUG);
        check(&[("TF_LOG_PROVIDER", "debug"), ("TF_LOG_PROVIDER_MY_CLOUD", "warn")], WARN, DEBUG, DEBUG);
        check(&[("TF_LOG", "trace"), ("TF_LOG_SDK", "off")], TRACE, LevelFilter::OFF, LevelFilter::OFF);
        check(&[("TF_LOG_SDK_PROTO", "debug")], WARN, WARN, DEBUG);
    }

    #[test]
    fn what_is_no_level_means_everything() {
        check(&[("TF_LOG", "json")], TRACE, TRACE, TRACE);
    }
}

//! `ecrunner_runner_config`: a GitLab Runner config.toml from typed arguments, in one canonical form.
//! AWS: none; source is GitLab Runner's own configuration as the crate `runner-config` models it.
//! Validation reports errors as far as values are known, reading reports warnings too: both by [`assess`].

use std::collections::{BTreeMap, BTreeSet};

use ::runner_config::RenderError;
use tf_provider::schema::{Computed, Convert};
use tf_provider::value::Number;
use tf_provider::{Context, DataSource, Diagnostic, Diagnostics, Schema, ValidateConfig};

use crate::clients::Clients;

mod runner;

mod docker;

mod autoscaler;

mod cache;

mod arguments;
mod assess;
mod defaults;
mod extra;

pub use autoscaler::{Autoscaler, ConnectorConfig, PluginConfig, Policy, StateStorage};
pub use cache::{Cache, S3};
pub use docker::{Docker, Service};
pub use runner::Runner;

use assess::assess;

/// Renders GitLab Runner's config.toml from typed arguments, and finds at plan time what GitLab Runner would ignore in
/// silence or notice when a job fails.
///
/// Arguments are the keys of config.toml in snake case, in the order of its sections. No secret stands in the text: each
/// token is a placeholder that the runner manager replaces.
#[derive(Schema, Clone, Debug)]
#[tf(type_name = "ecrunner_runner_config")]
pub struct RunnerConfig {
    /// Jobs at once over all `runners`; at least as many as there are entries.
    pub concurrent: Number,
    /// Seconds between two questions for jobs, per entry. Default 3.
    pub check_interval: Option<Number>,
    /// From which level on the runner logs: `debug`, `info`, `warn`, `error`, `fatal`, `panic`. Default `info`.
    pub log_level: Option<String>,
    /// Form of the log lines: `runner`, `text`, `json`. Default `runner`.
    pub log_format: Option<String>,
    /// Version up to which standardised log field names are used. Default 0, the old names.
    pub log_field_schema_version: Option<Number>,
    /// Version up to which log fields are written under both names; 0, the default, turns it off.
    pub log_field_dual_emit_target: Option<Number>,
    /// `host:port` on which Prometheus metrics and debug pages are served. Default: not served.
    pub listen_address: Option<String>,
    /// Seconds that running jobs have to end after SIGTERM or SIGINT. Default 30.
    pub shutdown_timeout: Option<Number>,
    /// Age at which a connection to GitLab is renewed. Default `15m0s`.
    pub connection_max_age: Option<String>,
    /// Sentry DSN to which errors are reported.
    pub sentry_dsn: Option<String>,
    /// User that jobs of the shell executor run as.
    pub user: Option<String>,
    /// Labels of all entries; at most 32 together with those of an entry.
    pub labels: Option<BTreeMap<String, String>>,
    /// The runners, each with a token of its own at GitLab.
    pub runners: Vec<Runner>,
    /// Further keys, as the text of a config.toml. Only keys that GitLab Runner knows, and none that an argument sets
    /// too; the first `[[runners]]` in it goes to the first of `runners`, the second to the second.
    pub extra_config: Option<String>,
    /// The text of config.toml. The same arguments always give the same text.
    pub config_toml: Computed<String>,
    /// The placeholders in the text: each is to be replaced by the token of its runner.
    pub token_placeholders: Computed<BTreeSet<String>>,
    /// What works and will hurt later, one sentence or two each, with its place. Each is a warning of the plan too.
    pub warnings: Computed<Vec<String>>,
}

impl DataSource for RunnerConfig {
    type Client = Clients;

    async fn read(mut self, ctx: &mut Context<Clients>) -> Result<Self, Diagnostics> {
        let assessment = assess(&self.to_raw());
        if assessment.errors.has_errors() {
            return Err(assessment.errors);
        }
        let Some(config) = assessment.config else {
            return Err(Diagnostic::provider_bug("A configuration without errors could not be read.").into());
        };
        let text = config.render().map_err(|RenderError::Secrets(faults)| {
            Diagnostics::from(Diagnostic::error("Secret in runner configuration", format!("{faults}.")))
        })?;
        self.config_toml = text.into();
        self.token_placeholders =
            config.token_placeholders().map(ToString::to_string).collect::<BTreeSet<_>>().into();
        self.warnings = assessment.warnings.iter().map(told).collect::<Vec<_>>().into();
        for warning in assessment.warnings {
            ctx.warn(warning);
        }
        Ok(self)
    }
}

impl ValidateConfig for RunnerConfig {
    fn validate(config: &RunnerConfigPlan, diagnostics: &mut Diagnostics) {
        diagnostics.extend(assess(&config.to_raw()).errors);
    }
}

/// A warning with its place, which the detail of a nested argument does not name.
fn told(warning: &Diagnostic) -> String {
    let place = warning.path.to_string();
    if warning.path.steps().len() > 1 {
        format!("{place}: {}", warning.detail)
    } else {
        warning.detail.clone()
    }
}

#[cfg(test)]
mod tests {
    use ::runner_config::{Key, Path, RunnerConfig as Model};
    use tf_provider::schema::{Attribute, AttributeKind};
    use tf_provider::value::Type;

    use super::*;

    /// Arguments that stand for no key.
    const OURS: [&str; 4] = ["extra_config", "config_toml", "token_placeholders", "warnings"];

    /// Calls `visit` with every argument and its key.
    fn every_argument(
        attributes: &[Attribute],
        keys: &'static [Key],
        path: &Path,
        visit: &mut dyn FnMut(&Path, &Attribute, &Key),
    ) {
        for attribute in attributes.iter().filter(|attribute| !OURS.contains(&attribute.name.as_str())) {
            let name = attribute.name.trim_end_matches("_placeholder");
            let path = path.attribute(&attribute.name);
            let key = keys.iter().find(|key| key.field == name);
            let key = key.unwrap_or_else(|| panic!("{path} stands for no key, and would be left out"));
            visit(&path, attribute, key);
            if let AttributeKind::Nested(_, attributes) = &attribute.kind {
                every_argument(attributes, key.keys, &path, visit);
            }
        }
    }

    #[test]
    fn every_argument_stands_for_a_key_of_its_type() {
        let mut count = 0;
        every_argument(
            &RunnerConfig::definition().attributes,
            Model::keys(),
            &Path::root(),
            &mut |path, attribute, key| {
                count += 1;
                let expected = match attribute.kind.ty() {
                    Type::Bool => ["a boolean", ""],
                    Type::Number => ["an integer", "a float"],
                    Type::List(_) | Type::Set(_) => ["a list", "a string or a list of strings"],
                    Type::Map(_) | Type::Object(_) => ["a table", ""],
                    Type::String => {
                        assert!(
                            key.expected.starts_with("a ") && key.expected.contains("string")
                                || key.expected == "a token placeholder",
                            "{path}: {}",
                            key.expected
                        );
                        return;
                    }
                    other => panic!("{path} has the type {other:?}"),
                };
                assert!(expected.contains(&key.expected), "{path} is {}", key.expected);
            },
        );
        assert!(count > 150, "{count}");
    }

    #[test]
    fn every_key_of_the_docker_section_is_an_argument() {
        let docker = Docker::definition().attributes;
        let section = |keys: &'static [Key], name: &str| {
            keys.iter().find(|key| key.name == name).map_or(&[] as &[Key], |key| key.keys)
        };
        for key in section(section(Model::keys(), "runners"), "docker") {
            assert!(docker.iter().any(|attribute| attribute.name == key.field), "{} is missing", key.name);
        }
    }
}

//! The text of a `config.toml`: every fault of one run, and whether it can be published.

use std::collections::BTreeSet;

use runner_config::{CheckContext, FaultKind, ParseError, RunnerConfig, Severity, TokenPlaceholder, check};
use tf_provider::{Diagnostic, Diagnostics};

use crate::runner::published::{self, ADVANCED_TIER};

/// What a text came to.
pub(super) struct Assessment {
    /// Errors and warnings, in the order of the text.
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Placeholders of the tokens; `None` when the text cannot be read.
    pub(super) placeholders: Option<Vec<TokenPlaceholder>>,
}

/// Checks a text. `ecr_hosts` are the registries that the manager logs in to, if they are known.
pub(super) fn assess(text: &str, ecr_hosts: Option<BTreeSet<String>>) -> Assessment {
    let mut diagnostics: Vec<Diagnostic> = too_large(text).into_iter().collect();
    let placeholders = match RunnerConfig::parse(text) {
        Ok(config) => {
            let context = CheckContext { credential_helper_hosts: ecr_hosts, ..CheckContext::default() };
            for finding in check(&config, &context) {
                let detail = format!("config, {}: {}. {}.", finding.path, finding.problem, finding.remedy);
                let diagnostic = match finding.severity {
                    Severity::Error => Diagnostic::error("Invalid runner configuration", detail),
                    Severity::Warning => Diagnostic::warning("Doubtful runner configuration", detail),
                };
                diagnostics.push(diagnostic.at("config"));
            }
            Some(config.token_placeholders().cloned().collect())
        }
        Err(error @ ParseError::Syntax { .. }) => {
            // What is no TOML may hold anything, and Terraform shows the source that a diagnostic points at.
            let hide = runner_config::secret_in(text).is_some();
            diagnostics.push(fault(format!("config is no TOML: {error}."), hide));
            None
        }
        Err(ParseError::Faults(faults)) => {
            let hide = faults.as_slice().iter().any(|fault| matches!(fault.kind, FaultKind::Secret(_)));
            let found = faults.as_slice().iter();
            diagnostics
                .extend(found.map(|found| fault(format!("config, {}: {}.", found.path, found.kind), hide)));
            None
        }
    };
    Assessment { diagnostics, placeholders }
}

fn fault(detail: String, hide: bool) -> Diagnostic {
    let fault = Diagnostic::error("Invalid runner configuration", detail);
    if hide { fault } else { fault.at("config") }
}

fn too_large(text: &str) -> Option<Diagnostic> {
    let published = published::encode(text).len();
    (published > ADVANCED_TIER).then(|| {
        let detail = format!(
            "config has {} bytes, and {published} as it is published (compressed, then base64); an SSM parameter holds \
             at most {ADVANCED_TIER}. Move scripts to the fleet's setup.extra_script or into images, or divide the \
             runners among two managers.",
            text.len()
        );
        Diagnostic::error("Runner configuration too large", detail)
    })
}

/// What does not fit between the placeholders in the text and the parameters that there are for them.
pub(super) fn check_tokens(placeholders: &[TokenPlaceholder], given: &BTreeSet<&str>) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    let wanted: BTreeSet<&str> = placeholders.iter().map(TokenPlaceholder::as_str).collect();
    for placeholder in wanted.difference(given) {
        let detail = format!(
            "config holds the placeholder {placeholder}, for which there is no parameter. Add \"{placeholder}\" = \
             \"<name of the SSM parameter with the token>\" to token_parameters."
        );
        diagnostics.push(Diagnostic::error("Token without a parameter", detail).at("token_parameters"));
    }
    for placeholder in given.difference(&wanted) {
        let detail = format!(
            "config does not hold the placeholder {placeholder}. The manager would fetch a token that nobody uses: \
             remove it from token_parameters, or correct its name."
        );
        diagnostics.push(Diagnostic::warning("Token that nobody uses", detail).at("token_parameters"));
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(names: &[&str]) -> Vec<TokenPlaceholder> {
        names.iter().map(|name| TokenPlaceholder::new(*name).unwrap()).collect()
    }

    #[test]
    fn every_fault_is_told_with_its_place_in_the_text() {
        let found = assess("concurent = 1\nlog_level = 3\n", None).diagnostics;
        let details: Vec<&str> = found.iter().map(|found| found.detail.as_str()).collect();
        assert_eq!(details.len(), 2, "{details:?}");
        assert!(
            details.iter().any(|detail| detail.contains("config, concurent: unknown key")),
            "{details:?}"
        );
    }

    #[test]
    fn a_secret_is_neither_repeated_nor_pointed_at() {
        let found = assess("log_level = \"glrt-aBcDeF0123456789\"\n", None).diagnostics;
        assert!(found.iter().all(|found| !found.detail.contains("aBcDeF") && found.path.is_root()));
        assert!(!found.is_empty());
        let broken = assess("log_level = glrt-aBcDeF0123456789\n", None).diagnostics;
        assert!(broken.iter().all(|found| !found.detail.contains("aBcDeF") && found.path.is_root()));
    }

    #[test]
    fn a_text_over_the_parameters_limit_is_refused_with_its_sizes() {
        let noise: String =
            (0..3_000_u32).map(|n| format!("# {}\n", super::super::plan::sha256(&n.to_string()))).collect();
        let found = assess(&noise, None).diagnostics;
        assert_eq!(found[0].summary, "Runner configuration too large");
        assert!(found[0].detail.contains(&noise.len().to_string()) && found[0].detail.contains("8192"));
    }

    #[test]
    fn each_placeholder_needs_a_parameter_and_each_parameter_a_placeholder() {
        let found = check_tokens(&placeholders(&["__a__", "__b__"]), &BTreeSet::from(["__b__", "__c__"]));
        let summaries: Vec<&str> = found.iter().map(|found| found.summary.as_str()).collect();
        assert_eq!(summaries, ["Token without a parameter", "Token that nobody uses"]);
        assert!(check_tokens(&placeholders(&["__a__"]), &BTreeSet::from(["__a__"])).is_empty());
    }
}

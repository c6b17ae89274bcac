//! Checks of `pull_proxy`, the last by the daemon itself.

use std::collections::BTreeMap;

use ecr_host::EcrHost;
use oci_copy::Reference;
use pull_proxy::{Config, ConfigError};
use tf_provider::schema::Invalid;
use tf_provider::{AttributePath, Diagnostic, Diagnostics, Value};

use super::{PullProxy, PullProxyPlan, Push, daemon, host_of};
use crate::arn::check_role_arn;
use crate::ecr::repository_name::check_name;

/// Checks what the single attributes' checks do not see; faults are told at their places below `pull_proxy`.
pub fn validate(config: &Value<PullProxyPlan>, diagnostics: &mut Diagnostics) {
    let Value::Known(plan) = config else { return };
    let mut faults = Diagnostics::new();
    let none = |named: &Value<BTreeMap<String, Value<String>>>| match named {
        Value::Unknown => false,
        Value::Null => true,
        Value::Known(named) => named.is_empty(),
    };
    if none(&plan.mirrors) && none(&plan.rules) {
        let detail =
            "Nothing would be served. Set mirrors or rules, such as those of the module image-supply.";
        faults.push(Diagnostic::error("Invalid pull_proxy", detail).at("pull_proxy"));
    }
    for (attribute, named) in [("mirrors", &plan.mirrors), ("rules", &plan.rules)] {
        for (upstream, name) in named.known().into_iter().flatten() {
            let mut fault = |what: &str, invalid: Invalid| {
                let detail = format!("{what} {}. {}", invalid.problem, invalid.remedy);
                let path = AttributePath::attribute("pull_proxy").with_attribute(attribute);
                faults.push(
                    Diagnostic::error(format!("Invalid {attribute}"), detail.trim_end())
                        .at(path.with_key(upstream.as_str())),
                );
            };
            if let Err(invalid) = check_upstream(upstream) {
                fault(&format!("The upstream name {upstream:?}"), invalid);
            }
            if let Value::Known(name) = name
                && let Err(invalid) = check_name(name)
            {
                fault(&format!("The name in ECR for {upstream}, {name:?},"), invalid);
            }
        }
    }
    // Of what was found before it would tell again.
    if !faults.has_errors()
        && let Some(Some(proxy)) = PullProxy::from_plan(config)
        && values_are_good(&proxy)
        && let Err(error) = Config::parse(&daemon::config(&proxy))
    {
        let told = match error {
            ConfigError::Faults(told) => told,
            error => vec![error.to_string()],
        };
        for fault in told {
            let attribute = if fault.starts_with("push.") { "push" } else { "pull_proxy" };
            let path = AttributePath::attribute("pull_proxy");
            let path = if attribute == "push" { path.with_attribute("push") } else { path };
            let detail = format!("The daemon refuses it: {fault}.");
            faults.push(Diagnostic::error(format!("Invalid {attribute}"), detail).at(path));
        }
    }
    diagnostics.extend(faults);
}

/// What the checks of single attributes look at.
fn values_are_good(proxy: &PullProxy) -> bool {
    let push = |push: &Push| {
        check_role_arn(&push.role_arn).is_ok()
            && !push.repositories.is_empty()
            && push.repositories.iter().all(|name| check_push_repository(name).is_ok())
    };
    check_registry_host(&proxy.registry_host).is_ok() && proxy.push.as_ref().is_none_or(push)
}

pub(super) fn check_registry_host(host: &str) -> Result<(), Invalid> {
    match EcrHost::parse(host) {
        Ok(_) => Ok(()),
        Err(_) => Err(Invalid::new("must be the host of a registry of ECR")
            .remedy("Write \"<account id>.dkr.ecr.<region>.amazonaws.com\", without https:// and path.")),
    }
}

pub(super) fn check_push_repository(name: &str) -> Result<(), Invalid> {
    daemon::check_push_repository(name).map_err(Invalid::new)
}

/// Registry and path prefix by the daemon's grammar; the registry's name also has to be one, since files are named by it.
fn check_upstream(upstream: &str) -> Result<(), Invalid> {
    daemon::check_upstream(upstream).map_err(Invalid::new)?;
    let host = host_of(upstream);
    let parsed = Reference::parse(&format!("{host}/x"));
    if parsed.is_ok_and(|parsed| parsed.domain() == host) && !host.starts_with('[') {
        return Ok(());
    }
    Err(Invalid::new("must begin with the name of a registry").remedy("Write \"docker.io\", for example."))
}

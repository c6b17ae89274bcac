//! `docker_auth_config`: the Docker configuration by which ECR's credential helper logs in.

use std::collections::BTreeMap;

use ecr_host::{ECR_PUBLIC, is_private};
use serde::Serialize;
use tf_provider::{Function, FunctionError, Variadic};

/// What Docker calls `docker-credential-ecr-login`.
const HELPER: &str = "ecr-login";

/// The part of Docker's config.json that names credential helpers. Its keys are sorted, so that the text is always the
/// same.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DockerConfig<'a> {
    cred_helpers: BTreeMap<&'a str, &'static str>,
}

/// `docker_auth_config`: logs in to ECR registries by their credential helper.
pub fn docker_auth_config() -> Function {
    Function::new(
        "docker_auth_config",
        "Writes the Docker configuration by which ECR's credential helper logs in.",
        "Returns JSON for `config.json` of Docker, or for `DOCKER_AUTH_CONFIG` of GitLab Runner: a `credHelpers` entry \
         `ecr-login` for each registry, sorted by host. No secret stands in it; `docker-credential-ecr-login` has to be \
         in the `PATH` of what reads it, for GitLab Runner that of the service on the runner manager, and takes the \
         credentials of the machine. GitLab Runner asks the helper for every host at each pull, and one that fails takes \
         the logins of all others of this configuration with it: name only registries that are pulled from and allowed. \
         A job's own `DOCKER_AUTH_CONFIG` replaces that of the runner's `environment`, and is combined with the \
         `config.json` of the user that the runner runs as.",
        [(
            "hosts",
            "Registries of ECR: `<account>.dkr.ecr.<region>.amazonaws.com`, its FIPS and dual-stack forms, or \
             `public.ecr.aws`; at least one.",
        )],
        |hosts: Variadic<String>| write(&hosts),
    )
}

fn write(hosts: &[String]) -> Result<String, FunctionError> {
    if hosts.is_empty() {
        let text = "hosts: give at least one registry of ECR.".to_owned();
        return Err(FunctionError { text, argument: None });
    }
    let mut cred_helpers = BTreeMap::new();
    for (position, host) in (0..).zip(hosts) {
        check_host(host).map_err(|text| FunctionError::argument(position, format!("hosts: {text}")))?;
        cred_helpers.insert(host.as_str(), HELPER);
    }
    serde_json::to_string(&DockerConfig { cred_helpers })
        .map_err(|error| FunctionError { text: format!("writing JSON: {error}."), argument: None })
}

fn check_host(host: &str) -> Result<(), String> {
    if host == ECR_PUBLIC || is_private(host) {
        return Ok(());
    }
    let bare = host.split_once("://").map_or(host, |(_, rest)| rest);
    let bare = bare.split('/').next().unwrap_or_default().to_ascii_lowercase();
    if bare != host && (bare == ECR_PUBLIC || is_private(&bare)) {
        return Err(format!("{host:?} is more than the name of a host: write {bare:?}."));
    }
    Err(format!(
        "{host:?} is no registry of ECR, and ecr-login logs in to no other. Write \
         \"<account id>.dkr.ecr.<region>.amazonaws.com\" or {ECR_PUBLIC:?}."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRANKFURT: &str = "111122223333.dkr.ecr.eu-central-1.amazonaws.com";

    fn written(hosts: &[&str]) -> Result<String, FunctionError> {
        write(&hosts.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn hosts_are_sorted_and_each_stands_once() {
        let json = format!(r#"{{"credHelpers":{{"{FRANKFURT}":"ecr-login","public.ecr.aws":"ecr-login"}}}}"#);
        assert_eq!(written(&[ECR_PUBLIC, FRANKFURT]), Ok(json.clone()));
        assert_eq!(written(&[FRANKFURT, ECR_PUBLIC, FRANKFURT]), Ok(json));
    }

    #[test]
    fn host_at_fault_is_told_by_its_position_with_what_to_write() {
        let scheme = format!("https://{FRANKFURT}");
        let path = format!("{FRANKFURT}/mirror/alpine:3.20");
        for (host, text) in [
            (scheme.as_str(), FRANKFURT),
            (path.as_str(), FRANKFURT),
            ("Public.ecr.aws", ECR_PUBLIC),
            ("quay.io", "no registry of ECR"),
            ("index.docker.io", "no registry of ECR"),
            ("", "no registry of ECR"),
        ] {
            let fault = written(&[FRANKFURT, host]).expect_err("accepted");
            assert_eq!(fault.argument, Some(1), "{host}");
            assert!(fault.text.starts_with("hosts: ") && fault.text.contains(text), "{}", fault.text);
        }
        assert_eq!(written(&[]).expect_err("accepted").argument, None);
    }
}

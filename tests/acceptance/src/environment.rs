//! A command's environment without what the caller's shell would add to it.

use std::path::Path;
use std::process::Command;

/// Variables that would lead a command away from loopback or change what it prints.
const PREFIXES: &[&str] = &["AWS_", "TF_", "ECRUNNER_", "GITLAB_", "DOCKER_"];
const PROXIES: &[&str] = &["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/// Removes credentials, settings and proxies of whoever runs the tests, and sets an own home directory.
pub(crate) fn isolate(command: &mut Command, home: &Path) {
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let foreign = PREFIXES.iter().any(|prefix| text.starts_with(prefix))
            || PROXIES.iter().any(|proxy| text.eq_ignore_ascii_case(proxy));
        if foreign {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", home)
        .env("AWS_CONFIG_FILE", home.join("aws-config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.join("aws-credentials"))
        .env("AWS_EC2_METADATA_DISABLED", "true");
}

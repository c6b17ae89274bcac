//! The daemon itself: its program, its configuration and its unit.

use std::collections::BTreeMap;

use pull_proxy::Config;
use pull_proxy::systemd::SERVICE_UNIT;
use toml::{Table, Value};

use super::super::bundle::{Bundle, Start};
use super::super::download::Download;
use super::jobs::{DOCKER_CONFIG_DIRECTORY, RUNTIME_DIRECTORY};
use super::{ADDRESS, Fallback, LOCAL, NESTED, PullProxy};

/// Where the unit looks for the daemon's configuration.
pub const CONFIG: &str = "/etc/ecr-pull-proxy.toml";
const PROGRAM: &str = "/usr/local/bin/ecr-pull-proxy";
/// Stands for any repository where upstream names alone are checked.
const SOME_REPOSITORY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/any";
const UNIT: &str = "ecr-pull-proxy.service";
/// Link to the one program, on both operating systems.
const IP: &str = "/usr/sbin/ip";

pub(super) fn add(proxy: &PullProxy, bundle: &mut Bundle) {
    if proxy.url.starts_with("s3:") {
        bundle.aws_cli();
    }
    bundle
        .download(Download {
            url: proxy.url.clone(),
            sha256: proxy.sha256.clone(),
            path: PROGRAM.to_owned(),
            mode: 0o755,
        })
        .file(CONFIG, 0o644, config(proxy))
        .unit(UNIT, Start::Enabled, SERVICE_UNIT)
        .drop_in(UNIT, "ecrunner.conf", drop_in(proxy));
}

/// The daemon's configuration; keys in the order of the alphabet, so that the same proxy gives the same text.
pub(super) fn config(proxy: &PullProxy) -> String {
    let mut config = Table::new();
    config.insert("listen".to_owned(), Value::from(vec![LOCAL, NESTED]));
    for (kind, rules) in [("mirror", &proxy.mirrors), ("pull_through", &proxy.rules)] {
        if let Some(rules) = rules.as_ref().filter(|rules| !rules.is_empty()) {
            config.insert(kind.to_owned(), Value::from(rule_tables(proxy, rules)));
        }
    }
    if let Some(push) = &proxy.push {
        let repositories = push.repositories.iter();
        let repositories: Vec<String> =
            repositories.map(|name| format!("{}/{name}", proxy.registry_host)).collect();
        let push = Table::from_iter([
            ("role_arn".to_owned(), Value::from(push.role_arn.as_str())),
            ("repositories".to_owned(), Value::from(repositories)),
            ("docker_config".to_owned(), Value::from(format!("{DOCKER_CONFIG_DIRECTORY}/config.json"))),
        ]);
        config.insert("push".to_owned(), Value::from(push));
    }
    config.to_string()
}

/// Checks an upstream name by the daemon's own grammar.
///
/// # Errors
/// What the daemon would say of it.
pub(super) fn check_upstream(upstream: &str) -> Result<(), String> {
    let rule = Table::from_iter([
        ("upstream".to_owned(), Value::from(upstream)),
        ("repository".to_owned(), Value::from(SOME_REPOSITORY)),
    ]);
    let config = Table::from_iter([("mirror".to_owned(), Value::from(vec![rule]))]);
    let Err(error) = Config::parse(&config.to_string()) else { return Ok(()) };
    let text = error.to_string();
    let place = format!("mirror[0].upstream = {upstream:?}: ");
    Err(format!("is refused by the daemon: {}", text.strip_prefix(&place).unwrap_or(&text)))
}

fn rule_tables(proxy: &PullProxy, rules: &BTreeMap<String, String>) -> Vec<Table> {
    let fallback = match proxy.fallback {
        Fallback::None => "none",
        Fallback::Upstream => "upstream",
    };
    let table = |(upstream, repository): (&String, &String)| {
        Table::from_iter([
            ("upstream".to_owned(), Value::from(upstream.as_str())),
            ("repository".to_owned(), Value::from(format!("{}/{repository}", proxy.registry_host))),
            ("fallback".to_owned(), Value::from(fallback)),
        ])
    };
    rules.iter().map(table).collect()
}

fn drop_in(proxy: &PullProxy) -> String {
    // `replace`, since the address is still there when the daemon starts again; `+`, since the daemon has no such right.
    let mut text = format!("[Service]\nExecStartPre=+{IP} address replace {ADDRESS}/32 dev lo\n");
    if proxy.push.is_some() {
        // Jobs have the directory mounted: it must be the same one after a restart.
        text.push_str(&format!(
            "RuntimeDirectory={RUNTIME_DIRECTORY}\nRuntimeDirectoryMode=0755\nRuntimeDirectoryPreserve=yes\n"
        ));
    }
    text
}

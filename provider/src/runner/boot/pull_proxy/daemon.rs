//! The daemon itself: its program, its configuration and its unit.

use std::collections::BTreeMap;

use pull_proxy::Config;
use pull_proxy::systemd::SERVICE_UNIT;
use toml::{Table, Value};

use super::super::bundle::{Bundle, Start};
use super::super::download::Download;
use super::jobs::DOCKER_CONFIG_DIRECTORY;
use super::{ADDRESS, Fallback, LOCAL, NESTED, PullProxy};

/// Where the unit looks for the daemon's configuration.
pub const CONFIG: &str = "/etc/ecr-pull-proxy.toml";
const PROGRAM: &str = "/usr/local/bin/ecr-pull-proxy";
/// Stand for any registry and role where a single value is checked, since the real ones may be unknown.
const SOME_REGISTRY: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const SOME_ROLE: &str = "arn:aws:iam::123456789012:role/some";
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
        .drop_in(UNIT, "ecrunner.conf", address());
}

/// The address that containers reach. `replace`, since it is still there when the daemon starts again; `+`, since the
/// daemon itself has no such right.
fn address() -> String {
    format!("[Service]\nExecStartPre=+{IP} address replace {ADDRESS}/32 dev lo\n")
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
        let repositories = repositories.map(|name| format!("{}/{name}", proxy.registry_host)).collect();
        let push = self::push(&push.role_arn, repositories);
        config.insert("push".to_owned(), Value::from(push));
    }
    config.to_string()
}

/// Checks an upstream name by the daemon's own grammar.
///
/// # Errors
/// What the daemon says of it.
pub(super) fn check_upstream(upstream: &str) -> Result<(), String> {
    let config = Table::from_iter([("mirror".to_owned(), Value::from(vec![mirror(upstream)]))]);
    told_of("mirror[0].upstream", upstream, &config)
}

/// Checks the name or pattern of a repository to push to by the daemon's own grammar.
///
/// # Errors
/// What the daemon says of it.
pub(super) fn check_push_repository(name: &str) -> Result<(), String> {
    let repository = format!("{SOME_REGISTRY}/{name}");
    let config = Table::from_iter([
        ("mirror".to_owned(), Value::from(vec![mirror("example.com")])),
        ("push".to_owned(), Value::from(push(SOME_ROLE, vec![repository.clone()]))),
    ]);
    told_of("push.repositories[0]", &repository, &config)
}

/// A mirror in some repository.
fn mirror(upstream: &str) -> Table {
    Table::from_iter([
        ("upstream".to_owned(), Value::from(upstream)),
        ("repository".to_owned(), Value::from(format!("{SOME_REGISTRY}/some-mirror"))),
    ])
}

/// What the daemon says of the value at `place`, the only one that may be wrong.
fn told_of(place: &str, value: &str, config: &Table) -> Result<(), String> {
    let Err(error) = Config::parse(&config.to_string()) else { return Ok(()) };
    let text = error.to_string();
    let place = format!("{place} = {value:?}: ");
    Err(format!("is refused by the daemon: {}", text.strip_prefix(&place).unwrap_or(&text)))
}

fn push(role_arn: &str, repositories: Vec<String>) -> Table {
    Table::from_iter([
        ("role_arn".to_owned(), Value::from(role_arn)),
        ("repositories".to_owned(), Value::from(repositories)),
        ("docker_config".to_owned(), Value::from(format!("{DOCKER_CONFIG_DIRECTORY}/config.json"))),
    ])
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

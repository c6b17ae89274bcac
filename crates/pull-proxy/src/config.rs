//! The configuration file, in TOML: read strictly and checked completely, all faults at once.

mod push;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ecr_host::EcrHost;
use oci_copy::check_repository;
use serde::Deserialize;
use url::{Host, Url};

use crate::rules::{DOCKER_HUB, Fallback, Kind, Rule, Rules};

pub use push::Push;

/// Checked settings of the daemon.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses to listen on, besides the sockets that systemd hands over.
    pub listen: Vec<SocketAddr>,
    /// Which names are served from where.
    pub rules: Rules,
    /// Which login for pushes is kept for jobs, if any.
    pub push: Option<Push>,
    /// How clients get blobs.
    pub blobs: Blobs,
    /// How long a client waits for the head of an answer.
    pub wait: Duration,
    /// How long the digest of a tag is believed without asking again.
    pub tag_freshness: Duration,
    /// Bounds of memory and connections.
    pub limits: Limits,
    /// When a registry that fails is left alone.
    pub breaker: Breaker,
    /// Other addresses of registries, by host.
    pub endpoints: BTreeMap<String, Url>,
    /// How long open answers may go on after the signal to stop.
    pub drain: Duration,
    /// Least severe level that is logged.
    pub log: tracing::Level,
}

/// How clients get blobs.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Blobs {
    /// ECR's redirects are followed. What is kept is verified; every client verifies what it gets.
    #[default]
    Stream,
    /// The same, and every byte is verified here too.
    Verify,
    /// ECR's redirects are passed on; the client fetches the blob from Amazon S3, or from upstream on a first pull.
    Redirect,
}

/// Bounds of memory and connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Client connections at a time; further ones wait to be accepted.
    pub connections: usize,
    /// Time for the headers of a request, and for the next one on an open connection.
    pub header: Duration,
    /// Manifests that are kept, in bytes.
    pub manifest_cache: usize,
    /// Small blobs that are kept, in bytes.
    pub blob_cache: usize,
    /// Parts of blobs on their way to several clients, in bytes.
    pub transfer: usize,
    /// How long a client may hold up the others that read the same blob.
    pub laggard: Duration,
}

/// When a registry that fails is left alone.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    /// Failures in a row after which it is not asked.
    pub failures: u32,
    /// How long it is not asked.
    pub pause: Duration,
}

/// Why a configuration is refused: every fault in it.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML, or has unknown keys or wrong types.
    #[error("{0}")]
    Form(Box<toml::de::Error>),
    /// Values that cannot be.
    #[error("{}", Lines(.0))]
    Faults(Vec<String>),
}

struct Lines<'a>(&'a [String]);

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    listen: Vec<String>,
    #[serde(default)]
    blobs: Blobs,
    #[serde(default)]
    mirror: Vec<RawRule>,
    #[serde(default)]
    pull_through: Vec<RawRule>,
    push: Option<push::Raw>,
    #[serde(default)]
    endpoints: BTreeMap<String, String>,
    wait_seconds: Option<u64>,
    tag_freshness_seconds: Option<u64>,
    max_connections: Option<u64>,
    header_timeout_seconds: Option<u64>,
    manifest_cache_bytes: Option<u64>,
    blob_cache_bytes: Option<u64>,
    transfer_bytes: Option<u64>,
    laggard_seconds: Option<u64>,
    breaker_failures: Option<u64>,
    breaker_seconds: Option<u64>,
    drain_seconds: Option<u64>,
    log_level: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    upstream: String,
    repository: String,
    fallback: Option<RawFallback>,
    digest_fallback: Option<RawFallback>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawFallback {
    None,
    Upstream,
}

impl From<RawFallback> for Fallback {
    fn from(raw: RawFallback) -> Self {
        match raw {
            RawFallback::None => Self::None,
            RawFallback::Upstream => Self::Upstream,
        }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Self::parse(&text)
    }

    /// Reads and checks a text.
    ///
    /// # Errors
    /// [`ConfigError`] with every fault.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let raw: Raw = toml::from_str(text).map_err(|error| ConfigError::Form(Box::new(error)))?;
        let mut faults = Faults::default();
        let listen = raw
            .listen
            .iter()
            .enumerate()
            .filter_map(|(at, text)| {
                let parsed = text.parse().map_err(|_| "write an address with a port, such as 127.0.0.1:5000");
                faults.keep(format!("listen[{at}]"), text, parsed)
            })
            .collect();
        let mut rules = Vec::new();
        for (kind, table, raw) in
            [(Kind::Mirror, "mirror", &raw.mirror), (Kind::PullThrough, "pull_through", &raw.pull_through)]
        {
            for (at, raw) in raw.iter().enumerate() {
                rules.extend(rule(kind, &format!("{table}[{at}]"), raw, &mut faults));
            }
        }
        if raw.mirror.is_empty() && raw.pull_through.is_empty() {
            faults
                .push("no rule: add [[pull_through]] or [[mirror]] with upstream and repository".to_owned());
        }
        for (at, rule) in rules.iter().enumerate() {
            if rules[..at].iter().any(|before| before.kind == rule.kind && before.name == rule.name) {
                faults.push(format!("two rules of one kind have upstream {:?}: remove one", rule.name));
            }
        }
        let rules = Rules::new(rules);
        let push = raw.push.and_then(|raw| Push::check(raw, &rules, &mut faults));
        let endpoints = raw
            .endpoints
            .iter()
            .filter_map(|(host, url)| {
                let url = faults.keep(format!("endpoints.{host:?}"), url, endpoint(host, url))?;
                Some((host.clone(), url))
            })
            .collect();
        let mut bound = |name: &str, value: Option<u64>, default: u64, least: u64, most: u64| {
            let value = value.unwrap_or(default);
            if !(least..=most).contains(&value) {
                faults.push(format!("{name} = {value}: write a number from {least} to {most}"));
            }
            value
        };
        const MIB: u64 = 1024 * 1024;
        const GIB: u64 = 1024 * MIB;
        let seconds = Duration::from_secs;
        let config = Self {
            listen,
            rules,
            push,
            blobs: raw.blobs,
            wait: seconds(bound("wait_seconds", raw.wait_seconds, 25, 1, 600)),
            tag_freshness: seconds(bound("tag_freshness_seconds", raw.tag_freshness_seconds, 5, 0, 3600)),
            limits: Limits {
                connections: size(bound("max_connections", raw.max_connections, 4096, 1, 1_000_000)),
                header: seconds(bound("header_timeout_seconds", raw.header_timeout_seconds, 30, 1, 3600)),
                manifest_cache: size(bound(
                    "manifest_cache_bytes",
                    raw.manifest_cache_bytes,
                    8 * MIB,
                    0,
                    GIB,
                )),
                blob_cache: size(bound("blob_cache_bytes", raw.blob_cache_bytes, 4 * MIB, 0, GIB)),
                transfer: size(bound("transfer_bytes", raw.transfer_bytes, 4 * MIB, MIB, GIB)),
                laggard: seconds(bound("laggard_seconds", raw.laggard_seconds, 5, 1, 600)),
            },
            breaker: Breaker {
                failures: u32::try_from(bound("breaker_failures", raw.breaker_failures, 5, 1, 1000))
                    .unwrap_or(5),
                pause: seconds(bound("breaker_seconds", raw.breaker_seconds, 15, 1, 3600)),
            },
            endpoints,
            drain: seconds(bound("drain_seconds", raw.drain_seconds, 60, 0, 86_400)),
            log: match raw.log_level.as_deref() {
                None | Some("info") => tracing::Level::INFO,
                Some("error") => tracing::Level::ERROR,
                Some("warn") => tracing::Level::WARN,
                Some("debug") => tracing::Level::DEBUG,
                Some(other) => {
                    faults.push(format!(
                        "log_level = {other:?}: write \"error\", \"warn\", \"info\" or \"debug\""
                    ));
                    tracing::Level::INFO
                }
            },
        };
        if faults.0.is_empty() { Ok(config) } else { Err(ConfigError::Faults(faults.0)) }
    }
}

/// Faults found so far, each with the key that it stands at.
#[derive(Default)]
struct Faults(Vec<String>);

impl Faults {
    fn push(&mut self, fault: String) {
        self.0.push(fault);
    }

    fn keep<T>(&mut self, key: String, value: &str, result: Result<T, impl fmt::Display>) -> Option<T> {
        result.map_err(|error| self.push(format!("{key} = {value:?}: {error}"))).ok()
    }
}

fn rule(kind: Kind, key: &str, raw: &RawRule, faults: &mut Faults) -> Option<Rule> {
    let upstream = faults.keep(format!("{key}.upstream"), &raw.upstream, upstream(&raw.upstream));
    let repository = faults.keep(format!("{key}.repository"), &raw.repository, repository(&raw.repository));
    let (registry, prefix) = upstream?;
    let (host, path) = repository?;
    let fallback = raw.fallback.map(Fallback::from).unwrap_or_default();
    Some(Rule {
        kind,
        name: raw.upstream.clone(),
        registry,
        prefix,
        host,
        path,
        fallback,
        digest_fallback: raw.digest_fallback.map_or(fallback, Fallback::from),
    })
}

/// Registry and path prefix, such as `docker.io/library`.
fn upstream(text: &str) -> Result<(String, Vec<String>), String> {
    let (registry, path) = text.split_once('/').unwrap_or((text, ""));
    let named = registry.contains(['.', ':']) || registry == "localhost";
    if !named || registry.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err("begin with the registry's name in lower case, such as docker.io/library".to_owned());
    }
    if matches!(registry, "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com") {
        return Err(format!("write {DOCKER_HUB} for Docker Hub"));
    }
    if !path.is_empty() {
        check_repository(path).map_err(|error| error.to_string())?;
    }
    let prefix = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    Ok((registry.to_owned(), prefix))
}

/// Host of ECR and path, such as `<account>.dkr.ecr.<region>.amazonaws.com/docker-hub`.
fn repository(text: &str) -> Result<(EcrHost, String), String> {
    let (host, path) = text.split_once('/').unwrap_or((text, ""));
    let host = EcrHost::parse(host).map_err(|error| error.to_string())?;
    if !path.is_empty() {
        check_repository(path).map_err(|error| error.to_string())?;
    }
    Ok((host, path.to_owned()))
}

/// Another address of a registry. That of ECR gets its token, so it must be on this machine.
fn endpoint(host: &str, url: &str) -> Result<Url, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "http" if !loopback => Err("plain http is for loopback only: write https://".to_owned()),
        "http" | "https" if loopback || EcrHost::parse(host).is_err() => Ok(url),
        "http" | "https" => Err("ECR's token goes to ECR or to loopback only".to_owned()),
        _ => Err("write https://, or http:// on loopback".to_owned()),
    }
}

/// A checked number of bytes or things.
fn size(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

//! What the daemon counts, in the text form of Prometheus.

use std::time::{Duration, SystemTime};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::health::BreakerState;
use crate::push::PushLogin;
use crate::registries::Registries;

/// Media type of the text form.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 25.0];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Served from ECR.
    Ecr,
    /// Served from memory.
    Cache,
    /// Served from the upstream registry, because ECR could not.
    Upstream,
    /// Answered without asking anybody.
    Local,
    /// The client was sent to where the blob is.
    Redirect,
    /// There is no such thing.
    NotFound,
    /// ECR or the upstream registry refuses.
    Denied,
    /// Nobody answered in time, or all failed.
    Unavailable,
    /// What arrived was damaged.
    Damaged,
    /// The request cannot be served, whatever is there.
    Refused,
}

impl Outcome {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecr => "ecr",
            Self::Cache => "cache",
            Self::Upstream => "upstream",
            Self::Local => "local",
            Self::Redirect => "redirect",
            Self::NotFound => "not_found",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Damaged => "damaged",
            Self::Refused => "refused",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRequest {
    rule: String,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRule {
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOperation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRegion {
    region: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRegistry {
    registry: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRole {
    role: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCache {
    cache: &'static str,
}

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<OfRequest, Counter>,
    latency: Family<OfOperation, Histogram, fn() -> Histogram>,
    bytes: Family<OfRule, Counter>,
    hits: Family<OfCache, Counter>,
    fallbacks: Family<OfRule, Counter>,
    cut: Family<OfRule, Counter>,
    /// Connections of clients now.
    pub connections: Gauge,
    transfers: Gauge,
    cached: Family<OfCache, Gauge>,
    token_age: Family<OfRegion, Gauge>,
    token_left: Family<OfRegion, Gauge>,
    push_age: Family<OfRole, Gauge>,
    push_left: Family<OfRole, Gauge>,
    push_failures: Family<OfRole, Counter>,
    breakers: Family<OfRegistry, Gauge>,
}

/// What is measured when somebody looks.
#[derive(Debug)]
pub struct Measured<'a> {
    /// The registries, with tokens and breakers.
    pub registries: &'a Registries,
    /// The login for pushes, if one is kept.
    pub push: Option<&'a PushLogin>,
    /// Transfers of blobs under way.
    pub transfers: usize,
    /// Bytes of manifests in memory.
    pub manifest_bytes: usize,
    /// Bytes of blobs in memory.
    pub blob_bytes: usize,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ecr_pull_proxy");
        let latency: Family<OfOperation, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(BUCKETS));
        macro_rules! register {
            ($name:literal, $help:literal, $metric:expr) => {{
                let metric = $metric;
                registry.register($name, $help, metric.clone());
                metric
            }};
        }
        let requests = register!("requests", "Requests by rule, operation and outcome", Family::default());
        registry.register_with_unit(
            "request_head",
            "Time from a request to the head of its answer",
            Unit::Seconds,
            latency.clone(),
        );
        Self {
            requests,
            latency,
            bytes: register!("sent_bytes", "Bytes of manifests and blobs sent to clients", Family::default()),
            hits: register!("cache_hits", "Requests answered from memory", Family::default()),
            fallbacks: register!("fallbacks", "Requests sent to the upstream registry", Family::default()),
            cut: register!(
                "cut_answers",
                "Answers cut off because the blob could not be had whole",
                Family::default()
            ),
            connections: register!("connections", "Connections of clients", Gauge::default()),
            transfers: register!("transfers", "Transfers of blobs under way", Gauge::default()),
            cached: register!("cached_bytes", "Bytes kept in memory", Family::default()),
            token_age: register!("token_age_seconds", "Time since ECR issued the token", Family::default()),
            token_left: register!(
                "token_left_seconds",
                "Time until the token of ECR ends",
                Family::default()
            ),
            push_age: register!(
                "push_token_age_seconds",
                "Time since the login for pushes was issued",
                Family::default()
            ),
            push_left: register!(
                "push_token_left_seconds",
                "Time until the login for pushes ends; 0 while there is none",
                Family::default()
            ),
            push_failures: register!(
                "push_token_failures",
                "Renewals of the login for pushes that failed",
                Family::default()
            ),
            breakers: register!(
                "breaker_open",
                "1 while a registry is not asked, after failures",
                Family::default()
            ),
            registry,
        }
    }
}

impl Metrics {
    /// Counts a request whose answer has begun: upstream of the rule (empty where none covers the name), what was asked
    /// for, how it ended, and how long that took.
    pub fn request(&self, rule: &str, operation: &'static str, outcome: Outcome, took: Duration) {
        let labels = OfRequest { rule: rule.to_owned(), operation, outcome: outcome.name() };
        self.requests.get_or_create(&labels).inc();
        self.latency.get_or_create(&OfOperation { operation }).observe(took.as_secs_f64());
        match outcome {
            Outcome::Cache => {
                self.hits.get_or_create(&OfCache { cache: operation }).inc();
            }
            Outcome::Upstream => {
                self.fallbacks.get_or_create(&OfRule { rule: rule.to_owned() }).inc();
            }
            _ => {}
        }
    }

    /// The counter of bytes that are sent for a rule.
    #[must_use]
    pub fn bytes(&self, rule: &str) -> Counter {
        self.bytes.get_or_create_owned(&OfRule { rule: rule.to_owned() })
    }

    /// The counter of answers for a rule that are cut off.
    #[must_use]
    pub fn cut(&self, rule: &str) -> Counter {
        self.cut.get_or_create_owned(&OfRule { rule: rule.to_owned() })
    }

    /// The text form of everything.
    #[must_use]
    pub fn text(&self, measured: &Measured<'_>) -> String {
        let now = SystemTime::now();
        let seconds = |span: Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.transfers.set(count(measured.transfers));
        self.cached.get_or_create(&OfCache { cache: "manifest" }).set(count(measured.manifest_bytes));
        self.cached.get_or_create(&OfCache { cache: "blob" }).set(count(measured.blob_bytes));
        for (region, token) in measured.registries.tokens() {
            let Some(token) = token.current() else { continue };
            let of_region = OfRegion { region: region.to_owned() };
            let age = now.duration_since(token.issued).unwrap_or_default();
            self.token_age.get_or_create(&of_region).set(seconds(age));
            let left = token.expires.duration_since(now).unwrap_or_default();
            self.token_left.get_or_create(&of_region).set(seconds(left));
        }
        if let Some(push) = measured.push {
            let status = push.status();
            let of_role = OfRole { role: push.role_arn().to_owned() };
            let left = status.token.and_then(|token| token.expires.duration_since(now).ok());
            self.push_left.get_or_create(&of_role).set(seconds(left.unwrap_or_default()));
            match status.token {
                Some(token) => {
                    let age = now.duration_since(token.issued).unwrap_or_default();
                    self.push_age.get_or_create(&of_role).set(seconds(age));
                }
                None => {
                    self.push_age.remove(&of_role);
                }
            }
            let counted = self.push_failures.get_or_create(&of_role);
            counted.inc_by(status.failures.saturating_sub(counted.get()));
        }
        for remote in measured.registries.iter() {
            let of_registry = OfRegistry { registry: remote.name.clone() };
            let open = i64::from(remote.health.breaker() == BreakerState::Open);
            self.breakers.get_or_create(&of_registry).set(open);
        }
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

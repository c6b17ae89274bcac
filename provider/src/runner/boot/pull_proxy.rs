//! `pull_proxy`: the daemon `ecr-pull-proxy` on a worker, and what makes engines ask it.
//!
//! Two engines of a worker ask it: its own on loopback, and those in containers (`docker:dind`, BuildKit) on an address
//! that is nobody else's. The address of a bridge would not do: nested engines make a bridge of the same address.

mod daemon;
mod engines;
mod jobs;
mod validate;

use std::collections::{BTreeMap, BTreeSet};

use pull_proxy::rules::DOCKER_HUB;
use tf_provider::{Schema, StringEnum, Value};

use super::bundle::Bundle;
use super::{check_sha256, check_url};
use crate::arn::check_role_arn;
use crate::planned;

pub use daemon::CONFIG;
pub use engines::registry_mirrors;
pub use jobs::JobSettings;
pub use validate::validate;

/// Where the worker's own engine finds the proxy. Not port 5000, which jobs publish registries of their own on.
const LOCAL: &str = "127.0.0.1:5080";
/// An address on `lo` that containers reach by their default route, whatever their bridge is. It is of a block that no
/// network uses (RFC 2544).
const ADDRESS: &str = "198.18.0.1";
/// Where engines in containers find the proxy.
const NESTED: &str = "198.18.0.1:5080";

/// What becomes of a pull that ECR cannot serve.
#[derive(StringEnum, Clone, Copy, Debug, PartialEq, Eq)]
#[tf(rename_all = "lowercase")]
pub enum Fallback {
    /// It fails.
    None,
    /// The upstream registry is asked, without a login.
    Upstream,
}

/// Pulls of upstream names are served from ECR by the daemon `ecr-pull-proxy` on each worker.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct PullProxy {
    /// Address of the program `ecr-pull-proxy`, built for the architecture of the instances: `https://…`, or
    /// `s3://<bucket>/<key>`, read with the rights of the instance profile.
    #[tf(validate(text(check_url)))]
    pub url: String,
    /// SHA-256 of the program, 64 lower case hex digits.
    #[tf(validate(text(check_sha256)))]
    pub sha256: String,
    /// Host of the ECR registry that holds mirrors and rules, such as `123456789012.dkr.ecr.eu-central-1.amazonaws.com`.
    #[tf(validate(text(validate::check_registry_host)))]
    pub registry_host: String,
    /// Names of mirrors in ECR by upstream repository, such as `"docker.io/library/alpine" =
    /// "mirror/docker.io/library/alpine"`: the output `mirrors` of the module image-supply. They are asked before rules.
    pub mirrors: Option<BTreeMap<String, String>>,
    /// What names begin with in ECR by what they begin with upstream, such as `"docker.io" = "docker-hub"`: the output
    /// `rules` of the module image-supply. Of several that fit the longest counts. Without `mirrors` at least one.
    pub rules: Option<BTreeMap<String, String>>,
    /// What becomes of a pull from one of these registries that ECR cannot serve: with `none` it fails, with `upstream`
    /// the upstream registry is asked, without a login.
    #[tf(default = Fallback::None)]
    pub fallback: Fallback,
    /// Lets jobs push without a login.
    pub push: Option<Push>,
}

/// Pushes of jobs, with a login that the daemon gets by assuming a role and renews by itself.
#[derive(Schema, Clone, Debug, PartialEq)]
pub struct Push {
    /// ARN of the role that pushes, such as that of `ecrunner_push_role`; the instance profile must be allowed to assume
    /// it. All jobs of an instance can use its rights.
    #[tf(validate(text(check_role_arn)))]
    pub role_arn: String,
    /// Repositories of `registry_host` to push to: names, or what names begin with and `*`, such as `team/*`.
    /// None that mirrors or rules serve images from.
    #[tf(validate(length(1..=100), each(text(validate::check_push_repository))))]
    pub repositories: BTreeSet<String>,
}

impl PullProxy {
    /// The known form of a planned proxy; `None` while anything in it is unknown.
    pub fn from_plan(plan: &Value<PullProxyPlan>) -> Option<Option<Self>> {
        let mut plan = plan.clone();
        // Configuration has no defaults yet.
        if let Value::Known(plan) = &mut plan
            && matches!(plan.fallback, Value::Null)
        {
            plan.fallback = Value::Known(Fallback::None);
        }
        planned::known(&plan)
    }

    /// Puts the daemon, and all that makes engines ask it, into a worker's bundle.
    pub(super) fn add_to(&self, bundle: &mut Bundle) {
        daemon::add(self, bundle);
        engines::add(self, bundle);
    }

    /// Upstream registries of mirrors and rules.
    fn upstream_hosts(&self) -> BTreeSet<&str> {
        let keys = [&self.mirrors, &self.rules].into_iter().flatten().flat_map(BTreeMap::keys);
        keys.map(|upstream| host_of(upstream)).collect()
    }

    fn serves_docker_hub(&self) -> bool {
        self.upstream_hosts().contains(DOCKER_HUB)
    }
}

impl PullProxyPlan {
    /// Whether any upstream name is Docker Hub's; `None` while names are unknown.
    pub fn serves_docker_hub(&self) -> Option<bool> {
        let named = |names: &Value<BTreeMap<String, Value<String>>>| match names {
            Value::Unknown => None,
            Value::Null => Some(false),
            Value::Known(names) => Some(names.keys().any(|upstream| host_of(upstream) == DOCKER_HUB)),
        };
        Some(named(&self.mirrors)? | named(&self.rules)?)
    }
}

/// The registry in `docker.io/library/alpine`, or in `docker.io` alone.
fn host_of(upstream: &str) -> &str {
    upstream.split_once('/').map_or(upstream, |(host, _)| host)
}

#[cfg(test)]
mod tests;

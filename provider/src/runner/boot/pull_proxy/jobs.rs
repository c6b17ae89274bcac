//! What jobs are given, so that engines in their containers ask the proxy too, and so that they can push.

use tf_provider::Value;

use super::{PullProxy, PullProxyPlan};

/// Configuration of a buildkitd in a container.
pub(super) const BUILDKIT_CONFIG: &str = "/etc/buildkit/buildkitd.toml";
/// Configuration of a dockerd in a container.
pub(super) const NESTED_DAEMON_JSON: &str = "/etc/ecr-pull-proxy/nested-daemon.json";
/// Where buildx keeps its builders, and looks for their default configuration.
const BUILDX_CONFIG: &str = "/root/.docker/buildx";
/// Where the daemon keeps the login for pushes: the runtime directory of its unit, which outlives the daemon.
pub(super) const DOCKER_CONFIG_DIRECTORY: &str = "/run/ecr-pull-proxy/docker";

/// Settings of jobs; none without a proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobSettings {
    /// Volumes, `/host:/container:ro`.
    pub volumes: Vec<String>,
    /// `KEY=value`.
    pub environment: Vec<String>,
}

impl JobSettings {
    /// What jobs are given on workers with this proxy.
    pub fn of(proxy: Option<&PullProxy>) -> Self {
        proxy.map_or_else(Self::default, |proxy| Self::new(proxy.serves_docker_hub(), proxy.push.is_some()))
    }

    /// The same of a planned proxy; `None` while it is unknown. What names are in ECR makes no difference.
    pub fn from_plan(plan: &Value<PullProxyPlan>) -> Option<Self> {
        let plan = match plan {
            Value::Unknown => return None,
            Value::Null => return Some(Self::default()),
            Value::Known(plan) => plan,
        };
        let docker_hub = plan.serves_docker_hub()?;
        let push = match plan.push {
            Value::Unknown => return None,
            Value::Null => false,
            Value::Known(_) => true,
        };
        Some(Self::new(docker_hub, push))
    }

    fn new(docker_hub: bool, push: bool) -> Self {
        let mut settings = Self {
            volumes: vec![format!("{BUILDKIT_CONFIG}:{BUILDX_CONFIG}/buildkitd.default.toml:ro")],
            environment: vec![format!("BUILDX_CONFIG={BUILDX_CONFIG}")],
        };
        if docker_hub {
            settings.volumes.push(format!("{NESTED_DAEMON_JSON}:/etc/docker/daemon.json:ro"));
        }
        if push {
            settings.volumes.push(format!("{DOCKER_CONFIG_DIRECTORY}:{DOCKER_CONFIG_DIRECTORY}:ro"));
            settings.environment.push(format!("DOCKER_CONFIG={DOCKER_CONFIG_DIRECTORY}"));
        }
        settings
    }
}

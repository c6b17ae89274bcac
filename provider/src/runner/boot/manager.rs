//! The manager's bundle: GitLab Runner with its fleeting plugin, the ECR login, and the units that keep its
//! configuration in step with what is published.
//!
//! config.toml lies on tmpfs with mode 0600, since the tokens stand in it. What is in the user data never needs to
//! change for a new configuration or a new token.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use super::bundle::{Bundle, Start};
use super::download::Download;
use super::setup::{OperatingSystem, Setup};
use super::{PROGRAM_PATH, SCRIPT_DIRECTORY};

const SYNC: &str = include_str!("manager/sync.sh");
const GATE: &str = include_str!("manager/gate.sh");
/// Where GitLab Runner's log goes when it is shipped; a file, since older agents cannot read the journal.
const LOG_FILE: &str = "/var/log/gitlab-runner.log";
const ENVIRONMENT_FILE: &str = "/etc/ecrunner/manager.env";
const TOKENS_FILE: &str = "/etc/ecrunner/tokens";
const RUN_DIRECTORY: &str = "/run/gitlab-runner";
/// Not `gitlab-runner.service`: GitLab's package takes that unit away and writes its own.
const RUNNER_UNIT: &str = "ecrunner-gitlab-runner.service";

/// How GitLab Runner gets onto the manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GitlabRunner {
    /// A package, with its version, of a repository that the image knows.
    Package(String),
    /// The binary itself.
    Download(Download),
}

/// What makes one manager's bundle differ from another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manager {
    /// Name of the manager's Auto Scaling group.
    pub group: String,
    /// Region.
    pub region: String,
    /// Name of the SSM parameter with the published configuration.
    pub config_parameter: String,
    /// Names of the SSM parameters with the tokens, by placeholder.
    pub token_parameters: BTreeMap<String, String>,
    /// ECR registries that the manager logs in to.
    pub ecr_hosts: BTreeSet<String>,
    /// GitLab Runner.
    pub gitlab_runner: GitlabRunner,
    /// The fleeting plugin's binary.
    pub fleeting_plugin: Option<Download>,
    /// Log group that GitLab Runner's log goes to.
    pub log_group: Option<String>,
    /// How long a stop waits for running jobs.
    pub shutdown_timeout: Duration,
}

/// What a manager gets at first boot.
pub fn bundle(setup: &Setup, manager: &Manager) -> Bundle {
    let mut bundle = Bundle::new(setup.operating_system);
    bundle
        .file("/root/.docker/config.json", 0o600, docker_config(&manager.ecr_hosts))
        .file(ENVIRONMENT_FILE, 0o644, environment(manager))
        .file(TOKENS_FILE, 0o644, tokens(&manager.token_parameters))
        .file(format!("{SCRIPT_DIRECTORY}/sync"), 0o755, SYNC)
        .file(format!("{SCRIPT_DIRECTORY}/gate"), 0o755, GATE)
        .package("amazon-ecr-credential-helper")
        .aws_cli();
    let program = match &manager.gitlab_runner {
        GitlabRunner::Package(package) => {
            // The package starts a service of its own, which aborts jobs when it is stopped and knows no token.
            bundle.package(package.as_str()).prepare(
                "turning off the service of the package",
                "systemctl disable --now gitlab-runner.service",
            );
            "/usr/bin/gitlab-runner"
        }
        GitlabRunner::Download(download) => {
            bundle.download(download.clone());
            "/usr/local/bin/gitlab-runner"
        }
    };
    if let Some(plugin) = &manager.fleeting_plugin {
        bundle.download(plugin.clone());
    }
    for package in setup.extra_packages.iter().flatten() {
        bundle.package(package.as_str());
    }
    if let Some(log_group) = &manager.log_group {
        logs(&mut bundle, setup.operating_system, log_group);
    }
    bundle
        .unit("ecrunner-sync.service", Start::OnDemand, sync_service())
        .unit("ecrunner-sync.timer", Start::Enabled, SYNC_TIMER)
        .unit(RUNNER_UNIT, Start::Queued, runner_service(manager, program));
    for host in &manager.ecr_hosts {
        // Asks ECR for a login, with the instance's own role, and shows it to nobody.
        bundle.command(
            &format!("logging in to {host}"),
            format!("printf %s {host} | docker-credential-ecr-login get >/dev/null"),
        );
    }
    bundle.command("fetching the configuration", "systemctl start ecrunner-sync.service");
    if let Some(script) = &setup.extra_script {
        bundle.extra_script(script);
    }
    bundle
}

/// One entry per registry: a helper named for all would be asked for registries it does not know.
fn docker_config(hosts: &BTreeSet<String>) -> String {
    let helpers: BTreeMap<_, _> = hosts.iter().map(|host| (host, "ecr-login")).collect();
    format!("{:#}\n", json!({ "credHelpers": helpers }))
}

/// The plugin asks nobody for the region: it must stand in the environment.
fn environment(manager: &Manager) -> String {
    format!(
        "AWS_REGION={region}
AWS_DEFAULT_REGION={region}
HOME=/root
PATH={PROGRAM_PATH}
ECRUNNER_GROUP={group}
ECRUNNER_CONFIG_PARAMETER={parameter}
ECRUNNER_TOKENS={TOKENS_FILE}
ECRUNNER_RUN={RUN_DIRECTORY}
ECRUNNER_INSTANCE_ID=/var/lib/cloud/data/instance-id
ECRUNNER_PAUSE=5
",
        region = manager.region,
        group = manager.group,
        parameter = manager.config_parameter,
    )
}

/// A line for each token: placeholder, parameter.
fn tokens(parameters: &BTreeMap<String, String>) -> String {
    let mut text = String::new();
    for (placeholder, parameter) in parameters {
        let _ = writeln!(text, "{placeholder} {parameter}");
    }
    text
}

fn sync_service() -> String {
    format!(
        "[Unit]
Description=Fetch GitLab Runner's configuration and tokens
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
EnvironmentFile={ENVIRONMENT_FILE}
ExecStart={SCRIPT_DIRECTORY}/sync
RuntimeDirectory=gitlab-runner
RuntimeDirectoryMode=0700
RuntimeDirectoryPreserve=yes
TimeoutStartSec=120
"
    )
}

const SYNC_TIMER: &str = "[Unit]
Description=Keep GitLab Runner's configuration and tokens in step

[Timer]
OnBootSec=30
OnUnitInactiveSec=60
AccuracySec=5

[Install]
WantedBy=timers.target
";

/// SIGQUIT lets running jobs end; the plugin is not signalled, since its work is needed for that.
fn runner_service(manager: &Manager, program: &str) -> String {
    let output = match manager.log_group {
        Some(_) => format!("StandardOutput=append:{LOG_FILE}\nStandardError=append:{LOG_FILE}\n"),
        None => String::new(),
    };
    format!(
        "[Unit]
Description=GitLab Runner
After=network-online.target
Wants=network-online.target

[Service]
EnvironmentFile={ENVIRONMENT_FILE}
ExecStartPre={SCRIPT_DIRECTORY}/gate
ExecStart={program} run --config {RUN_DIRECTORY}/config.toml --working-directory /var/lib/gitlab-runner
{output}StateDirectory=gitlab-runner
StateDirectoryMode=0700
UMask=0077
KillMode=mixed
KillSignal=SIGQUIT
TimeoutStartSec=infinity
TimeoutStopSec={stop}
Restart=always
RestartSec=5

[Install]
WantedBy=multi-user.target
",
        stop = manager.shutdown_timeout.as_secs(),
    )
}

/// The CloudWatch agent is a package on Amazon Linux; elsewhere it ships the log if the image has it.
fn logs(bundle: &mut Bundle, system: OperatingSystem, log_group: &str) {
    let collected = json!({
        "logs": { "logs_collected": { "files": { "collect_list": [{
            "file_path": LOG_FILE,
            "log_group_name": log_group,
            "log_stream_name": "{instance_id}",
        }] } } }
    });
    let agent = "/opt/aws/amazon-cloudwatch-agent";
    if system == OperatingSystem::AmazonLinux2023 {
        bundle.package("amazon-cloudwatch-agent");
    }
    bundle
        .file("/etc/ecrunner/logs.json", 0o644, format!("{collected:#}\n"))
        .file(
            "/etc/logrotate.d/gitlab-runner",
            0o644,
            format!("{LOG_FILE} {{\n  size 50M\n  rotate 3\n  copytruncate\n  missingok\n}}\n"),
        )
        .command(
            "starting the CloudWatch agent",
            format!(
                "if [ -x {agent}/bin/amazon-cloudwatch-agent-ctl ]; then\n  {agent}/bin/amazon-cloudwatch-agent-ctl -a \
                 fetch-config -m ec2 -s -c file:/etc/ecrunner/logs.json >/dev/null\nfi"
            ),
        );
}

#[cfg(test)]
#[path = "manager/tests.rs"]
mod tests;

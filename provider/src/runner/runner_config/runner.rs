//! `[[runners]]`: one runner at GitLab with its executor.

use std::collections::BTreeMap;

use tf_provider::Schema;
use tf_provider::value::Number;

use super::autoscaler::Autoscaler;
use super::cache::Cache;
use super::docker::Docker;

/// One `[[runners]]` entry: a runner at GitLab with its executor.
///
/// Tags, description, protection and maximum job timeout are not here: they belong to the runner object in GitLab.
#[derive(Schema, Clone, Debug)]
pub struct Runner {
    /// Name in logs and metrics.
    pub name: Option<String>,
    /// URL of the GitLab instance, such as `https://gitlab.com`.
    pub url: String,
    /// Numeric id of the runner. Without it the runner tells entries apart by their tokens, and a new token
    /// makes a second autoscaler start on the same instances.
    pub id: Option<Number>,
    /// Placeholder of the runner authentication token, of the form `__NAME__`: the manager replaces it by the token
    /// when it fetches the configuration. Default `__ECRUNNER_TOKEN__` for the first entry, `__ECRUNNER_TOKEN_1__` for the
    /// second, `__ECRUNNER_TOKEN_2__` for the third.
    pub token_placeholder: Option<String>,
    /// How jobs are run: `docker-autoscaler`, `instance`, `docker`, `docker+machine`, `docker-windows`, `shell`. Default
    /// `docker-autoscaler`.
    pub executor: Option<String>,
    /// Jobs at once of this entry; 0 means no limit. Default: `max_instances` × `capacity_per_instance`.
    pub limit: Option<Number>,
    /// Questions for jobs at once. Default 2, because GitLab answers late when there is no job.
    pub request_concurrency: Option<Number>,
    /// Whether `check_interval` is kept even when a job was just received.
    pub strict_check_interval: Option<bool>,
    /// Largest job log in KiB. Default 4096.
    pub output_limit: Option<Number>,
    /// Refusals in a row after which the entry pauses. Default 3.
    pub unhealthy_requests_limit: Option<Number>,
    /// How long it pauses. Default `1h0m0s`.
    pub unhealthy_interval: Option<String>,
    /// Attempts to send the final status of a job.
    pub job_status_final_update_retry_limit: Option<Number>,
    /// `KEY=value` for jobs and for the runner's own job settings.
    pub environment: Option<Vec<String>>,
    /// Directory of the builds, in the job's environment.
    pub builds_dir: Option<String>,
    /// Directory of the local cache, in the job's environment.
    pub cache_dir: Option<String>,
    /// URL from which jobs clone instead of `url`.
    pub clone_url: Option<String>,
    /// Commands before the repository is fetched.
    pub pre_get_sources_script: Option<String>,
    /// Commands after the repository was fetched.
    pub post_get_sources_script: Option<String>,
    /// Commands before the job's script.
    pub pre_build_script: Option<String>,
    /// Commands after the job's script.
    pub post_build_script: Option<String>,
    /// Shell that scripts are written for: `bash`, `sh`, `cmd`, `pwsh`, `powershell`.
    pub shell: Option<String>,
    /// PEM file of the CA that GitLab's certificate is checked against.
    pub tls_ca_file: Option<String>,
    /// PEM file of the client certificate.
    pub tls_cert_file: Option<String>,
    /// PEM file of the client certificate's key.
    pub tls_key_file: Option<String>,
    /// Longest preparation of a job. Default: the job's timeout.
    pub prepare_timeout: Option<String>,
    /// Longest fetching of the repository. Default: the job's timeout.
    pub get_sources_timeout: Option<String>,
    /// Whether `CI_DEBUG_TRACE` is without effect. Default false.
    pub debug_trace_disabled: Option<bool>,
    /// Whether git's `safe.directory` is set for the job's directory.
    pub safe_directory_checkout: Option<bool>,
    /// Whether git configuration is cleaned before and after jobs. Default true but for the shell executor.
    pub clean_git_config: Option<bool>,
    /// Whether scripts run through the helper binary; experimental.
    pub proxy_exec: Option<bool>,
    /// Whether containers get a cgroup by slot.
    pub use_slot_cgroups: Option<bool>,
    /// Name of that cgroup, with `${slot}`. Default `gitlab-runner/slot-${slot}`.
    pub slot_cgroup_template: Option<String>,
    /// Image that the step-runner binary is taken from.
    pub step_runner_image: Option<String>,
    /// Labels of this entry; at most 32 together with the global ones.
    pub labels: Option<BTreeMap<String, String>>,
    /// Feature flags by name, such as `FF_NETWORK_PER_BUILD`. `FF_DISABLE_AUTOMATIC_TOKEN_ROTATION` is true unless it is
    /// set: else the runner would write a new token into the file in clear.
    pub feature_flags: Option<BTreeMap<String, bool>>,
    /// Distributed cache.
    pub cache: Option<Cache>,
    /// Containers, for the docker executors.
    pub docker: Option<Docker>,
    /// Instances of the AWS fleeting plugin, for the executors docker-autoscaler and instance.
    pub autoscaler: Option<Autoscaler>,
}

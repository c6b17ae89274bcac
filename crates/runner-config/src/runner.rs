//! `[[runners]]` and its small sub-sections.

use std::collections::BTreeMap;

use toml::value::Datetime;

use crate::autoscaler::Autoscaler;
use crate::cache::Cache;
use crate::docker::Docker;
use crate::machine::Machine;
use crate::section::section;
use crate::value::{Executor, GoDuration, Shell, TokenPlaceholder};

section! {
    /// One `[[runners]]` entry: a runner at GitLab with its executor.
    ///
    /// Tags, description, protection and maximum job timeout are not here: they belong to the runner object in
    /// GitLab.
    pub struct Runner {
        /// Name in logs and metrics.
        name: Option<String>,
        /// URL of the GitLab instance; the runner expands `$NAME` in it from its environment.
        url: String,
        /// Numeric id of the runner. Without it the runner tells entries apart by their tokens, and a new token
        /// makes a second autoscaler start on the same instances.
        id: Option<i64>,
        /// Placeholder of the runner authentication token.
        token: TokenPlaceholder,
        /// When the token was issued; drives automatic rotation.
        token_obtained_at: Option<Datetime>,
        /// When the token expires; drives automatic rotation.
        token_expires_at: Option<Datetime>,
        /// How jobs are run.
        executor: Executor,
        /// Jobs at once of this entry; 0, the default, means no limit.
        limit: Option<u32>,
        /// Questions for jobs at once. Default 1; 2 to 4 is advised because GitLab answers late when there is no
        /// job.
        request_concurrency: Option<u32>,
        /// Whether `check_interval` is kept even when a job was just received.
        strict_check_interval: Option<bool>,
        /// Largest job log in KiB. Default 4096.
        output_limit: Option<u32>,
        /// Refusals in a row after which the entry pauses. Default 3.
        unhealthy_requests_limit: Option<u32>,
        /// How long it pauses. Default `1h0m0s`.
        unhealthy_interval: Option<GoDuration>,
        /// Attempts to send the final status of a job.
        job_status_final_update_retry_limit: Option<u32>,
        /// `KEY=value` for jobs and for the runner's own job settings.
        environment: Vec<String>,
        /// Directory of the builds, in the job's environment.
        builds_dir: Option<String>,
        /// Directory of the local cache, in the job's environment.
        cache_dir: Option<String>,
        /// URL from which jobs clone instead of `url`.
        clone_url: Option<String>,
        /// Commands before the repository is fetched.
        pre_get_sources_script: Option<String>,
        /// Commands after the repository was fetched.
        post_get_sources_script: Option<String>,
        /// Commands before the job's script.
        pre_build_script: Option<String>,
        /// Commands after the job's script.
        post_build_script: Option<String>,
        /// Shell that scripts are written for.
        shell: Option<Shell>,
        /// PEM file of the CA that GitLab's certificate is checked against.
        tls_ca_file as "tls-ca-file": Option<String>,
        /// PEM file of the client certificate.
        tls_cert_file as "tls-cert-file": Option<String>,
        /// PEM file of the client certificate's key.
        tls_key_file as "tls-key-file": Option<String>,
        /// Longest preparation of a job. Default: the job's timeout.
        prepare_timeout: Option<GoDuration>,
        /// Longest fetching of the repository. Default: the job's timeout.
        get_sources_timeout: Option<GoDuration>,
        /// Whether `CI_DEBUG_TRACE` is without effect. Default false.
        debug_trace_disabled: Option<bool>,
        /// Whether git's `safe.directory` is set for the job's directory.
        safe_directory_checkout: Option<bool>,
        /// Whether git configuration is cleaned before and after jobs. Default true but for the shell executor.
        clean_git_config: Option<bool>,
        /// Whether scripts run through the helper binary; experimental.
        proxy_exec: Option<bool>,
        /// Whether containers get a cgroup by slot.
        use_slot_cgroups: Option<bool>,
        /// Name of that cgroup, with `${slot}`. Default `gitlab-runner/slot-${slot}`.
        slot_cgroup_template: Option<String>,
        /// Image that the step-runner binary is taken from.
        step_runner_image: Option<String>,
        /// Labels of this entry; at most 32 together with the global ones.
        labels: BTreeMap<String, String>,
        /// `GIT_CLONE_PATH`.
        custom_build_dir: Option<CustomBuildDir>,
        /// Uploading of artifacts.
        artifact: Option<Artifact>,
        /// Feature flags, `FF_NAME = true`.
        feature_flags: BTreeMap<String, bool>,
        /// Metrics of this entry; experimental.
        monitoring: Option<Monitoring>,
        /// Distributed cache.
        cache: Option<Cache>,
        /// Containers, for the docker executors.
        docker: Option<Docker>,
        /// Settings of the instance executor.
        instance: Option<Instance>,
        /// Instances of a fleeting plugin.
        autoscaler: Option<Autoscaler>,
        /// Machines of docker+machine.
        machine: Option<Machine>,
    }
    refused {
        "token_file" => "GitLab Runner reads no token from a file; write a placeholder as `token`",
        "tags" => "tags belong to the runner object in GitLab, not to config.toml",
        "tag_list" => "tags belong to the runner object in GitLab, not to config.toml",
        "description" => "the description belongs to the runner object in GitLab, not to config.toml",
        "locked" => "this belongs to the runner object in GitLab, not to config.toml",
        "run_untagged" => "this belongs to the runner object in GitLab, not to config.toml",
        "access_level" => "this belongs to the runner object in GitLab, not to config.toml",
        "maximum_timeout" => "this belongs to the runner object in GitLab, not to config.toml",
        "experimental" => "experimental settings are not part of this model",
        "referees" => "referees are not part of this model",
        "kubernetes" => "the kubernetes executor is not part of this model",
        "custom" => "the custom executor is not part of this model",
        "ssh" => "the ssh executor is not part of this model",
        "parallels" => "the parallels executor is not part of this model",
        "virtualbox" => "the virtualbox executor is not part of this model",
    }
}

impl Runner {
    /// An entry with the keys that cannot be left out.
    #[must_use]
    pub fn new(url: impl Into<String>, token: TokenPlaceholder, executor: Executor) -> Self {
        Self {
            name: None,
            url: url.into(),
            id: None,
            token,
            token_obtained_at: None,
            token_expires_at: None,
            executor,
            limit: None,
            request_concurrency: None,
            strict_check_interval: None,
            output_limit: None,
            unhealthy_requests_limit: None,
            unhealthy_interval: None,
            job_status_final_update_retry_limit: None,
            environment: Vec::new(),
            builds_dir: None,
            cache_dir: None,
            clone_url: None,
            pre_get_sources_script: None,
            post_get_sources_script: None,
            pre_build_script: None,
            post_build_script: None,
            shell: None,
            tls_ca_file: None,
            tls_cert_file: None,
            tls_key_file: None,
            prepare_timeout: None,
            get_sources_timeout: None,
            debug_trace_disabled: None,
            safe_directory_checkout: None,
            clean_git_config: None,
            proxy_exec: None,
            use_slot_cgroups: None,
            slot_cgroup_template: None,
            step_runner_image: None,
            labels: BTreeMap::new(),
            custom_build_dir: None,
            artifact: None,
            feature_flags: BTreeMap::new(),
            monitoring: None,
            cache: None,
            docker: None,
            instance: None,
            autoscaler: None,
            machine: None,
        }
    }

    /// The `limit` to write where none was chosen: `max_instances` × `capacity_per_instance`, as many jobs as the
    /// instances can hold. `None` without an autoscaler or without a number of instances.
    #[must_use]
    pub fn default_limit(&self) -> Option<u32> {
        let autoscaler = self.autoscaler.as_ref().filter(|_| self.executor.uses_autoscaler())?;
        let (instances, capacity) = (autoscaler.max_instances?, autoscaler.capacity_per_instance?);
        (instances > 0 && capacity > 0).then(|| instances.saturating_mul(capacity))
    }

    /// Jobs at once of this entry: `limit`, else [`default_limit`](Self::default_limit); `None` means no limit.
    #[must_use]
    pub fn effective_limit(&self) -> Option<u32> {
        self.limit.filter(|limit| *limit > 0).or_else(|| self.default_limit())
    }
}

section! {
    /// `[runners.custom_build_dir]`: whether jobs may choose their directory by `GIT_CLONE_PATH`.
    #[derive(Default)]
    pub struct CustomBuildDir {
        /// Whether they may. Default: only where builds are isolated from each other.
        enabled: Option<bool>,
    }
}

section! {
    /// `[runners.artifact]`: uploading of artifacts.
    #[derive(Default)]
    pub struct Artifact {
        /// Longest upload. Default `1h0m0s`.
        upload_timeout: Option<GoDuration>,
        /// Longest wait for the answer after the upload. Default `10m0s`.
        response_header_timeout: Option<GoDuration>,
    }
}

section! {
    /// `[runners.monitoring]`: metrics of one entry; experimental.
    #[derive(Default)]
    pub struct Monitoring {
        /// Acceptable queueing times, by time of day.
        job_queuing_durations: Vec<JobQueuingDuration>,
    }
}

section! {
    /// `[[runners.monitoring.job_queuing_durations]]`: a queueing time that counts as acceptable.
    pub struct JobQueuingDuration {
        /// When this holds: cron expressions of the form that `[runners.machine]` uses.
        periods: Vec<crate::Cron7>,
        /// Time zone of the periods, such as `Europe/Berlin`. Default: the manager's.
        timezone: Option<String>,
        /// Longest acceptable time in the queue.
        threshold: GoDuration,
        /// Pattern over the number of the project's running jobs that a job must match to be counted.
        jobs_running_for_project: Option<String>,
    }
}

section! {
    /// `[runners.instance]`: settings of the instance executor.
    #[derive(Default)]
    pub struct Instance {
        /// Images that jobs may name where each job has a virtual machine of its own.
        allowed_images: Vec<String>,
        /// Whether all jobs use one build directory; only with isolation or `max_use_count` 1. Default false.
        use_common_build_dir: Option<bool>,
    }
}

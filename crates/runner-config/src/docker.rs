//! `[runners.docker]`: containers of the docker, docker-autoscaler and docker+machine executors.

use std::collections::BTreeMap;

use crate::section::section;
use crate::value::{ByteSize, PullPolicies, PullPolicy};

section! {
    /// `[runners.docker]`. Lists and maps that are empty are not written.
    #[derive(Default)]
    pub struct Docker {
        /// Address of the Docker daemon. Default: `DOCKER_HOST`, else the local socket.
        host: Option<String>,
        /// Directory with `ca.pem`, `cert.pem` and `key.pem` for a daemon behind TLS.
        tls_cert_path: Option<String>,
        /// Whether the daemon's certificate is checked.
        tls_verify: Option<bool>,
        /// Host name inside the job's container.
        hostname: Option<String>,
        /// Image of jobs that name none.
        image: Option<String>,
        /// OCI runtime of the containers.
        runtime: Option<String>,
        /// Memory of the job's container.
        memory: Option<ByteSize>,
        /// Memory and swap together; at least `memory`.
        memory_swap: Option<ByteSize>,
        /// Soft limit of memory; at most `memory`.
        memory_reservation: Option<ByteSize>,
        /// Parent cgroup of the job's container.
        cgroup_parent: Option<String>,
        /// CPUs that may be used, such as `0,2-3`.
        cpuset_cpus: Option<String>,
        /// Memory nodes that may be used, such as `0`.
        cpuset_mems: Option<String>,
        /// Number of CPUs as a decimal number, such as `1.5`.
        cpus: Option<String>,
        /// Relative weight of CPU time. Default 1024.
        cpu_shares: Option<i64>,
        /// DNS servers.
        dns: Vec<String>,
        /// DNS search domains.
        dns_search: Vec<String>,
        /// Whether job containers are privileged: root on the host in all but name. Default false.
        privileged: Option<bool>,
        /// The same for services. Default: as `privileged`.
        services_privileged: Option<bool>,
        /// Whether the entrypoint of images cannot be overwritten by jobs. Default false.
        disable_entrypoint_overwrite: Option<bool>,
        /// User of all commands in the container.
        user: Option<String>,
        /// Users that jobs may choose. Empty: any.
        allowed_users: Vec<String>,
        /// Further groups of the container's process.
        group_add: Vec<String>,
        /// User namespace mode.
        userns_mode: Option<String>,
        /// Linux capabilities to add.
        cap_add: Vec<String>,
        /// Linux capabilities to drop.
        cap_drop: Vec<String>,
        /// Whether the kernel's out-of-memory killer leaves the container alone. Default false.
        oom_kill_disable: Option<bool>,
        /// Adjustment of the out-of-memory score, -1000 to 1000.
        oom_score_adjust: Option<i64>,
        /// Security options (`--security-opt`).
        security_opt: Vec<String>,
        /// Security options of services.
        services_security_opt: Vec<String>,
        /// Host devices in the container.
        devices: Vec<String>,
        /// Rules of the device cgroup.
        device_cgroup_rules: Vec<String>,
        /// GPUs, such as `all`.
        gpus: Option<String>,
        /// Host devices in services, by a glob over the service's image.
        services_devices: BTreeMap<String, Vec<String>>,
        /// Whether there are no cache volumes. Default false.
        disable_cache: Option<bool>,
        /// Volumes, `/host:/container[:mode]` or `/container`.
        volumes: Vec<String>,
        /// Whether volumes stay after the job. Default false.
        volume_keep: Option<bool>,
        /// Volume driver.
        volume_driver: Option<String>,
        /// Options of the volume driver.
        volume_driver_ops: BTreeMap<String, String>,
        /// Directory of cache volumes on the Docker host.
        cache_dir: Option<String>,
        /// `host:address` lines for `/etc/hosts`.
        extra_hosts: Vec<String>,
        /// Containers whose volumes are mounted, `name[:mode]`.
        volumes_from: Vec<String>,
        /// Network mode.
        network_mode: Option<String>,
        /// PID namespace mode.
        pid_mode: Option<String>,
        /// IPC mode.
        ipcmode: Option<String>,
        /// MAC address of the container.
        mac_address: Option<String>,
        /// Legacy container links, `name:alias`.
        links: Vec<String>,
        /// Most services of a job; -1, the default, means no limit.
        services_limit: Option<i64>,
        /// Memory of each service.
        service_memory: Option<ByteSize>,
        /// Memory and swap of each service together.
        service_memory_swap: Option<ByteSize>,
        /// Soft memory limit of each service.
        service_memory_reservation: Option<ByteSize>,
        /// Parent cgroup of services.
        service_cgroup_parent: Option<String>,
        /// Cgroup name of services by slot, with `${slot}`.
        service_slot_cgroup_template: Option<String>,
        /// CPUs that services may use.
        service_cpuset_cpus: Option<String>,
        /// Number of CPUs of each service.
        service_cpus: Option<String>,
        /// Relative weight of CPU time of each service. Default 1024.
        service_cpu_shares: Option<i64>,
        /// GPUs of services.
        service_gpus: Option<String>,
        /// Seconds to wait for a service to listen; -1 turns the wait off. Default 30.
        wait_for_services_timeout: Option<i64>,
        /// Globs of images that jobs may use, over the image as the job writes it; `**` crosses `/`. Empty: any.
        allowed_images: Vec<String>,
        /// Globs of images that run privileged. Empty: all, where `privileged` is set.
        allowed_privileged_images: Vec<String>,
        /// Globs of services that run privileged.
        allowed_privileged_services: Vec<String>,
        /// Pull policies that jobs may ask for. Empty: those of `pull_policy`.
        allowed_pull_policies: Vec<PullPolicy>,
        /// Globs of services that jobs may use. Empty: any.
        allowed_services: Vec<String>,
        /// Pull policies, tried in order. Default `always`.
        pull_policy: PullPolicies,
        /// Isolation technology of Windows containers.
        isolation: Option<String>,
        /// Size of `/dev/shm` in bytes. Default: Docker's.
        shm_size: Option<i64>,
        /// Options of tmpfs mounts, by path.
        tmpfs: BTreeMap<String, String>,
        /// Options of tmpfs mounts in services, by path.
        services_tmpfs: BTreeMap<String, String>,
        /// Kernel parameters of the container.
        sysctls: BTreeMap<String, String>,
        /// Image of the runner's own helper container; `${CI_RUNNER_VERSION}` and `${CI_RUNNER_REVISION}` are
        /// expanded. Default: from GitLab's public registry.
        helper_image: Option<String>,
        /// Flavour of the default helper image, such as `alpine` or `ubuntu`.
        helper_image_flavor: Option<String>,
        /// Labels of all containers.
        container_labels: BTreeMap<String, String>,
        /// Whether networks of jobs have IPv6. Default false.
        enable_ipv6: Option<bool>,
        /// Resource limits, `soft[:hard]` by name.
        ulimit: BTreeMap<String, String>,
        /// MTU of networks of jobs, in bytes.
        network_mtu: Option<u32>,
        /// Options of the json-file log driver; only `env` and `labels`.
        log_options: BTreeMap<String, String>,
        /// Services that every job gets.
        services: Vec<Service>,
    }
    refused {
        "helper_image_autoset_arch_and_os" => "only the kubernetes executor has it, and GitLab Runner's lint refuses it here",
        "registry_mirror" => "there is no such key: registry mirrors are set in the Docker daemon of the worker",
        "registry_mirrors" => "there is no such key: registry mirrors are set in the Docker daemon of the worker",
    }
}

section! {
    /// `[[runners.docker.services]]`: a service that every job gets.
    pub struct Service {
        /// Image.
        name: String,
        /// Further host names, separated by commas or spaces.
        alias: Option<String>,
        /// Arguments of the entrypoint.
        command: Vec<String>,
        /// Entrypoint instead of the image's.
        entrypoint: Vec<String>,
        /// `KEY=value`.
        environment: Vec<String>,
        /// Path of data that outlives a suspended job; only for the kubernetes executor.
        suspend_data_path: Option<String>,
    }
}

impl Service {
    /// A service of an image, with nothing else set.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            alias: None,
            command: Vec::new(),
            entrypoint: Vec::new(),
            environment: Vec::new(),
            suspend_data_path: None,
        }
    }
}

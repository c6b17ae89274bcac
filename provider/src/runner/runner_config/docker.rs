//! `[runners.docker]`: every key of the section, in its order.

use std::collections::BTreeMap;

use tf_provider::Schema;
use tf_provider::value::Number;

/// Containers of the docker executors.
#[derive(Schema, Clone, Debug)]
pub struct Docker {
    /// Address of the Docker daemon. Default: `DOCKER_HOST`, else the local socket.
    pub host: Option<String>,
    /// Directory with `ca.pem`, `cert.pem` and `key.pem` for a daemon behind TLS.
    pub tls_cert_path: Option<String>,
    /// Whether the daemon's certificate is checked.
    pub tls_verify: Option<bool>,
    /// Host name inside the job's container.
    pub hostname: Option<String>,
    /// Image of jobs that name none.
    pub image: String,
    /// OCI runtime of the containers.
    pub runtime: Option<String>,
    /// Memory of the job's container: a number with the unit b, k, m or g, such as `512m`.
    pub memory: Option<String>,
    /// Memory and swap together; at least `memory`.
    pub memory_swap: Option<String>,
    /// Soft limit of memory; at most `memory`.
    pub memory_reservation: Option<String>,
    /// Parent cgroup of the job's container.
    pub cgroup_parent: Option<String>,
    /// CPUs that may be used, such as `0,2-3`.
    pub cpuset_cpus: Option<String>,
    /// Memory nodes that may be used, such as `0`.
    pub cpuset_mems: Option<String>,
    /// Number of CPUs as a decimal number, such as `1.5`.
    pub cpus: Option<String>,
    /// Relative weight of CPU time. Default 1024.
    pub cpu_shares: Option<Number>,
    /// DNS servers.
    pub dns: Option<Vec<String>>,
    /// DNS search domains.
    pub dns_search: Option<Vec<String>>,
    /// Whether job containers are privileged: root on the host in all but name. Default false.
    pub privileged: Option<bool>,
    /// The same for services. Default: as `privileged`.
    pub services_privileged: Option<bool>,
    /// Whether the entrypoint of images cannot be overwritten by jobs. Default false.
    pub disable_entrypoint_overwrite: Option<bool>,
    /// User of all commands in the container.
    pub user: Option<String>,
    /// Users that jobs may choose. Empty: any.
    pub allowed_users: Option<Vec<String>>,
    /// Further groups of the container's process.
    pub group_add: Option<Vec<String>>,
    /// User namespace mode.
    pub userns_mode: Option<String>,
    /// Linux capabilities to add.
    pub cap_add: Option<Vec<String>>,
    /// Linux capabilities to drop.
    pub cap_drop: Option<Vec<String>>,
    /// Whether the kernel's out-of-memory killer leaves the container alone. Default false.
    pub oom_kill_disable: Option<bool>,
    /// Adjustment of the out-of-memory score, -1000 to 1000.
    pub oom_score_adjust: Option<Number>,
    /// Security options (`--security-opt`).
    pub security_opt: Option<Vec<String>>,
    /// Security options of services.
    pub services_security_opt: Option<Vec<String>>,
    /// Host devices in the container.
    pub devices: Option<Vec<String>>,
    /// Rules of the device cgroup.
    pub device_cgroup_rules: Option<Vec<String>>,
    /// GPUs, such as `all`.
    pub gpus: Option<String>,
    /// Host devices in services, by a glob over the service's image.
    pub services_devices: Option<BTreeMap<String, Vec<String>>>,
    /// Whether there are no cache volumes. Default false.
    pub disable_cache: Option<bool>,
    /// Volumes, `/host:/container[:mode]` or `/container`.
    pub volumes: Option<Vec<String>>,
    /// Whether volumes stay after the job. Default false.
    pub volume_keep: Option<bool>,
    /// Volume driver.
    pub volume_driver: Option<String>,
    /// Options of the volume driver.
    pub volume_driver_ops: Option<BTreeMap<String, String>>,
    /// Directory of cache volumes on the Docker host.
    pub cache_dir: Option<String>,
    /// `host:address` lines for `/etc/hosts`.
    pub extra_hosts: Option<Vec<String>>,
    /// Containers whose volumes are mounted, `name[:mode]`.
    pub volumes_from: Option<Vec<String>>,
    /// Network mode.
    pub network_mode: Option<String>,
    /// PID namespace mode.
    pub pid_mode: Option<String>,
    /// IPC mode.
    pub ipcmode: Option<String>,
    /// MAC address of the container.
    pub mac_address: Option<String>,
    /// Legacy container links, `name:alias`.
    pub links: Option<Vec<String>>,
    /// Most services of a job; -1, the default, means no limit.
    pub services_limit: Option<Number>,
    /// Memory of each service.
    pub service_memory: Option<String>,
    /// Memory and swap of each service together.
    pub service_memory_swap: Option<String>,
    /// Soft memory limit of each service.
    pub service_memory_reservation: Option<String>,
    /// Parent cgroup of services.
    pub service_cgroup_parent: Option<String>,
    /// Cgroup name of services by slot, with `${slot}`.
    pub service_slot_cgroup_template: Option<String>,
    /// CPUs that services may use.
    pub service_cpuset_cpus: Option<String>,
    /// Number of CPUs of each service.
    pub service_cpus: Option<String>,
    /// Relative weight of CPU time of each service. Default 1024.
    pub service_cpu_shares: Option<Number>,
    /// GPUs of services.
    pub service_gpus: Option<String>,
    /// Seconds to wait for a service to listen; -1 turns the wait off. Default 30.
    pub wait_for_services_timeout: Option<Number>,
    /// Globs of images that jobs may use, over the image as the job writes it; `**` crosses `/`. Empty: any.
    pub allowed_images: Option<Vec<String>>,
    /// Globs of images that run privileged. Empty: all, where `privileged` is set.
    pub allowed_privileged_images: Option<Vec<String>>,
    /// Globs of services that run privileged.
    pub allowed_privileged_services: Option<Vec<String>>,
    /// Pull policies that jobs may ask for. Empty: those of `pull_policy`.
    pub allowed_pull_policies: Option<Vec<String>>,
    /// Globs of services that jobs may use. Empty: any.
    pub allowed_services: Option<Vec<String>>,
    /// Pull policies, tried in order: `always`, `if-not-present`, `never`. Default `always`.
    pub pull_policy: Option<Vec<String>>,
    /// Isolation technology of Windows containers.
    pub isolation: Option<String>,
    /// Size of `/dev/shm` in bytes. Default: Docker's.
    pub shm_size: Option<Number>,
    /// Options of tmpfs mounts, by path.
    pub tmpfs: Option<BTreeMap<String, String>>,
    /// Options of tmpfs mounts in services, by path.
    pub services_tmpfs: Option<BTreeMap<String, String>>,
    /// Kernel parameters of the container.
    pub sysctls: Option<BTreeMap<String, String>>,
    /// Image of the runner's own helper container; `${CI_RUNNER_VERSION}` and `${CI_RUNNER_REVISION}` are
    /// expanded. Default: from GitLab's public registry.
    pub helper_image: Option<String>,
    /// Flavour of the default helper image, such as `alpine` or `ubuntu`.
    pub helper_image_flavor: Option<String>,
    /// Labels of all containers.
    pub container_labels: Option<BTreeMap<String, String>>,
    /// Whether networks of jobs have IPv6. Default false.
    pub enable_ipv6: Option<bool>,
    /// Resource limits, `soft[:hard]` by name.
    pub ulimit: Option<BTreeMap<String, String>>,
    /// MTU of networks of jobs, in bytes.
    pub network_mtu: Option<Number>,
    /// Options of the json-file log driver; only `env` and `labels`.
    pub log_options: Option<BTreeMap<String, String>>,
    /// Services that every job gets.
    pub services: Option<Vec<Service>>,
}

/// A service that every job gets.
#[derive(Schema, Clone, Debug)]
pub struct Service {
    /// Image.
    pub name: String,
    /// Further host names, separated by commas or spaces.
    pub alias: Option<String>,
    /// Arguments of the entrypoint.
    pub command: Option<Vec<String>>,
    /// Entrypoint instead of the image's.
    pub entrypoint: Option<Vec<String>>,
    /// `KEY=value`.
    pub environment: Option<Vec<String>>,
}

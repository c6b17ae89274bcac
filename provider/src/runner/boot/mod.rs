//! What an instance does at its first boot, as one bundle: files, systemd units and drop-ins, packages, checksummed
//! downloads and commands, sent as cloud-init user data.
//!
//! Worker and manager differ in what they put into a [`Bundle`]; how it reaches the instance, in which order it is
//! carried out, and how success and failure are told, is the same. One script does everything that can fail, in one
//! process that stops at the first fault: entries of cloud-init's `runcmd` go on after a failed one.
//! Nothing in a bundle is secret, since all that run on an instance can read its user data.

mod bundle;
mod cloud_init;
mod download;
mod script;
mod setup;

pub mod manager;
pub mod pull_proxy;
pub mod worker;

pub use bundle::{BootError, Bundle, Start};
pub use cloud_init::{USER_DATA_LIMIT, UserData, sha256_of_base64};
pub use download::{Download, check_sha256, check_url};
pub use pull_proxy::{JobSettings, PullProxy, PullProxyPlan};
pub use setup::{OperatingSystem, Setup, SetupPlan};

/// Where boot tells how it went: tmpfs, so that nothing of an earlier boot is taken for news.
pub const STATE_DIRECTORY: &str = "/run/ecrunner";
/// Written last, when everything was carried out.
pub const READY_MARKER: &str = "/run/ecrunner/ready";
/// Written when a step failed; its one line says which.
pub const FAILED_MARKER: &str = "/run/ecrunner/failed";
/// Folder of the scripts that a bundle brings.
pub const SCRIPT_DIRECTORY: &str = "/usr/local/libexec/ecrunner";
/// Where boot and units look for programs. A snap's directory is not on a unit's path by itself.
const PROGRAM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin";

//! The bundle: what an instance gets at first boot, and the checks of it.

use std::collections::BTreeSet;
use std::fmt;

use runner_config::secret_in;

use super::SCRIPT_DIRECTORY;
use super::cloud_init::{self, UserData};
use super::download::{Download, is_sha256, is_url};
use super::script;
use super::setup::OperatingSystem;

/// What stands in the way of a bundle.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum BootError {
    /// The user data is over EC2's limit, even compressed.
    #[error(
        "the user data has {sent} bytes ({plain} before compression), over EC2's limit of {limit}; the largest parts are {}",
        largest.iter().map(|(part, bytes)| format!("{part} with {bytes} bytes")).collect::<Vec<_>>().join(", ")
    )]
    TooLarge {
        /// Bytes that would be sent, before base64.
        sent: usize,
        /// Bytes before compression.
        plain: usize,
        /// The limit.
        limit: usize,
        /// The three largest files, largest first.
        largest: Vec<(String, usize)>,
    },
    /// Something looks like a secret, which user data must not hold.
    #[error("{place} seems to hold {what}, which user data must not")]
    Secret {
        /// Which part.
        place: String,
        /// What it looks like.
        what: &'static str,
    },
    /// A part is malformed.
    #[error("{place} {problem}")]
    Invalid {
        /// Which part.
        place: String,
        /// Completes "the part …".
        problem: &'static str,
    },
}

/// When a unit of a bundle is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At every boot; at the first one boot waits until it runs, and fails if it does not.
    Enabled,
    /// At every boot; at the first one it is only queued. For units that are ordered after cloud-init, for which
    /// waiting would never end.
    Queued,
    /// Only when another unit, such as a timer, asks for it.
    OnDemand,
}

/// Everything one kind of instance gets at first boot.
///
/// Carried out in this order: files, units and drop-ins are written (early, before packages start services); then by
/// one script packages, downloads, [`prepare`](Self::prepare), the units' start, [`command`](Self::command), and last
/// the marker file [`READY_MARKER`](super::READY_MARKER). The same calls always give the same bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    pub(super) operating_system: OperatingSystem,
    pub(super) files: Vec<BundleFile>,
    pub(super) units: Vec<(String, Start)>,
    pub(super) packages: Vec<String>,
    pub(super) aws_cli: bool,
    pub(super) downloads: Vec<Download>,
    pub(super) prepare: Vec<Command>,
    pub(super) commands: Vec<Command>,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct BundleFile {
    pub(super) path: String,
    pub(super) mode: u32,
    pub(super) content: String,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// What the report says when it fails, such as `starting docker`.
    pub(super) step: String,
    /// POSIX shell.
    pub(super) shell: String,
}

/// Without contents: they are user data.
impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths: Vec<_> = self.files.iter().map(|file| &file.path).collect();
        f.debug_struct("Bundle")
            .field("operating_system", &self.operating_system)
            .field("files", &paths)
            .field("units", &self.units)
            .field("packages", &self.packages)
            .finish_non_exhaustive()
    }
}

impl Bundle {
    /// An empty bundle for instances with this operating system.
    pub fn new(operating_system: OperatingSystem) -> Self {
        Bundle {
            operating_system,
            files: Vec::new(),
            units: Vec::new(),
            packages: Vec::new(),
            aws_cli: false,
            downloads: Vec::new(),
            prepare: Vec::new(),
            commands: Vec::new(),
        }
    }

    /// The operating system the bundle is for.
    pub fn operating_system(&self) -> OperatingSystem {
        self.operating_system
    }

    /// Adds a file owned by root, at an absolute path.
    pub fn file(&mut self, path: impl Into<String>, mode: u32, content: impl Into<String>) -> &mut Self {
        self.files.push(BundleFile { path: path.into(), mode, content: content.into() });
        self
    }

    /// Adds a systemd unit, such as `ecrunner-sync.timer`.
    pub fn unit(&mut self, name: &str, start: Start, content: impl Into<String>) -> &mut Self {
        self.units.push((name.to_owned(), start));
        self.file(format!("/etc/systemd/system/{name}"), 0o644, content)
    }

    /// Adds a drop-in for a unit that the image or a package brings: `docker.service`, `limits.conf`.
    pub fn drop_in(&mut self, unit: &str, name: &str, content: impl Into<String>) -> &mut Self {
        self.file(format!("/etc/systemd/system/{unit}.d/{name}"), 0o644, content)
    }

    /// Adds a package of the distribution's repositories, with a version as its package manager writes it
    /// (`docker-25.0.8` for dnf, `docker.io=27.5.1` for apt) or without. Installed with the others in one step.
    pub fn package(&mut self, name: impl Into<String>) -> &mut Self {
        self.packages.push(name.into());
        self
    }

    /// Asks for the AWS CLI, which Amazon Linux has and Ubuntu has not.
    pub fn aws_cli(&mut self) -> &mut Self {
        self.aws_cli = true;
        self
    }

    /// Adds a download.
    pub fn download(&mut self, download: Download) -> &mut Self {
        self.downloads.push(download);
        self
    }

    /// Adds commands between downloads and the start of the bundle's units. `step` is what the report says should
    /// they fail (`creating the user`); `shell` is POSIX shell, carried out with `set -eu`.
    pub fn prepare(&mut self, step: &str, shell: impl Into<String>) -> &mut Self {
        self.prepare.push(Command { step: step.to_owned(), shell: shell.into() });
        self
    }

    /// Adds commands after the start of the bundle's units; otherwise as [`prepare`](Self::prepare).
    pub fn command(&mut self, step: &str, shell: impl Into<String>) -> &mut Self {
        self.commands.push(Command { step: step.to_owned(), shell: shell.into() });
        self
    }

    /// Adds the practitioner's own script, to be called after everything added so far.
    pub fn extra_script(&mut self, script: &str) -> &mut Self {
        let path = format!("{SCRIPT_DIRECTORY}/extra");
        let interpreter = if script.starts_with("#!") { "" } else { "#!/bin/sh\n" };
        self.file(path.clone(), 0o755, format!("{interpreter}{}\n", script.trim_end()));
        self.command("running extra_script", path)
    }

    /// The user data.
    ///
    /// # Errors
    /// A malformed part, one that looks like a secret, or more than
    /// [`USER_DATA_LIMIT`](super::USER_DATA_LIMIT) bytes.
    pub fn user_data(&self) -> Result<UserData, BootError> {
        self.check()?;
        cloud_init::render(self, &script::render(self))
    }

    fn check(&self) -> Result<(), BootError> {
        let mut paths = BTreeSet::new();
        let downloads = self.downloads.iter().map(|download| (&download.path, download.mode));
        for (path, mode) in self.files.iter().map(|file| (&file.path, file.mode)).chain(downloads) {
            let invalid = |problem| Err(BootError::Invalid { place: path.clone(), problem });
            if !path.starts_with('/') || !path.chars().all(is_path_char) || path.contains("/../") {
                return invalid("is no absolute path of letters, digits and `/._@-`");
            }
            if mode > 0o7777 {
                return invalid("has no mode of at most 07777");
            }
            if !paths.insert(path) {
                return invalid("is there twice");
            }
        }
        for package in &self.packages {
            let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._:~=".contains(c);
            if !package.starts_with(|c: char| c.is_ascii_alphanumeric()) || !package.chars().all(allowed) {
                return Err(BootError::Invalid {
                    place: format!("package {package:?}"),
                    problem: "is no name of a package",
                });
            }
        }
        for download in &self.downloads {
            let invalid =
                |problem| Err(BootError::Invalid { place: format!("download {}", download.url), problem });
            if !is_url(&download.url) {
                return invalid("must begin with https:// or s3:// and name an object, without a login");
            }
            if !is_sha256(&download.sha256) {
                return invalid("has no SHA-256 of 64 lower case hex digits");
            }
        }
        self.check_secrets()
    }

    fn check_secrets(&self) -> Result<(), BootError> {
        let files = self.files.iter().map(|file| (file.path.clone(), file.content.as_str()));
        let commands = self.prepare.iter().chain(&self.commands);
        let commands = commands.map(|command| (format!("the step {}", command.step), command.shell.as_str()));
        let urls = self.downloads.iter().map(|d| (format!("the address of {}", d.path), d.url.as_str()));
        for (place, text) in files.chain(commands).chain(urls) {
            if let Some(what) = secret_in(text) {
                return Err(BootError::Secret { place, what });
            }
        }
        Ok(())
    }
}

fn is_path_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._@-".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> Bundle {
        Bundle::new(OperatingSystem::AmazonLinux2023)
    }

    fn download(url: &str, sha256: &str) -> Download {
        Download {
            url: url.to_owned(),
            sha256: sha256.to_owned(),
            path: "/usr/local/bin/tool".to_owned(),
            mode: 0o755,
        }
    }

    fn problem(bundle: &Bundle) -> String {
        bundle.user_data().expect_err("accepted").to_string()
    }

    #[test]
    fn secrets_are_refused_wherever_they_stand_and_not_repeated() {
        let secret = "glrt-t1_aBcDeF0123456789";
        for (bundle, place) in [
            (bundle().file("/etc/x", 0o644, secret), "/etc/x"),
            (bundle().command("registering", format!("register {secret}")), "the step registering"),
            (bundle().prepare("registering", format!("register {secret}")), "the step registering"),
            (bundle().unit("x.service", Start::OnDemand, secret), "/etc/systemd/system/x.service"),
        ] {
            let problem = problem(bundle);
            assert!(problem.starts_with(place), "{problem}");
            assert!(!problem.contains(secret), "{problem}");
        }
    }

    #[test]
    fn a_download_needs_https_or_s3_and_a_checksum() {
        let (url, sha256) = ("https://example.com/tool", "0".repeat(64));
        assert!(bundle().download(download(url, &sha256)).user_data().is_ok());
        assert!(
            problem(bundle().download(download("http://example.com/tool", &sha256))).contains("https://")
        );
        assert!(problem(bundle().download(download(url, "0"))).contains("SHA-256"));
    }

    #[test]
    fn names_that_the_shell_would_read_are_refused() {
        for package in ["", "-y", "a b", "a;reboot", "$(reboot)"] {
            assert!(problem(bundle().package(package)).contains("package"), "{package}");
        }
        for path in ["etc/x", "/etc/x y", "/etc/../x", "/etc/$x"] {
            assert!(problem(bundle().file(path, 0o644, "")).contains("path"), "{path}");
        }
        assert!(problem(bundle().file("/etc/x", 0o644, "").file("/etc/x", 0o600, "")).contains("twice"));
    }

    #[test]
    fn debug_shows_no_contents() {
        let mut bundle = bundle();
        bundle.file("/etc/x", 0o644, "content").command("step", "content");
        assert!(!format!("{bundle:?}").contains("content"));
        assert!(!format!("{:?}", bundle.user_data()).contains("content"));
    }
}

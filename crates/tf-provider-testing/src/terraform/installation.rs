//! One binary of Terraform or OpenTofu with the providers that its workspaces use.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};

use super::environment;
use super::process::Running;
use super::workspace::Workspace;

/// The hosts that Terraform and OpenTofu put before a source address without one.
const HOSTS: [&str; 2] = ["registry.terraform.io", "registry.opentofu.org"];

/// The version that providers given as binaries have in the mirror.
const VERSION: &str = "1.0.0";

/// Longest run of one command unless a test names another: Terraform itself waits a minute for a silent provider.
const LIMIT: Duration = Duration::from_secs(120);

/// Terraform or OpenTofu with providers, shared by the workspaces of a test process. Clones are the same installation.
#[derive(Clone, Debug)]
pub struct Terraform(Arc<Installation>);

#[derive(Debug)]
struct Installation {
    binary: OsString,
    /// Belongs to this process alone.
    directory: PathBuf,
    /// Source addresses of the providers that were given as binaries.
    sources: Vec<String>,
    limit: Duration,
    initialised: OnceLock<()>,
}

/// What an installation consists of.
#[derive(Clone, Debug)]
pub struct Builder {
    directory: PathBuf,
    binary: OsString,
    providers: BTreeMap<String, PathBuf>,
    mirrors: Vec<PathBuf>,
    limit: Duration,
}

impl Terraform {
    /// An installation that keeps its files below `directory`, such as `env!("CARGO_TARGET_TMPDIR")`.
    ///
    /// The files of each test process are apart, and removed by a later one. By default the binary is what `PATH` calls
    /// `terraform`, and there are no providers but the built-in one.
    pub fn below(directory: impl Into<PathBuf>) -> Builder {
        Builder {
            directory: directory.into(),
            binary: "terraform".into(),
            providers: BTreeMap::new(),
            mirrors: Vec::new(),
            limit: LIMIT,
        }
    }

    /// A new workspace, in a directory that is named for the test.
    ///
    /// Where providers were given as binaries, its file `versions.tf` requires them, and it is initialised; the first
    /// workspace of the process does it for all.
    ///
    /// # Panics
    /// When the directory cannot be written, or `terraform init` fails.
    #[track_caller]
    pub fn workspace(&self) -> Workspace {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").replace("::", ".");
        let directory = self.0.directory.join(format!("{test}.{number}"));
        made(&directory);
        let shared = !self.0.sources.is_empty();
        if shared {
            self.0.initialised.get_or_init(|| self.initialise());
            written(&directory.join("versions.tf"), &required(&self.0.sources));
            let lock = fs::copy(self.lock_file(), directory.join(LOCK_FILE));
            lock.unwrap_or_else(|error| panic!("copying {}: {error}", self.lock_file().display()));
        }
        Workspace::new(self.clone(), directory, shared)
    }

    /// Starts `terraform` with these arguments in `directory`, with the data of an initialised directory in `data`.
    pub(super) fn start(
        &self,
        arguments: &[&str],
        directory: &Path,
        data: &Path,
        environment: &BTreeMap<String, Option<OsString>>,
    ) -> Running {
        let mut command = Command::new(&self.0.binary);
        environment::isolate(&mut command, directory);
        command
            .args(arguments)
            .current_dir(directory)
            .env("TF_CLI_CONFIG_FILE", self.0.directory.join(CLI_CONFIGURATION))
            .env("TF_DATA_DIR", data)
            .env("TF_IN_AUTOMATION", "true")
            .env("CHECKPOINT_DISABLE", "1");
        for (name, value) in environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let binary = Path::new(&self.0.binary).file_name().unwrap_or(&self.0.binary);
        let name = format!("{} {} in {}", binary.display(), arguments.join(" "), directory.display());
        Running::start(command, name, self.0.limit)
    }

    /// Data of the directory that was initialised for all workspaces.
    pub(super) fn shared_data(&self) -> PathBuf {
        self.0.directory.join("initialised").join(".terraform")
    }

    fn lock_file(&self) -> PathBuf {
        self.0.directory.join("initialised").join(LOCK_FILE)
    }

    #[track_caller]
    fn initialise(&self) {
        let directory = self.0.directory.join("initialised");
        made(&directory);
        written(&directory.join("versions.tf"), &required(&self.0.sources));
        let data = self.shared_data();
        self.start(&["init", "-no-color", "-input=false"], &directory, &data, &BTreeMap::new())
            .wait()
            .expect_success();
    }
}

const LOCK_FILE: &str = ".terraform.lock.hcl";
const CLI_CONFIGURATION: &str = "cli.tfrc";

impl Builder {
    /// Takes another binary, by path or by its name in `PATH`.
    #[must_use]
    pub fn binary(mut self, binary: impl Into<OsString>) -> Self {
        self.binary = binary.into();
        self
    }

    /// Takes the binary that this environment variable names, where it is set.
    #[must_use]
    pub fn binary_from(self, variable: impl AsRef<OsStr>) -> Self {
        match std::env::var_os(variable) {
            Some(binary) => self.binary(binary),
            None => self,
        }
    }

    /// Adds a provider: its source address, such as `example/files`, and its executable.
    #[must_use]
    pub fn provider(mut self, source: &str, executable: impl Into<PathBuf>) -> Self {
        self.providers.insert(source.to_owned(), executable.into());
        self
    }

    /// Adds a filesystem mirror that is there already. Workspaces say themselves what they require of it.
    #[must_use]
    pub fn mirror(mut self, directory: impl Into<PathBuf>) -> Self {
        self.mirrors.push(directory.into());
        self
    }

    /// Sets the longest run of one command; 120 s by default.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Lays everything out.
    ///
    /// # Panics
    /// When a provider's executable is missing, or the directory cannot be written.
    #[track_caller]
    pub fn build(self) -> Terraform {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::SeqCst);
        remove_leftovers(&self.directory);
        let directory = self.directory.join(format!("{}.{number}", std::process::id()));
        // An ended process can have had our id, and states of its workspaces are not to be found in ours.
        let _ = fs::remove_dir_all(&directory);
        made(&directory);
        // Diagnostics and reports name files below it: without `..` they can be read and copied.
        let directory = directory.canonicalize().unwrap_or(directory);
        let mut mirrors = self.mirrors;
        if !self.providers.is_empty() {
            let mirror = directory.join("mirror");
            for (source, executable) in &self.providers {
                packages(source).for_each(|package| install(&mirror.join(package), source, executable));
            }
            mirrors.push(mirror);
        }
        written(&directory.join(CLI_CONFIGURATION), &cli_configuration(&mirrors));
        let sources = self.providers.into_keys().collect();
        Terraform(Arc::new(Installation {
            binary: self.binary,
            directory,
            sources,
            limit: self.limit,
            initialised: OnceLock::new(),
        }))
    }
}

/// Where a mirror keeps a provider, for each host that its source address may stand for.
fn packages(source: &str) -> impl Iterator<Item = PathBuf> {
    let hosts: &[&str] = if source.split('/').count() == 2 { &HOSTS } else { &[""] };
    hosts.iter().map(move |host| [host, source, VERSION, &platform()].iter().collect())
}

#[track_caller]
fn install(package: &Path, source: &str, executable: &Path) {
    let executable = match executable.canonicalize() {
        Ok(executable) => executable,
        Err(error) => panic!("the executable of provider {source}, {}: {error}", executable.display()),
    };
    made(package);
    let link = package.join(format!("terraform-provider-{}_v{VERSION}", local_name(source)));
    if let Err(error) = symlink(executable, &link) {
        panic!("linking {}: {error}", link.display());
    }
}

/// The name that configurations give a provider: the end of its source address.
fn local_name(source: &str) -> &str {
    source.rsplit('/').next().unwrap_or(source)
}

/// This machine in Terraform's words, such as `linux_amd64`.
fn platform() -> String {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    format!("{os}_{architecture}")
}

fn required(sources: &[String]) -> String {
    let providers = sources
        .iter()
        .map(|source| format!("    {} = {{\n      source = \"{source}\"\n    }}\n", local_name(source)));
    format!("terraform {{\n  required_providers {{\n{}  }}\n}}\n", providers.collect::<String>())
}

/// Providers come from the mirrors and from nowhere else.
fn cli_configuration(mirrors: &[PathBuf]) -> String {
    let mirrors = mirrors.iter().map(|mirror| {
        format!("  filesystem_mirror {{\n    path = {:?}\n  }}\n", mirror.display().to_string())
    });
    format!("disable_checkpoint = true\nprovider_installation {{\n{}}}\n", mirrors.collect::<String>())
}

/// Removes what test processes left that are no more. Another that is under way keeps its files.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.split_once('.')?.0.parse().ok()).and_then(Pid::from_raw);
        if pid.is_some_and(|pid| test_kill_process(pid).is_err()) {
            // What cannot be removed takes room and does no other harm.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[track_caller]
fn made(directory: &Path) {
    if let Err(error) = fs::create_dir_all(directory) {
        panic!("making {}: {error}", directory.display());
    }
}

#[track_caller]
pub(super) fn written(file: &Path, text: &str) {
    if let Err(error) = fs::write(file, text) {
        panic!("writing {}: {error}", file.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirror_has_a_package_for_both_default_hosts_and_for_a_named_one_alone() {
        let packages = |source| -> Vec<String> {
            let all = packages(source).map(|package| package.display().to_string().replace(&platform(), "P"));
            all.collect()
        };
        let expected = ["registry.terraform.io/a/b/1.0.0/P", "registry.opentofu.org/a/b/1.0.0/P"];
        assert_eq!(packages("a/b"), expected);
        assert_eq!(packages("tf.example.com/a/b"), ["tf.example.com/a/b/1.0.0/P"]);
    }

    #[test]
    fn files_of_ended_processes_are_removed_and_those_of_running_ones_kept() {
        let parent = tempfile::tempdir().unwrap();
        let mut ended = Command::new("true").spawn().unwrap();
        ended.wait().unwrap();
        let names = [format!("{}.0", ended.id()), format!("{}.7", std::process::id()), "logs".to_owned()];
        names.iter().for_each(|name| made(&parent.path().join(name)));
        remove_leftovers(parent.path());
        assert_eq!(names.map(|name| parent.path().join(name).exists()), [false, true, true]);
    }

    #[test]
    #[should_panic(expected = "the executable of provider example/none, /nowhere/provider: No such file")]
    fn missing_executable_is_named_with_its_provider() {
        let parent = tempfile::tempdir().unwrap();
        let builder = Terraform::below(parent.path()).provider("example/none", "/nowhere/provider");
        builder.build();
    }
}

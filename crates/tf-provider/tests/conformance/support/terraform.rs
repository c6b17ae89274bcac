//! The real `terraform` with the examples as providers.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value as Json;

/// No step takes longer, even on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

const PROVIDERS: [&str; 2] = ["conformance", "localfiles"];

const VERSIONS: &str = r#"
terraform {
  required_providers {
    conformance = { source = "example/conformance" }
    localfiles  = { source = "example/localfiles" }
  }
}
"#;

/// A configuration with its own state, and a directory for the files of the provider `localfiles`.
pub(crate) struct Workspace {
    directory: PathBuf,
    environment: Vec<(String, OsString)>,
}

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) text: String,
}

/// A command that runs.
pub(crate) struct Running {
    child: Child,
    output: PathBuf,
}

impl Workspace {
    /// A workspace with this configuration, in which `$FILES` is the directory for files.
    pub(crate) fn new(config: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let directory = installation().join(format!("workspace-{number}"));
        fs::create_dir_all(directory.join("files")).unwrap();
        fs::write(directory.join("versions.tf"), VERSIONS).unwrap();
        fs::copy(installation().join(".terraform.lock.hcl"), directory.join(".terraform.lock.hcl")).unwrap();
        let workspace = Self { directory, environment: Vec::new() };
        workspace.config(config);
        workspace
    }

    /// Takes another configuration.
    pub(crate) fn config(&self, config: &str) {
        let config = config.replace("$FILES", &self.file("").display().to_string());
        fs::write(self.directory.join("main.tf"), config).unwrap();
    }

    /// Sets a variable of all commands to come.
    pub(crate) fn environment(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
    }

    /// A path among the provider's files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.directory.join("files").join(name)
    }

    /// A path beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Starts a command in a process group of its own.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let output = self.directory.join(format!("output-{}.txt", NUMBER.fetch_add(1, Ordering::Relaxed)));
        let file = fs::File::create(&output).unwrap();
        let mut command = terraform(&self.directory);
        command.env("TF_DATA_DIR", installation().join(".terraform"));
        command.args(arguments).arg("-no-color").envs(self.environment.iter().cloned()).process_group(0);
        command.stdout(file.try_clone().unwrap()).stderr(file);
        Running { child: command.spawn().unwrap(), output }
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).wait()
    }

    /// Applies, which has to succeed.
    #[track_caller]
    pub(crate) fn apply(&self) -> Run {
        self.apply_with(&[]).succeeded()
    }

    /// Applies with more arguments, whatever comes of it.
    pub(crate) fn apply_with(&self, arguments: &[&str]) -> Run {
        self.run(&[&["apply", "-auto-approve", "-input=false"], arguments].concat())
    }

    /// Destroys, which has to succeed.
    #[track_caller]
    pub(crate) fn destroy(&self) {
        self.run(&["destroy", "-auto-approve", "-input=false"]).succeeded();
    }

    /// Plans; the status is 0 for an empty plan, 2 for one with changes, 1 for an error.
    pub(crate) fn plan(&self, arguments: &[&str]) -> Run {
        self.run(&[&["plan", "-input=false", "-detailed-exitcode"], arguments].concat())
    }

    /// A plan changes nothing.
    #[track_caller]
    pub(crate) fn assert_empty_plan(&self) {
        let plan = self.plan(&[]);
        assert_eq!(plan.status, Some(0), "the plan is not empty:\n{}", plan.text);
    }

    /// The text of the state file; empty without one.
    pub(crate) fn state_text(&self) -> String {
        fs::read_to_string(self.path("terraform.tfstate")).unwrap_or_default()
    }

    /// All stored instances of a resource, as the state file has them.
    pub(crate) fn instances(&self, address: &str) -> Vec<Json> {
        let state: Json = serde_json::from_str(&self.state_text()).unwrap_or_default();
        let (type_name, name) = address.split_once('.').unwrap();
        let resources = state["resources"].as_array().cloned().unwrap_or_default();
        let mut found = resources.into_iter().filter(|it| it["type"] == type_name && it["name"] == name);
        found.next().map(|it| it["instances"].as_array().unwrap().clone()).unwrap_or_default()
    }

    /// The attributes of the only instance.
    #[track_caller]
    pub(crate) fn attributes(&self, address: &str) -> Json {
        let instances = self.instances(address);
        assert_eq!(instances.len(), 1, "{address}: {instances:?}");
        instances[0]["attributes"].clone()
    }

    /// True when the only instance is tainted.
    pub(crate) fn is_tainted(&self, address: &str) -> bool {
        self.instances(address)[0]["status"] == "tainted"
    }
}

impl Running {
    /// Interrupts the command and what it started, as ctrl-C does.
    pub(crate) fn interrupt(&self) {
        let group = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process_group(group, Signal::INT).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn wait(mut self) -> Run {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return Run { status: status.code(), text: fs::read_to_string(&self.output).unwrap() };
            }
            if Instant::now() > deadline {
                self.child.kill().unwrap();
                panic!("terraform hangs:\n{}", fs::read_to_string(&self.output).unwrap());
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.text);
        self
    }

    /// It failed, and says so.
    #[track_caller]
    pub(crate) fn failed_with(self, texts: &[&str]) -> Self {
        assert_eq!(self.status, Some(1), "{}", self.text);
        self.says(texts)
    }

    /// It says all of this; line ends and the frame of messages do not matter.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        let words = self.text.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        for text in texts {
            assert!(words.contains(text), "{text:?} is not said in\n{}", self.text);
        }
        self
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Path of an example's binary, beside the directory that this test runs from.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(
        path.exists(),
        "{} is missing: run `cargo test -p tf-provider`, which builds examples",
        path.display()
    );
    assert!(
        !is_stale(&path),
        "{} is old: run `cargo test -p tf-provider`, which builds examples",
        path.display()
    );
    path
}

/// Whether a source is newer than `executable`, by the list that cargo leaves.
fn is_stale(executable: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let sources = fs::read_to_string(executable.with_extension("d")).unwrap();
    sources.split_whitespace().skip(1).any(|source| modified(Path::new(source)) > modified(executable))
}

/// `terraform`, or what the variable `TERRAFORM` names, without what the caller's shell would add.
fn terraform(directory: &Path) -> Command {
    let binary = std::env::var_os("TERRAFORM").unwrap_or_else(|| "terraform".into());
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("TF_")) {
            command.env_remove(name);
        }
    }
    let home = base();
    command
        .current_dir(directory)
        .env("HOME", &home)
        .env("TF_CLI_CONFIG_FILE", home.join("terraform.rc"))
        .env("CHECKPOINT_DISABLE", "1")
        .env("TF_IN_AUTOMATION", "1")
        .stdin(Stdio::null());
    command
}

/// A directory of this process alone.
fn base() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance").join(std::process::id().to_string())
}

/// A directory in which `terraform init` was run, with the examples as a mirror of providers.
fn installation() -> &'static Path {
    static INSTALLATION: OnceLock<PathBuf> = OnceLock::new();
    INSTALLATION.get_or_init(|| {
        let base = base();
        remove_leftovers(base.parent().unwrap());
        let platform = format!("linux_{}", if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" });
        for name in PROVIDERS {
            let binary = example(if name == "localfiles" { "local_files" } else { "conformance_provider" });
            let package = base.join(format!("mirror/registry.terraform.io/example/{name}/1.0.0/{platform}"));
            fs::create_dir_all(&package).unwrap();
            symlink(binary, package.join(format!("terraform-provider-{name}_v1.0.0"))).unwrap();
        }
        let mirror = base.join("mirror").display().to_string();
        let configuration = format!(
            "disable_checkpoint = true\nprovider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n"
        );
        fs::write(base.join("terraform.rc"), configuration).unwrap();
        fs::write(base.join("versions.tf"), VERSIONS).unwrap();
        let output = terraform(&base).args(["init", "-no-color", "-input=false"]).output();
        let output = output.expect("terraform is needed: put it into PATH, or name it in TERRAFORM");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        base
    })
}

/// Removes what test processes left that are no more.
fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !Path::new("/proc").join(entry.file_name()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

//! The real `terraform` with the examples as providers, and its output as people read it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value as Json;
use tf_provider_testing::{Terraform, terraform};

pub(crate) use tf_provider_testing::terraform::example;

/// No step takes longer, even on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

static TERRAFORM: LazyLock<Terraform> = LazyLock::new(|| {
    Terraform::below(env!("CARGO_TARGET_TMPDIR"))
        .binary_from("TERRAFORM")
        .provider("example/conformance", example("conformance_provider"))
        .provider("example/files", example("conformance_files"))
        .provider("example/localfiles", example("local_files"))
        .limit(LIMIT)
        .build()
});

/// A configuration with its own state, and a directory for the files of the provider `files`.
pub(crate) struct Workspace(terraform::Workspace);

/// What came of a command.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    /// Standard output, then standard error.
    pub(crate) text: String,
    run: terraform::Run,
}

/// A command that runs.
pub(crate) struct Running(terraform::Running);

impl Workspace {
    /// A workspace with this configuration, in which `$FILES` is the directory for files.
    pub(crate) fn new(config: &str) -> Self {
        let workspace = Self(TERRAFORM.workspace());
        fs::create_dir(workspace.file("")).unwrap();
        workspace.config(config);
        workspace
    }

    /// Takes another configuration.
    pub(crate) fn config(&self, config: &str) {
        self.0.config(&config.replace("$FILES", &self.file("").display().to_string()));
    }

    /// Sets a variable of all commands to come.
    pub(crate) fn environment(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.environment(name, &value.into());
    }

    /// A path among the provider's files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path("files").join(name)
    }

    /// A path beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.directory().join(name)
    }

    /// Starts a command in a process group of its own.
    #[track_caller]
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        Running(self.0.start(&[arguments, &["-no-color"]].concat()))
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).wait()
    }

    /// Applies, which has to succeed.
    #[track_caller]
    pub(crate) fn apply(&self) -> Run {
        self.apply_with(&[]).succeeded()
    }

    /// Applies with more arguments, whatever comes of it.
    #[track_caller]
    pub(crate) fn apply_with(&self, arguments: &[&str]) -> Run {
        self.run(&[&["apply", "-auto-approve", "-input=false"], arguments].concat())
    }

    /// Destroys, which has to succeed.
    #[track_caller]
    pub(crate) fn destroy(&self) {
        self.run(&["destroy", "-auto-approve", "-input=false"]).succeeded();
    }

    /// Plans; the status is 0 for an empty plan, 2 for one with changes, 1 for an error.
    #[track_caller]
    pub(crate) fn plan(&self, arguments: &[&str]) -> Run {
        self.run(&[&["plan", "-input=false", "-detailed-exitcode"], arguments].concat())
    }

    /// A plan changes nothing.
    #[track_caller]
    pub(crate) fn assert_empty_plan(&self) {
        self.plan(&[]).succeeded();
    }

    /// The text of the state file; empty without one.
    pub(crate) fn state_text(&self) -> String {
        self.0.state_text()
    }

    /// Changes the state file by hand.
    #[cfg(feature = "newer-core")]
    pub(crate) fn edit_state(&self, edit: impl FnOnce(&mut Json)) {
        let mut state: Json = serde_json::from_str(&self.state_text()).unwrap();
        edit(&mut state);
        fs::write(self.path("terraform.tfstate"), state.to_string()).unwrap();
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
    #[track_caller]
    pub(crate) fn interrupt(&self) {
        self.0.interrupt();
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn wait(self) -> Run {
        let run = self.0.wait();
        Run { status: run.exit_code(), text: format!("{}{}", run.stdout(), run.stderr()), run }
    }
}

impl Run {
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        self.run.expect_success();
        self
    }

    /// It failed, and says so.
    #[track_caller]
    pub(crate) fn failed_with(self, texts: &[&str]) -> Self {
        assert_eq!(self.status, Some(1), "{}", self.text);
        self.says(texts)
    }

    /// The same, of a run that is looked at further.
    #[track_caller]
    pub(crate) fn contains(&self, texts: &[&str]) {
        texts.iter().for_each(|text| {
            self.run.expect_text(text);
        });
    }

    /// It says all of this; line ends and the frame of messages do not matter.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        self.contains(texts);
        self
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    terraform::wait_until(what, LIMIT, condition);
}

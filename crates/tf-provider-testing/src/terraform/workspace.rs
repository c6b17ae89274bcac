//! A directory with a configuration and its state, and the terraform commands run in it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::installation::{Terraform, written};
use super::plan::Plan;
use super::process::Running;
use super::run::Run;
use super::state::State;
use crate::report::report;

/// A configuration with its own state.
///
/// Its directory is removed when the test passes and left in place, named in the report, when it fails.
#[derive(Debug)]
pub struct Workspace {
    terraform: Terraform,
    directory: PathBuf,
    /// Where Terraform keeps what `init` installed.
    data: PathBuf,
    /// `None` removes the variable.
    environment: BTreeMap<String, Option<OsString>>,
    initialised: AtomicBool,
    /// The state file that was shown last, and what was shown: tests ask for one attribute after the other.
    shown: Option<(String, State)>,
}

impl Workspace {
    /// A workspace in `directory`, which is made; `shared` when the installation was initialised for it.
    pub(super) fn new(terraform: Terraform, directory: PathBuf, shared: bool) -> Self {
        let data = if shared { terraform.shared_data() } else { directory.join(".terraform") };
        let initialised = AtomicBool::new(shared);
        Self { terraform, directory, data, environment: BTreeMap::new(), initialised, shown: None }
    }

    /// Where the workspace is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Sets `main.tf`, the configuration.
    pub fn config(&self, hcl: &str) -> &Self {
        self.file("main.tf", hcl)
    }

    /// Writes another file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        written(&self.directory.join(name), text);
        self
    }

    /// Sets a variable of every coming command.
    pub fn environment(&mut self, name: &str, value: &(impl AsRef<OsStr> + ?Sized)) -> &mut Self {
        self.environment.insert(name.to_owned(), Some(value.as_ref().to_owned()));
        self
    }

    /// Takes a variable from every coming command.
    pub fn without_environment(&mut self, name: &str) -> &mut Self {
        self.environment.insert(name.to_owned(), None);
        self
    }

    /// `terraform init`, for this workspace alone. Where it is needed, the other commands run it by themselves the first
    /// time; modules and providers that the installation does not know want it once more.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn init(&mut self) -> Run {
        self.data = self.directory.join(".terraform");
        self.initialise_here()
    }

    /// Starts any command as given and comes back at once, for it to be interrupted.
    #[track_caller]
    pub fn start(&self, arguments: &[&str]) -> Running {
        if !self.initialised.load(Ordering::SeqCst) {
            self.initialise_here().expect_success();
        }
        self.start_as_it_is(arguments)
    }

    /// `terraform validate -json`.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn validate(&mut self) -> Run {
        self.run(&["validate", "-json"])
    }

    /// `terraform plan`, which has to succeed.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn plan(&mut self) -> Plan {
        self.plan_with(&[])
    }

    /// The same with further options, as `-refresh=false` or `-replace=<address>`.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn plan_with(&mut self, options: &[&str]) -> Plan {
        let run = self.run_plan(options);
        run.expect_success();
        self.saved_plan(run)
    }

    #[track_caller]
    fn saved_plan(&self, run: Run) -> Plan {
        let file = self.directory.join("saved.tfplan");
        let json = self.show(Some(&file));
        Plan::new(file, json, run)
    }

    /// `terraform plan`, whatever its end.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn run_plan(&mut self, options: &[&str]) -> Run {
        let arguments = ["plan", "-json", "-input=false", "-lock=false", "-out=saved.tfplan"];
        self.run(&[&arguments, options].concat())
    }

    /// A second plan changes nothing and finds no drift.
    ///
    /// # Panics
    /// When it does.
    #[track_caller]
    pub fn assert_empty_plan(&mut self) {
        let run = self.run_plan(&["-detailed-exitcode"]);
        // What the plan says while it is made costs no second command. Only where it is not empty more is to be told.
        if run.exit_code() == Some(0) && !run.tells_changes() {
            return;
        }
        if run.exit_code() == Some(1) {
            run.expect_success();
        }
        self.saved_plan(run.clone()).assert_empty();
        run.expect_success();
    }

    /// `terraform apply`, without asking.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn apply(&mut self) -> Run {
        self.start_apply().wait()
    }

    /// Starts `terraform apply` and comes back at once, to be interrupted.
    #[track_caller]
    pub fn start_apply(&mut self) -> Running {
        self.start(&["apply", "-json", "-input=false", "-lock=false", "-auto-approve"])
    }

    /// `terraform apply` of a saved plan.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn apply_plan(&mut self, plan: &Plan) -> Run {
        let file = plan.file().display().to_string();
        self.run(&["apply", "-json", "-input=false", "-lock=false", &file])
    }

    /// `terraform destroy`, without asking.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn destroy(&mut self) -> Run {
        self.start_destroy().wait()
    }

    /// Starts `terraform destroy` and comes back at once.
    #[track_caller]
    pub fn start_destroy(&mut self) -> Running {
        self.start(&["destroy", "-json", "-input=false", "-lock=false", "-auto-approve"])
    }

    /// `terraform import`; its output is text, so errors are claimed by [`Run::expect_text`].
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn import(&mut self, address: &str, id: &str) -> Run {
        self.run(&["import", "-no-color", "-input=false", "-lock=false", address, id])
    }

    /// Any other command, as given.
    #[must_use = "a run that nobody looks at proves nothing"]
    #[track_caller]
    pub fn terraform(&mut self, arguments: &[&str]) -> Run {
        self.run(arguments)
    }

    /// The state as it is now.
    #[track_caller]
    pub fn state(&mut self) -> State {
        let text = self.state_text();
        if let Some((shown, state)) = &self.shown
            && *shown == text
        {
            return state.clone();
        }
        let state = State::new(self.show(None));
        self.shown = Some((text, state.clone()));
        state
    }

    /// One attribute of one object in the state; see [`State::attribute`].
    #[track_caller]
    pub fn state_attr(&mut self, address: &str, path: &str) -> Value {
        self.state().attribute(address, path).clone()
    }

    /// The state file as it stands on disk, for claims about what must not be in it.
    pub fn state_text(&self) -> String {
        std::fs::read_to_string(self.directory.join("terraform.tfstate")).unwrap_or_default()
    }

    #[track_caller]
    fn show(&self, file: Option<&Path>) -> Value {
        let file = file.map(|file| file.display().to_string());
        let mut arguments = vec!["show", "-json"];
        arguments.extend(file.as_deref());
        let run = self.run(&arguments);
        run.expect_success();
        match serde_json::from_str(run.stdout()) {
            Ok(json) => json,
            Err(error) => {
                panic!("{}", report(&format!("terraform show: {error}"), &[("output", run.stdout())]))
            }
        }
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Run {
        self.start(arguments).wait()
    }

    #[track_caller]
    fn initialise_here(&self) -> Run {
        self.initialised.store(true, Ordering::SeqCst);
        self.start_as_it_is(&["init", "-no-color", "-input=false"]).wait()
    }

    #[track_caller]
    fn start_as_it_is(&self, arguments: &[&str]) -> Running {
        self.terraform.start(arguments, &self.directory, &self.data, &self.environment)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // A failed test leaves its files to be looked at.
        if !std::thread::panicking() {
            // A later process removes what is left.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

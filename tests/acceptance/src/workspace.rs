//! A directory with a configuration and its state, and the terraform commands run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;

use crate::account::{Account, REGION};
use crate::environment;
use crate::paths;
use crate::plan::Plan;
use crate::process::Running;
use crate::report::report;
use crate::run::Run;
use crate::stack::Stack;
use crate::state::State;

/// Where the provider block's `endpoints` can point.
const ENDPOINTS: &[&str] =
    &["autoscaling", "ec2", "ecr", "iam", "logs", "registry", "s3", "secretsmanager", "ssm", "sts"];

const REQUIRED_PROVIDERS: &str = r#"terraform {
  required_providers {
    ecrunner = {
      source = "ecrunner/ecrunner"
    }
  }
}
"#;

/// A configuration with its own state.
#[derive(Debug)]
pub struct Workspace {
    directory: PathBuf,
    /// `None` removes the variable.
    environment: BTreeMap<String, Option<String>>,
    initialised: bool,
}

impl Workspace {
    /// An empty workspace whose provider acts in `account`.
    ///
    /// # Panics
    /// When the directory cannot be made, or the emulated AWS does not start.
    pub fn new(account: &Account) -> Self {
        let directory = directory();
        write(&directory, "terraform.rc", &cli_configuration(&paths::mirror()));
        write(&directory, "provider.tf", &format!("{REQUIRED_PROVIDERS}\n{}", provider("")));
        let environment =
            [("AWS_ACCESS_KEY_ID", account.id()), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", REGION)];
        let environment =
            environment.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).into_iter().collect();
        Self { directory, environment, initialised: false }
    }

    /// Where the workspace is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The block `endpoints` with every service at `url`, for provider blocks a test writes itself.
    pub fn endpoints(url: &str) -> String {
        let lines = ENDPOINTS.iter().map(|service| format!("    {service} = \"{url}\"\n"));
        format!("  endpoints {{\n{}  }}\n", lines.collect::<String>())
    }

    /// Adds arguments to the default provider block, whose endpoints stay at the gateway.
    pub fn provider_arguments(&self, arguments: &str) -> &Self {
        self.provider_blocks(&provider(arguments))
    }

    /// Takes these provider blocks instead of the default one.
    pub fn provider_blocks(&self, blocks: &str) -> &Self {
        self.file("provider.tf", &format!("{REQUIRED_PROVIDERS}\n{blocks}"))
    }

    /// Sets `main.tf`, everything but the provider block.
    pub fn config(&self, hcl: &str) -> &Self {
        self.file("main.tf", hcl)
    }

    /// Writes another file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn file(&self, name: &str, text: &str) -> &Self {
        write(&self.directory, name, text);
        self
    }

    /// Sets a variable of every coming command.
    pub fn environment(&mut self, name: &str, value: &str) -> &mut Self {
        self.environment.insert(name.to_owned(), Some(value.to_owned()));
        self
    }

    /// Takes a variable from every coming command.
    pub fn without_environment(&mut self, name: &str) -> &mut Self {
        self.environment.insert(name.to_owned(), None);
        self
    }

    /// `terraform init`. The other commands run it by themselves the first time.
    #[must_use = "a run that nobody looks at proves nothing"]
    pub fn init(&mut self) -> Run {
        self.initialised = true;
        self.start(&["init", "-no-color", "-input=false"]).wait()
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
        self.plan().assert_empty();
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
        self.initialise();
        self.start(&["apply", "-json", "-input=false", "-lock=false", "-auto-approve"])
    }

    /// Starts `terraform destroy` and comes back at once.
    #[track_caller]
    pub fn start_destroy(&mut self) -> Running {
        self.initialise();
        self.start(&["destroy", "-json", "-input=false", "-lock=false", "-auto-approve"])
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
        State::new(self.show(None))
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
    fn show(&mut self, file: Option<&Path>) -> Value {
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
    fn run(&mut self, arguments: &[&str]) -> Run {
        self.initialise();
        self.start(arguments).wait()
    }

    #[track_caller]
    fn initialise(&mut self) {
        if !self.initialised {
            self.init().expect_success();
        }
    }

    fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(paths::terraform());
        environment::isolate(&mut command, &self.directory);
        command
            .args(arguments)
            .current_dir(&self.directory)
            .env("TF_CLI_CONFIG_FILE", self.directory.join("terraform.rc"))
            .env("TF_DATA_DIR", self.directory.join(".terraform"))
            .env("TF_IN_AUTOMATION", "true")
            .env("CHECKPOINT_DISABLE", "1");
        for (name, value) in &self.environment {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let name = format!("terraform {} in {}", arguments.join(" "), self.directory.display());
        Running::start(command, name)
    }
}

impl Drop for Workspace {
    fn drop(&mut self) {
        // A failed test leaves its files to be looked at.
        if !std::thread::panicking() {
            // The next run of the tests has directories of its own, so a rest does no harm.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

/// The default provider block with further arguments.
fn provider(arguments: &str) -> String {
    format!("provider \"ecrunner\" {{\n{arguments}\n{}}}\n", Workspace::endpoints(Stack::shared().url()))
}

/// Providers come from the mirror and from nowhere else.
fn cli_configuration(mirror: &Path) -> String {
    format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\ndisable_checkpoint = true\n",
        mirror.display()
    )
}

/// A new directory named for the test; the number tells processes and the workspaces of one test apart.
fn directory() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("test").replace("::", ".");
    let directory = paths::workspaces().join(format!("{test}.{}.{number}", std::process::id()));
    if let Err(error) = std::fs::create_dir_all(&directory) {
        panic!("making {}: {error}", directory.display());
    }
    directory
}

fn write(directory: &Path, name: &str, text: &str) {
    let file = directory.join(name);
    if let Err(error) = std::fs::write(&file, text) {
        panic!("writing {}: {error}", file.display());
    }
}

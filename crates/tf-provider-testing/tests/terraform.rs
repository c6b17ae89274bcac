//! The real binary with the provider of `examples/greeter.rs`; `TERRAFORM` names another binary.

use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use tf_provider_testing::terraform::{DebuggedProvider, Severity, example, wait_until};
use tf_provider_testing::{Terraform, Workspace};

const LIMIT: Duration = Duration::from_secs(60);

static TERRAFORM: LazyLock<Terraform> = LazyLock::new(|| {
    Terraform::below(env!("CARGO_TARGET_TMPDIR"))
        .binary_from("TERRAFORM")
        .provider("example/greeter", example("greeter"))
        .build()
});

const ANN: &str = "greeter_greeting.ann";

fn greeting(name: &str) -> String {
    format!(
        "provider \"greeter\" {{\n  word = \"Hello\"\n}}\nresource \"greeter_greeting\" \"ann\" {{\n  name = {name:?}\n}}\n"
    )
}

fn workspace(name: &str) -> Workspace {
    let workspace = TERRAFORM.workspace();
    workspace.config(&greeting(name));
    workspace
}

#[test]
fn object_lives_from_plan_to_destroy() {
    let mut workspace = workspace("Ann");
    workspace.validate().expect_success();
    let plan = workspace.plan();
    assert_eq!((plan.actions(ANN), plan.after(ANN, "name")), (vec!["create"], &"Ann".into()));
    assert!(plan.is_unknown(ANN, "text") && plan.run().warnings().is_empty());
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    assert_eq!(workspace.state_attr(ANN, "text"), "Hello, Ann!");
    workspace.config(&greeting("Bob"));
    let plan = workspace.plan_with(&["-refresh=false"]);
    assert_eq!(
        (plan.changes(), plan.replace_paths(ANN)),
        (vec![format!("{ANN} delete,create")], vec!["name".to_owned()])
    );
    workspace.apply().expect_success();
    assert!(workspace.state_text().contains("Hello, Bob!"));
    let state = workspace.state();
    assert_eq!((state.addresses(), state.is_tainted(ANN)), (vec![ANN.to_owned()], false));
    workspace.destroy().expect_success();
    assert!(workspace.state().addresses().is_empty());
}

/// What `assert_empty_plan` says; empty where it finds nothing.
fn told_of_second_plan(workspace: &mut Workspace) -> String {
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| workspace.assert_empty_plan())) {
        Ok(()) => String::new(),
        Err(told) => told.downcast_ref::<String>().cloned().expect("a report"),
    }
}

#[test]
fn second_plan_that_is_not_empty_fails_with_what_it_changes() {
    let mut workspace = workspace("Ann");
    workspace.apply().expect_success();
    assert_eq!(told_of_second_plan(&mut workspace), "");
    workspace.config(&greeting("Bob"));
    let told = told_of_second_plan(&mut workspace);
    assert!(told.contains("the plan is not empty") && told.contains(ANN), "{told}");
    workspace.config(&(greeting("Ann") + "output \"name\" {\n  value = \"Ann\"\n}\n"));
    let told = told_of_second_plan(&mut workspace);
    assert!(told.contains("output name"), "{told}");
}

#[test]
fn second_plan_that_finds_drift_fails() {
    let mut workspace = workspace("Ann");
    workspace.apply().expect_success();
    // What the provider reads is then not what the state says.
    let state = workspace.state_text().replace("Hello, Ann!", "Goodbye, Ann!");
    workspace.file("terraform.tfstate", &state);
    assert_eq!(workspace.state_attr(ANN, "text"), "Goodbye, Ann!");
    let told = told_of_second_plan(&mut workspace);
    assert!(told.contains("resource_drift") && told.contains(ANN), "{told}");
}

#[test]
fn object_is_imported() {
    let mut workspace = workspace("Ann");
    workspace.import(ANN, "Ann").expect_success().expect_text("Import successful!");
    workspace.assert_empty_plan();
    workspace.import(ANN, "Bob").expect_failure().expect_text("Resource already managed by Terraform");
}

#[test]
fn diagnostics_are_read_with_address_and_attribute() {
    let mut workspace = workspace("");
    workspace.validate().expect_only_error(&["Invalid name", "1 to 20 characters"]);
    let run = workspace.run_plan(&[]);
    run.expect_error("Invalid name", "name").expect_error_count(1);
    let error = run.errors()[0];
    assert_eq!((error.severity, error.address.as_deref()), (Severity::Error, Some(ANN)));
    assert_eq!(error.underlined.as_deref(), Some("\"\""));
}

#[test]
fn variables_are_set_and_taken_back_and_the_callers_are_not_seen() {
    let mut workspace = TERRAFORM.workspace();
    workspace
        .config("variable \"word\" {\n  default = \"none\"\n}\noutput \"word\" {\n  value = var.word\n}\n");
    workspace.environment("TF_VAR_word", "given").apply().expect_success();
    assert_eq!(workspace.state().output("word"), "given");
    workspace.without_environment("TF_VAR_word").apply().expect_success();
    assert_eq!(workspace.state().output("word"), "none");
    workspace.config("output \"home\" {\n  value = pathexpand(\"~\")\n}\n");
    workspace.apply().expect_success();
    assert_eq!(workspace.state().output("home"), &workspace.directory().display().to_string());
}

#[test]
fn modules_want_an_init_of_their_own() {
    let mut workspace = TERRAFORM.workspace();
    std::fs::create_dir(workspace.directory().join("inner")).unwrap();
    workspace.file("inner/main.tf", "output \"word\" {\n  value = \"inner\"\n}\n");
    workspace.config(
        "module \"inner\" {\n  source = \"./inner\"\n}\noutput \"word\" {\n  value = module.inner.word\n}\n",
    );
    workspace.apply().expect_error("Module not installed", None);
    workspace.init().expect_success();
    workspace.apply().expect_success();
    assert_eq!(workspace.state().output("word"), "inner");
}

#[test]
fn apply_under_way_is_interrupted() {
    let mut workspace = TERRAFORM.workspace();
    workspace.config(
        "resource \"terraform_data\" \"slow\" {\n  provisioner \"local-exec\" {\n    command = \": > begun; exec sleep 600\"\n  }\n}\n",
    );
    let apply = workspace.start_apply();
    wait_until("the provisioner to run", LIMIT, || workspace.directory().join("begun").exists());
    apply.interrupt();
    apply.wait().expect_failure().expect_within(LIMIT);
    assert!(workspace.state().is_tainted("terraform_data.slow"));
}

#[test]
fn provider_that_was_started_by_hand_is_attached_to() {
    let mut workspace = workspace("Ann");
    let provider = DebuggedProvider::start(Command::new(example("greeter")));
    workspace.environment("TF_REATTACH_PROVIDERS", provider.reattach());
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    assert_eq!(provider.interrupt(), Some(0));
    workspace.run_plan(&[]).expect_failure();
}

#[test]
fn directory_of_a_passed_test_is_removed() {
    let workspace = workspace("Ann");
    let directory = workspace.directory().to_owned();
    assert!(directory.join("main.tf").exists());
    drop(workspace);
    assert!(!directory.exists());
}

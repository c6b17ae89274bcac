//! Arguments that are refused before anything is asked of AWS: summary and attribute of each.

use acceptance::Account;

use super::{TOKEN, credential, credential_of, workspace};

/// Validates each configuration, of which nothing but `attribute` is at fault.
fn refuse(attribute: &str, wrong: &[String]) {
    let account = Account::new();
    let mut workspace = workspace(&account);
    for config in wrong {
        workspace.config(config);
        workspace.validate().expect_error(&format!("Invalid {attribute}"), attribute).expect_error_count(1);
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
}

#[test]
fn invalid_name() {
    refuse("name", &["", "docker hub", "docker:hub", &"a".repeat(492)].map(|name| credential(name, "")));
}

#[test]
fn invalid_name_with_the_prefix_names_the_bare_one() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    workspace.config(&credential("ecr-pullthroughcache/hub", ""));
    workspace
        .validate()
        .expect_error("Invalid name", "name")
        .expect_error_count(1)
        .expect_text("Write \\\"hub\\\".");
}

#[test]
fn invalid_username_version_description_and_recovery_window() {
    refuse("username", &["", " team", "team\\n"].map(|username| credential_of("hub", username, 1, "")));
    refuse("access_token_wo_version", &[0, -1].map(|version| credential_of("hub", "team", version, "")));
    refuse("description", &[credential("hub", "  description = \"\"")]);
    let days = |days: i64| credential("hub", &format!("  recovery_window_days = {days}"));
    refuse("recovery_window_days", &[days(-1), days(1), days(6), days(31)]);
}

#[test]
fn invalid_access_token_is_not_shown() {
    let account = Account::new();
    let mut workspace = workspace(&account);
    for (token, summary) in [
        ("null", "Missing required argument"),
        ("\"\"", "Invalid access_token_wo"),
        (&*format!("\"{TOKEN}\\n\""), "Invalid access_token_wo"),
    ] {
        workspace.config(&credential("hub", "").replace("var.token", token));
        let run = workspace.validate();
        run.expect_failure().expect_error_count(1).expect_text(summary);
        assert!(!run.stdout().contains(TOKEN) && !run.stderr().contains(TOKEN), "{}", run.stdout());
    }
    assert_eq!(account.calls().len(), 0, "validation asks nobody");
    // What is known only later is checked then.
    workspace.config(&credential("hub", ""));
    workspace.environment("TF_VAR_token", " ");
    workspace.run_plan(&[]).expect_failure().expect_text("Invalid access_token_wo");
}

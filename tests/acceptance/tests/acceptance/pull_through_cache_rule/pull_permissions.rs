//! `pull_permissions`: known to the plan, and enough for an instance profile.

use acceptance::{Account, Workspace};
use serde_json::{Value, json};

use super::{RULE, quay};

const PROFILE: &str = r#"
resource "ecrunner_instance_profile" "worker" {
  name       = "worker"
  image_pull = ecrunner_pull_through_cache_rule.this.pull_permissions
}
"#;

fn repositories(account: &Account, names: &str) -> String {
    format!("arn:aws:ecr:eu-central-1:{}:repository/{names}", account.id())
}

#[test]
fn one_line_gives_an_instance_profile_what_pulling_needs() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&(quay("quay") + PROFILE));
    let plan = workspace.plan();
    let arn = repositories(&account, "quay/*");
    let expected = json!({ "import_repositories": [arn] });
    assert_eq!(*plan.after(RULE, "pull_permissions"), expected, "the plan knows them");
    let profile = "ecrunner_instance_profile.worker";
    assert!(!plan.is_unknown(profile, "policy_json"), "and so the policy");
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();

    let get = ["iam", "get-role-policy", "--role-name", "worker", "--policy-name", "ecrunner"];
    let policy = account.aws(&get)["PolicyDocument"].clone();
    let statements = policy["Statement"].as_array().expect("statements");
    let allowed = |action: &str| {
        let of = statements.iter().find(|statement| statement["Action"].to_string().contains(action));
        of.map(|statement| statement["Resource"].clone()).unwrap_or_default()
    };
    for action in ["BatchGetImage", "GetDownloadUrlForLayer", "BatchImportUpstreamImage", "CreateRepository"]
    {
        let resource = allowed(&format!("\"ecr:{action}\""));
        assert!(resource == json!([arn]) || resource == json!(arn), "{action} on {resource}");
    }
    assert_ne!(allowed("ecr:GetAuthorizationToken"), Value::Null);
}

#[test]
fn root_needs_all_repositories_and_another_prefix_others() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    for (prefix, names) in [("ROOT", "*"), ("team/quay", "team/quay/*")] {
        workspace.config(&quay(prefix));
        let plan = workspace.plan();
        let expected = json!([repositories(&account, names)]);
        assert_eq!(*plan.after(RULE, "pull_permissions.import_repositories"), expected);
        workspace.apply_plan(&plan).expect_success();
        workspace.assert_empty_plan();
    }
}

#[test]
fn unknown_prefix_plans_unknown_permissions() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let input = "resource \"terraform_data\" \"prefix\" {\n  input = \"quay\"\n}\n";
    let rule = quay("quay").replace("= \"quay\"", "= terraform_data.prefix.output");
    workspace.config(&format!("{input}{rule}"));
    let plan = workspace.plan();
    assert!(plan.is_unknown(RULE, "pull_permissions"));
    workspace.apply_plan(&plan).expect_success();
    let state = workspace.state();
    let expected = json!([repositories(&account, "quay/*")]);
    assert_eq!(*state.attribute(RULE, "pull_permissions.import_repositories"), expected);
    workspace.assert_empty_plan();
}

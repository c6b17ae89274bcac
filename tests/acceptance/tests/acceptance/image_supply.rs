//! The module image-supply: its whole life with all that it can make, and what it says of an image that nothing serves.

use std::path::Path;

use acceptance::{Account, Stack, Workspace};
use upstream_registry::Registry;

use crate::examples::live;

const TOKEN: &str = "not-a-real-token";

/// A workspace that calls the module with these arguments.
fn supply(account: &Account, arguments: &str) -> Workspace {
    let module = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../modules/image-supply");
    let module = module.canonicalize().expect("the module");
    let workspace = Workspace::new(account);
    workspace.config(&format!(
        "module \"images\" {{\n  source = \"{}\"\n{arguments}\n}}\n\noutput \"images\" {{\n  value = module.images.images\n}}\n",
        module.display()
    ));
    workspace
}

/// Somebody lets cached images stay for ever.
fn drop_lifecycle_policy(account: &Account) {
    let template = ["--prefix", "quay", "--lifecycle-policy", ""];
    account.aws(&[&["ecr", "update-repository-creation-template"], &template[..]].concat());
}

fn statements(account: &Account) -> Vec<String> {
    let policy = account.aws(&["ecr", "get-registry-policy"])["policyText"].clone();
    let policy: serde_json::Value = serde_json::from_str(policy.as_str().expect("a policy")).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements").iter();
    statements.map(|statement| statement["Sid"].as_str().expect("a Sid").to_owned()).collect()
}

#[test]
fn everything_it_makes_is_made_once_and_destroyed() {
    let account = Account::new();
    let upstream = Stack::shared().upstream(Registry::builder());
    upstream.add_image("library/alpine", "3.20", &["linux/amd64", "linux/arm64"]);
    let digest = upstream.add_image("team/tool", "1", &["linux/amd64"]).digest;
    let others = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"Others","Effect":"Allow","Principal":{{"AWS":"arn:aws:iam::777788889999:root"}},"Action":"ecr:CreateRepository","Resource":"arn:aws:ecr:eu-central-1:{}:repository/other/*"}}]}}"#,
        account.id()
    );
    account.aws(&["ecr", "put-registry-policy", "--policy-text", &others]);
    let mut workspace = supply(
        &account,
        &format!(
            r#"
  images = ["{0}/library/alpine:3.20", "{0}/team/tool@{digest}", "nginx:1.29"]

  upstreams = {{
    docker-hub = {{ credential = {{ username = "team", recovery_window_days = 0 }} }}
    quay       = {{}}
  }}
  access_tokens = {{ docker-hub = var.token }}
  mirrors       = {{ images = "pinned", repositories = {{ "{0}/library/alpine" = {{}} }} }}
  templates     = {{ tags = {{ purpose = "ci" }} }}
  shared_with   = {{ principals = ["444455556666"] }}
  tags          = {{ team = "build-platform" }}
"#,
            upstream.address()
        ),
    );
    workspace.file("variables.tf", "variable \"token\" {\n  type      = string\n  ephemeral = true\n}\n");
    workspace.environment("TF_VAR_token", TOKEN);
    let seen = |account: &Account| {
        assert_eq!(statements(account), ["Others", "ImageSupply"], "one statement among those of others");
        drop_lifecycle_policy(account);
    };
    live(&account, workspace, seen, "module.images.ecrunner_repository_creation_template.this[\"quay\"]");
    assert_eq!(statements(&account), ["Others"], "what others allow stays");
}

#[test]
fn an_image_that_nothing_serves_is_named_with_what_to_do() {
    let account = Account::new();
    let pinned = "  mirrors = { images = \"pinned\" }";
    let mut workspace = supply(&account, &format!("  images = [\"alpine:3.20\", \"team/tool:1\"]\n{pinned}"));
    let remedy = "for Docker Hub that takes a credential";
    workspace.run_plan(&[]).expect_only_error(&["serves: team/tool:1.", remedy]);
    // The other image is served, without a login.
    workspace = supply(&account, &format!("  images = [\"alpine:3.20\"]\n{pinned}"));
    workspace.plan();
}

//! List resources, which `terraform query` of Terraform 1.14 and later asks: asked of the provider itself.

use acceptance::{Account, Direct, Stack, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Registry, TokenAuth};

/// A limit that no search reaches.
const ALL: i64 = 100;

fn names(provider: &Direct, type_name: &str, config: &Value, limit: i64) -> Vec<String> {
    let listed = provider.ask(async |server| server.list(type_name, config.clone(), limit, false).await);
    let mut names = Vec::new();
    for found in listed {
        found.diagnostics.expect_none();
        assert!(found.identity.is_some() && found.resource.is_none(), "{found:?}");
        names.push(found.display_name);
    }
    names.sort();
    names
}

/// The only object found, whole.
fn object(provider: &Direct, type_name: &str, config: &Value) -> Value {
    let listed = provider.ask(async |server| server.list(type_name, config.clone(), ALL, true).await);
    let [found] = &listed[..] else { panic!("not one was found: {listed:?}") };
    found.resource.clone().expect("the whole object")
}

#[test]
fn mirrors_are_found_and_other_repositories_are_not() {
    let account = Account::new();
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(TokenAuth::anonymous()));
    let image = upstream.add_image("library/alpine", "3.20", &["linux/amd64"]);
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "ecrunner_mirror_repository" "this" {{
  for_each   = toset(["mirror/a", "mirror/b", "other/c"])
  name       = each.key
  source     = "{}/library/alpine"
  image_tags = ["3.20"]
}}
"#,
        upstream.address()
    ));
    workspace.apply().expect_success();
    account.aws(&["ecr", "create-repository", "--repository-name", "mirror/by-hand"]);
    let provider = Direct::new(&account);
    let mirrors = "ecrunner_mirror_repository";
    assert_eq!(names(&provider, mirrors, &json!({}), ALL), ["mirror/a", "mirror/b", "other/c"]);
    assert_eq!(
        names(&provider, mirrors, &json!({ "name_prefix": "mirror/" }), ALL),
        ["mirror/a", "mirror/b"]
    );
    assert_eq!(names(&provider, mirrors, &json!({}), 2).len(), 2);
    let mirror = object(&provider, mirrors, &json!({ "name_prefix": "other/" }));
    assert_eq!(mirror["source"], format!("{}/library/alpine", upstream.address()));
    assert_eq!(mirror["digests"]["3.20"], image.digest.as_str());
}

#[test]
fn rules_are_found_by_prefix() {
    let account = Account::new();
    for prefix in ["ecr-public", "quay", "kubernetes"] {
        let upstream = match prefix {
            "ecr-public" => "public.ecr.aws",
            "quay" => "quay.io",
            _ => "registry.k8s.io",
        };
        account.aws(&[
            "ecr",
            "create-pull-through-cache-rule",
            "--ecr-repository-prefix",
            prefix,
            "--upstream-registry-url",
            upstream,
        ]);
    }
    let provider = Direct::new(&account);
    let rules = "ecrunner_pull_through_cache_rule";
    assert_eq!(names(&provider, rules, &json!({}), ALL), ["ecr-public", "kubernetes", "quay"]);
    assert_eq!(names(&provider, rules, &json!({}), 1).len(), 1);
    let rule = object(&provider, rules, &json!({ "ecr_repository_prefix": "q" }));
    assert_eq!(rule["upstream_registry_url"], "quay.io");
}

#[test]
fn profiles_are_found_by_path_and_name_and_those_of_another_shape_are_not() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(
        r#"
resource "ecrunner_instance_profile" "this" {
  for_each = { one = "/ci/", two = "/ci/", three = "/" }
  name     = "ci-${each.key}"
  path     = each.value
  write_logs = ["/ci"]
}
"#,
    );
    workspace.apply().expect_success();
    account.aws(&["iam", "create-instance-profile", "--instance-profile-name", "ci-by-hand"]);
    let provider = Direct::new(&account);
    let profiles = "ecrunner_instance_profile";
    assert_eq!(names(&provider, profiles, &json!({}), ALL), ["ci-one", "ci-three", "ci-two"]);
    assert_eq!(names(&provider, profiles, &json!({ "path_prefix": "/ci/" }), ALL), ["ci-one", "ci-two"]);
    let profile = object(&provider, profiles, &json!({ "name_prefix": "ci-th" }));
    assert_eq!(profile["path"], "/");
    assert!(profile["policy_json"].as_str().is_some_and(|policy| policy.contains("logs:PutLogEvents")));
}

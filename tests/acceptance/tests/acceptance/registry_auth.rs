//! The provider block's logins of upstream registries: who uses them, and that Terraform keeps none of it.

use acceptance::{Account, Stack, Workspace};
use upstream_registry::{Registry, TokenAuth};

const REPOSITORY: &str = "team/image";
const PASSWORD: &str = "not-a-real-password";
const MIRROR: &str = "ecrunner_mirror_repository.this";

/// A registry that lets nobody in without a login.
fn private() -> Registry {
    let auth = TokenAuth::users_only().user("team", PASSWORD);
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(auth));
    upstream.add_image(REPOSITORY, "1", &["linux/amd64"]);
    upstream
}

/// The login in the provider block; the password comes from a variable that Terraform keeps nowhere.
fn login(workspace: &mut Workspace, address: &str) {
    workspace.provider_arguments(&format!(
        "  registry_auth {{\n    address  = \"{address}\"\n    username = \"team\"\n    password = var.password\n  }}\n"
    ));
    workspace.environment("TF_VAR_password", PASSWORD);
}

const VARIABLE: &str = "variable \"password\" {\n  type      = string\n  ephemeral = true\n}\n";

fn mirror(upstream: &Registry, arguments: &str) -> String {
    format!(
        "{VARIABLE}resource \"ecrunner_mirror_repository\" \"this\" {{\n  name       = \"mirror/image\"\n  source     = \
         \"{}/{REPOSITORY}\"\n  image_tags = [\"1\"]\n{arguments}}}\n",
        upstream.address()
    )
}

#[test]
fn mirror_copies_and_refreshes_with_it_and_nothing_keeps_it() {
    let (account, upstream) = (Account::new(), private());
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, ""));
    let refused = workspace.environment("TF_VAR_password", PASSWORD).apply();
    refused.expect_only_error(&["wants a login", "registry_auth block"]);

    login(&mut workspace, &upstream.address().to_string());
    let plan = workspace.plan();
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
    let moved = upstream.move_tag(REPOSITORY, "1").digest;
    let plan = workspace.plan();
    assert_eq!(plan.after(MIRROR, "digests")["1"], moved.as_str(), "the refresh logs in too");
    workspace.apply_plan(&plan).expect_success();
    assert!(!workspace.state_text().contains(PASSWORD));
    assert!(!plan.json().to_string().contains(PASSWORD));
}

#[test]
fn secret_of_a_mirror_goes_before_it() {
    let (account, upstream) = (Account::new(), private());
    let mut workspace = Workspace::new(&account);
    let other = account.upstream_secret("other");
    let value = r#"{"username":"team","accessToken":"another-one"}"#;
    account.aws(&["secretsmanager", "put-secret-value", "--secret-id", &other, "--secret-string", value]);
    workspace.config(&mirror(&upstream, &format!("  credential_arn = \"{other}\"\n")));
    login(&mut workspace, &upstream.address().to_string());
    workspace.apply().expect_failure().expect_text("401");
    workspace.config(&mirror(&upstream, ""));
    workspace.apply().expect_success();
}

#[test]
fn image_is_read_with_it() {
    let (account, upstream) = (Account::new(), private());
    let mut workspace = Workspace::new(&account);
    let name = format!("{}/{REPOSITORY}:1", upstream.address());
    workspace.config(&format!("{VARIABLE}data \"ecrunner_image\" \"this\" {{\n  name = \"{name}\"\n}}\n"));
    login(&mut workspace, &upstream.address().to_string());
    workspace.apply().expect_success();
    let digest = upstream.tag(REPOSITORY, "1").expect("the digest upstream");
    assert_eq!(workspace.state_attr("data.ecrunner_image.this", "digest"), digest.as_str());
}

#[test]
fn login_of_one_registry_is_not_shown_to_another() {
    let (account, upstream, other) = (Account::new(), private(), private());
    let mut workspace = Workspace::new(&account);
    workspace.config(&mirror(&upstream, ""));
    login(&mut workspace, &other.address().to_string());
    workspace.apply().expect_only_error(&["wants a login"]);
    let shown =
        |registry: &Registry| registry.requests().iter().any(|request| request.authorization.is_some());
    assert!(!shown(&upstream));
    // The control: its own registry sees it.
    login(&mut workspace, &upstream.address().to_string());
    workspace.apply().expect_success();
    assert!(shown(&upstream));
}

#[test]
fn invalid_registry_auth() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        "{VARIABLE}data \"ecrunner_image\" \"this\" {{\n  name = \"localhost:1/team/image\"\n}}\n"
    ));
    login(&mut workspace, "https://ghcr.io");
    workspace
        .run_plan(&[])
        .expect_error("Invalid address", "address")
        .expect_only_error(&["without https://"]);
    login(&mut workspace, "123456789012.dkr.ecr.eu-central-1.amazonaws.com");
    workspace.run_plan(&[]).expect_only_error(&["logs in by itself"]);
    let block =
        "  registry_auth {\n    address = \"ghcr.io\"\n    username = \"a\"\n    password = \"b\"\n  }\n";
    workspace.provider_arguments(&block.repeat(2));
    workspace
        .run_plan(&[])
        .expect_error("Invalid registry_auth", "address")
        .expect_only_error(&["ghcr.io has a login"]);
}

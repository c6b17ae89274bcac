//! `ecrunner_docker_hub_rate_limit`, against an upstream registry that counts pulls as Docker Hub does.

use acceptance::{Account, Stack, State, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Builder, Fault, Operation, RateLimit, Registry, TokenAuth};

const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/data-sources/ecrunner_docker_hub_rate_limit/data-source.tf");
const ADDRESS: &str = "data.ecrunner_docker_hub_rate_limit.this";
const ATTRIBUTES: [&str; 4] = ["limit", "remaining", "window_seconds", "source"];

fn docker_hub(builder: Builder) -> Registry {
    let upstream = Stack::shared().upstream(builder.token_auth(TokenAuth::anonymous()));
    upstream.add_image("ratelimitpreview/test", "latest", &["linux/amd64"]);
    upstream
}

fn workspace(account: &Account, registry: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.config(&format!(
        "data \"ecrunner_docker_hub_rate_limit\" \"this\" {{\n  registry = \"{registry}\"\n}}\n"
    ));
    workspace
}

fn told(state: &State) -> Vec<Value> {
    ATTRIBUTES.iter().map(|attribute| state.attribute(ADDRESS, attribute).clone()).collect()
}

fn expected(limit: u64, remaining: u64) -> Vec<Value> {
    vec![json!(limit), json!(remaining), json!(21_600), json!("127.0.0.1")]
}

#[test]
fn asking_counts_as_no_pull_and_a_get_counts_as_one() {
    let account = Account::new();
    let upstream = docker_hub(Registry::builder().rate_limit(RateLimit::docker_hub(100)));
    let address = upstream.address().to_string();
    let mut limit = workspace(&account, &address);
    limit.apply().expect_success();
    assert_eq!(told(&limit.state()), expected(100, 100));
    assert_eq!((upstream.pulls(), upstream.count("GET", "/manifests/")), (0, 0));
    assert!(upstream.count("HEAD", "/v2/ratelimitpreview/test/manifests/latest") > 0);
    assert_eq!(upstream.count("GET", "/token"), upstream.count("HEAD", "/manifests/") / 2, "a pull token");

    // The control: an image without index is one GET, which shows here and in the next answer.
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let config = json!({ "mediaType": "application/vnd.oci.empty.v1+json", "digest": format!("sha256:{}", "0".repeat(64)), "size": 2 });
    let manifest = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [] });
    upstream.add_manifest("library/single", Some("1"), media_type, manifest.to_string());
    let pull = Workspace::new(&account);
    pull.config(&format!(
        "data \"ecrunner_image\" \"this\" {{\n  name = \"{address}/library/single:1\"\n}}\n"
    ));
    let mut pull = pull;
    pull.run_plan(&[]).expect_success();
    assert_eq!(upstream.pulls(), 1);
    limit.apply().expect_success();
    assert_eq!(told(&limit.state()), expected(100, 99));
    assert_eq!(upstream.pulls(), 1);
}

#[test]
fn used_up_limit_is_told_and_no_error() {
    let account = Account::new();
    let upstream = docker_hub(Registry::builder().rate_limit(RateLimit::docker_hub(1)));
    upstream.add_image("library/alpine", "3.20", &["linux/amd64"]);
    let address = upstream.address().to_string();
    let mut pull = Workspace::new(&account);
    pull.config(&format!(
        "data \"ecrunner_image\" \"this\" {{\n  name = \"{address}/library/alpine:3.20\"\n}}\n"
    ));
    pull.run_plan(&[]).expect_failure();
    let mut limit = workspace(&account, &address);
    limit.apply().expect_success();
    assert_eq!(told(&limit.state()), expected(1, 0));

    let example = EXAMPLE.replace("\"here\" {}", &format!("\"here\" {{\n  registry = \"{address}\"\n}}"));
    let mut example_of_the_page = Workspace::new(&account);
    example_of_the_page.config(&example);
    let run = example_of_the_page.run_plan(&[]);
    run.expect_success().expect_warning("Check block assertion failed");
    run.expect_text("Docker Hub allows this address fewer than 20 more pulls.");
}

#[test]
fn registry_without_a_limit_has_null_for_all() {
    let upstream = docker_hub(Registry::builder());
    let mut unlimited = workspace(&Account::new(), &upstream.address().to_string());
    unlimited.apply().expect_success();
    assert_eq!(told(&unlimited.state()), vec![Value::Null; 4]);
    unlimited.assert_empty_plan();
}

#[test]
fn registry_without_the_image_to_ask_by_is_an_error_at_the_registry() {
    let upstream = Stack::shared().upstream(Registry::builder());
    let address = upstream.address().to_string();
    let run = workspace(&Account::new(), &address).run_plan(&[]);
    run.expect_error(&format!("Reading the pull limit ({address})"), "registry")
        .expect_only_error(&["has no ratelimitpreview/test:latest", "a mirror of it"]);
}

#[test]
fn refused_token_and_refused_connection_are_errors_at_the_registry() {
    let upstream = docker_hub(Registry::builder());
    let denied = Fault::new(
        Operation::Token,
        upstream_registry::Effect::Answer {
            status: 401,
            code: "UNAUTHORIZED".to_owned(),
            message: "no token for this address".to_owned(),
            retry_after: None,
        },
    );
    upstream.inject(denied);
    let refusing = acceptance::refusing_url();
    for (registry, text) in [
        (upstream.address().to_string(), "wants other credentials"),
        (refusing.trim_start_matches("http://").to_owned(), "cannot be reached"),
    ] {
        let run = workspace(&Account::new(), &registry).run_plan(&[]);
        run.expect_error(&format!("Reading the pull limit ({registry})"), "registry");
        run.expect_only_error(&[text]);
    }
}

#[test]
fn invalid_registry_is_refused_without_asking() {
    for registry in ["https://docker.io", "docker.io/library", "docker", ""] {
        let run = workspace(&Account::new(), registry).validate();
        run.expect_error("Invalid registry", "registry");
        run.expect_only_error(&["must be the name of a registry", "\"docker.io\""]);
    }
    let run = workspace(&Account::new(), "169.254.169.254").run_plan(&[]);
    run.expect_error("Connecting to 169.254.169.254", "registry").expect_only_error(&["metadata services"]);
}

//! `ecrunner_image`, against an upstream registry that counts pulls, and against the account's own registry.

use acceptance::{Account, Stack, State, Workspace};
use serde_json::{Value, json};
use upstream_registry::{Effect, Fault, Image, Operation, RateLimit, Registry, TokenAuth};

const EXAMPLE: &str =
    include_str!("../../../../examples/terraform/data-sources/ecrunner_image/data-source.tf");
const REPOSITORY: &str = "library/alpine";
const ADDRESS: &str = "data.ecrunner_image.this";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A registry with Docker Hub's habits: tokens, and a limit of pulls.
fn upstream() -> Registry {
    let builder = Registry::builder().token_auth(TokenAuth::anonymous());
    Stack::shared().upstream(builder.rate_limit(RateLimit::docker_hub(100)))
}

fn named(account: &Account, name: &str, arguments: &str) -> Workspace {
    let workspace = Workspace::new(account);
    workspace.config(&format!("data \"ecrunner_image\" \"this\" {{\n  name = \"{name}\"\n{arguments}}}\n"));
    workspace
}

fn read(workspace: &mut Workspace) -> State {
    workspace.apply().expect_success();
    workspace.state()
}

fn text<'a>(state: &'a State, attribute: &str) -> &'a Value {
    state.attribute(ADDRESS, attribute)
}

/// Size of configuration and layers, as the manifest in the registry has it.
fn size_in(upstream: &Registry, digest: &str) -> u64 {
    let bytes = upstream.manifest_bytes(REPOSITORY, digest).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&bytes).expect("JSON");
    let layers = manifest["layers"].as_array().expect("layers").iter();
    let sizes = layers.chain([&manifest["config"]]).map(|blob| blob["size"].as_u64().expect("a size"));
    sizes.sum()
}

/// A manifest without an index: a configuration of this type and content, and a layer of 1000 bytes.
fn add_single(upstream: &Registry, tag: &str, config_type: &str, config: &Value) -> String {
    let config = config.to_string();
    let digest = upstream.add_blob(REPOSITORY, config.clone());
    let layer = format!("sha256:{}", "a".repeat(64));
    let manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": { "mediaType": config_type, "digest": digest, "size": config.len() },
        "layers": [{ "mediaType": LAYER, "digest": layer, "size": 1000 }],
    });
    upstream.add_manifest(REPOSITORY, Some(tag), MANIFEST, manifest.to_string())
}

#[test]
fn index_has_its_digest_and_each_platform_with_its_size() {
    let upstream = upstream();
    let image = Image::new(&["linux/amd64", "linux/arm64/v8", "linux/arm/v7"]).layers(3).attestations();
    let made = upstream.add(REPOSITORY, "3.20", &image);
    let name = format!("{}/{REPOSITORY}:3.20", upstream.address());
    let mut workspace = named(&Account::new(), &name, "");
    let state = read(&mut workspace);
    assert_eq!(text(&state, "digest"), made.digest.as_str());
    assert_eq!(text(&state, "media_type"), INDEX);
    assert_eq!(text(&state, "registry"), upstream.address().to_string().as_str());
    assert_eq!(text(&state, "repository"), REPOSITORY);
    assert_eq!(text(&state, "tag"), "3.20");
    let pinned = format!("{}/{REPOSITORY}@{}", upstream.address(), made.digest);
    assert_eq!(text(&state, "reference_by_digest"), pinned.as_str());
    let of = |position: usize, platform: &str| {
        let digest = &made.manifests[position];
        json!({ "platform": platform, "digest": digest, "size_bytes": size_in(&upstream, digest) })
    };
    let platforms = json!([of(0, "linux/amd64"), of(1, "linux/arm64/v8"), of(2, "linux/arm/v7")]);
    assert_eq!(text(&state, "platforms"), &platforms, "without the attestations");
    assert_eq!(text(&state, "size_bytes"), &Value::Null);
    workspace.assert_empty_plan();
}

#[test]
fn platforms_cost_a_pull_each_and_the_digest_costs_none() {
    let upstream = upstream();
    let made = upstream.add(REPOSITORY, "3.20", &Image::new(&["linux/amd64", "linux/arm64"]).attestations());
    let name = format!("{}/{REPOSITORY}:3.20", upstream.address());
    let account = Account::new();
    let mut digest = named(&account, &name, "  with_platforms = false\n");
    let state = read(&mut digest);
    assert_eq!(text(&state, "digest"), made.digest.as_str());
    assert_eq!(text(&state, "media_type"), INDEX);
    assert_eq!((text(&state, "platforms"), text(&state, "size_bytes")), (&Value::Null, &Value::Null));
    assert_eq!((upstream.pulls(), upstream.count("GET", "/manifests/")), (0, 0));
    named(&account, &name, "").run_plan(&[]).expect_success();
    assert_eq!(upstream.pulls(), 3, "the index and two platforms; no attestation");
}

#[test]
fn image_without_index_takes_its_platform_from_its_configuration() {
    let upstream = upstream();
    let config = json!({ "architecture": "arm", "os": "linux", "variant": "v6" });
    let digest = add_single(&upstream, "single", CONFIG, &config);
    let mut workspace = named(&Account::new(), &format!("{}/{REPOSITORY}:single", upstream.address()), "");
    let state = read(&mut workspace);
    let size = 1000 + config.to_string().len();
    assert_eq!(text(&state, "media_type"), MANIFEST);
    assert_eq!(text(&state, "size_bytes"), size);
    let platforms = json!([{ "platform": "linux/arm/v6", "digest": digest, "size_bytes": size }]);
    assert_eq!(text(&state, "platforms"), &platforms);
}

#[test]
fn child_that_its_index_does_not_describe_is_described_by_its_configuration() {
    let upstream = upstream();
    let child = add_single(&upstream, "child", CONFIG, &json!({ "architecture": "s390x", "os": "linux" }));
    let length = upstream.manifest_bytes(REPOSITORY, &child).expect("a manifest").len();
    let descriptor = json!({ "mediaType": MANIFEST, "digest": child, "size": length });
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor] });
    upstream.add_manifest(REPOSITORY, Some("bare"), INDEX, index.to_string());
    let mut workspace = named(&Account::new(), &format!("{}/{REPOSITORY}:bare", upstream.address()), "");
    let state = read(&mut workspace);
    assert_eq!(text(&state, "platforms.0.platform"), "linux/s390x");
}

#[test]
fn artifact_has_a_size_and_no_platform() {
    let upstream = upstream();
    let chart = "application/vnd.cncf.helm.config.v1+json";
    add_single(&upstream, "chart", chart, &json!({ "architecture": "amd64", "os": "linux" }));
    let mut workspace = named(&Account::new(), &format!("{}/{REPOSITORY}:chart", upstream.address()), "");
    let state = read(&mut workspace);
    assert_eq!(text(&state, "platforms"), &json!([]));
    assert!(text(&state, "size_bytes").as_u64().is_some_and(|size| size > 1000));
}

#[test]
fn digest_in_the_name_decides_over_the_tag() {
    let upstream = upstream();
    let old = upstream.add_image(REPOSITORY, "3.20", &["linux/amd64"]).digest;
    let new = upstream.move_tag(REPOSITORY, "3.20").digest;
    assert_ne!(old, new);
    let account = Account::new();
    let both = format!("{}/{REPOSITORY}:3.20@{old}", upstream.address());
    let state = read(&mut named(&account, &both, ""));
    assert_eq!((text(&state, "digest"), text(&state, "tag")), (&json!(old), &json!("3.20")));
    let alone = format!("{}/{REPOSITORY}@{old}", upstream.address());
    let state = read(&mut named(&account, &alone, ""));
    assert_eq!((text(&state, "digest"), text(&state, "tag")), (&json!(old), &Value::Null));
    let bare = upstream.add_image(REPOSITORY, "latest", &["linux/s390x"]).digest;
    let state = read(&mut named(&account, &format!("{}/{REPOSITORY}", upstream.address()), ""));
    assert_eq!((text(&state, "digest"), text(&state, "tag")), (&json!(bare), &json!("latest")));
}

#[test]
fn image_in_the_own_registry_is_read_with_the_providers_login() {
    let account = Account::new();
    let upstream = upstream();
    let made = upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64"]);
    let mut workspace = Workspace::new(&account);
    let source = format!("{}/{REPOSITORY}", upstream.address());
    workspace.config(&format!(
        r#"
resource "ecrunner_mirror_repository" "alpine" {{
  name       = "mirror/alpine"
  source     = "{source}"
  image_tags = ["3.20"]
}}
data "ecrunner_image" "this" {{
  name       = "${{ecrunner_mirror_repository.alpine.repository_url}}:3.20"
  depends_on = [ecrunner_mirror_repository.alpine]
}}
"#
    ));
    let state = read(&mut workspace);
    assert_eq!(text(&state, "digest"), made.digest.as_str());
    let host = format!("{}.dkr.ecr.eu-central-1.amazonaws.com", account.id());
    assert_eq!(text(&state, "registry"), host.as_str());
    assert_eq!(text(&state, "platforms.1.platform"), "linux/arm64");
    workspace.assert_empty_plan();
}

#[test]
fn ecr_of_another_account_or_region_is_refused_before_it_is_asked() {
    let account = Account::new();
    let own = format!("{}.dkr.ecr.eu-central-1.amazonaws.com", account.id());
    let foreign = "999999999999.dkr.ecr.eu-central-1.amazonaws.com".to_owned();
    // There a token of the provider's region would be refused with 400.
    for other in [foreign, own.replace("eu-central-1", "eu-west-1")] {
        let name = format!("{other}/mirror/alpine:3.20");
        let run = named(&account, &name, "").run_plan(&[]);
        run.expect_error(&format!("Reading image ({name})"), "name").expect_only_error(&[
            &other,
            &own,
            "provider configuration of the other account",
        ]);
    }
    assert_eq!(account.count("GetAuthorizationToken"), 0);
}

#[test]
fn example_of_the_page_answers_what_its_comments_say() {
    let upstream = upstream();
    let made = upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64/v8"]);
    let mut workspace = Workspace::new(&Account::new());
    let here = format!("{}/{REPOSITORY}", upstream.address());
    workspace.config(
        &EXAMPLE.replace("name = \"public.ecr.aws/docker/library/alpine", &format!("name = \"{here}")),
    );
    let state = read(&mut workspace);
    assert_eq!(state.output("pinned"), format!("{here}@{}", made.digest).as_str());
    assert_eq!(state.output("mib_by_platform"), &json!({ "linux/amd64": 1, "linux/arm64/v8": 1 }));
}

#[test]
fn absent_tag_and_absent_repository_are_errors_at_the_name() {
    let upstream = upstream();
    upstream.add_image(REPOSITORY, "3.20", &["linux/amd64"]);
    for (image, absent) in [("library/alpine:3.99", "has no 3.99"), ("library/absent:1", "library/absent")] {
        let name = format!("{}/{image}", upstream.address());
        let run = named(&Account::new(), &name, "").run_plan(&[]);
        run.expect_error(&format!("Reading image ({name})"), "name");
        run.expect_only_error(&[absent, "Check repository and tag"]);
    }
}

#[test]
fn registry_that_wants_a_login_says_so_at_the_name() {
    let upstream = Stack::shared().upstream(Registry::builder().basic_auth("someone", "else"));
    upstream.add_image(REPOSITORY, "3.20", &["linux/amd64"]);
    let name = format!("{}/{REPOSITORY}:3.20", upstream.address());
    let run = named(&Account::new(), &name, "").run_plan(&[]);
    run.expect_error(&format!("Reading image ({name})"), "name");
    run.expect_only_error(&["wants a login and none was given", "no such public repository"]);
}

#[test]
fn used_up_limit_says_whose_it_is_and_how_long_to_wait() {
    let account = Account::new();
    let builder = Registry::builder().rate_limit(RateLimit::docker_hub(2));
    let upstream = Stack::shared().upstream(builder);
    upstream.add_image(REPOSITORY, "3.20", &["linux/amd64", "linux/arm64"]);
    let name = format!("{}/{REPOSITORY}:3.20", upstream.address());
    let run = named(&account, &name, "").run_plan(&[]);
    run.expect_error(&format!("Reading image ({name})"), "name")
        .expect_only_error(&["2 pulls in 21600 s, counted for 127.0.0.1", "with_platforms = false"]);
    named(&account, &name, "  with_platforms = false\n").run_plan(&[]).expect_success();
    upstream.inject(Fault::new(
        Operation::GetManifest,
        Effect::Answer {
            status: 429,
            code: "TOOMANYREQUESTS".to_owned(),
            message: "You have reached your pull rate limit.".to_owned(),
            retry_after: Some("3600".to_owned()),
        },
    ));
    let run = named(&account, &name, "").run_plan(&[]);
    run.expect_only_error(&["limits requests", "It asks to wait 3600 s."]);
}

#[test]
fn registry_that_cannot_be_reached_is_an_error_at_the_name() {
    let refusing = acceptance::refusing_url();
    let name = format!("{}/{REPOSITORY}:3.20", refusing.trim_start_matches("http://"));
    let run = named(&Account::new(), &name, "").run_plan(&[]);
    run.expect_error(&format!("Reading image ({name})"), "name");
    run.expect_only_error(&["cannot be reached", "Check the network"]);
}

#[test]
fn docker_schema_1_is_refused_with_what_to_do() {
    let upstream = upstream();
    let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    upstream.add_manifest(REPOSITORY, Some("old"), signed, r#"{"schemaVersion":1,"name":"library/alpine"}"#);
    let name = format!("{}/{REPOSITORY}:old", upstream.address());
    for arguments in ["", "  with_platforms = false\n"] {
        let run = named(&Account::new(), &name, arguments).run_plan(&[]);
        run.expect_error(&format!("Reading image ({name})"), "name");
        run.expect_only_error(&["Docker's schema 1", "push the image again with a current client"]);
    }
    assert_eq!(upstream.pulls(), 0, "its HEAD says enough");
}

#[test]
fn invalid_name_is_refused_without_asking() {
    for (name, texts) in [
        ("Alpine:3.20", ["is no image name", "\"library/alpine\""]),
        ("https://quay.io/team/image", ["is no image name", "scheme"]),
        ("alpine:", ["is no image name", "no tag"]),
        ("", ["is no image name", "empty"]),
    ] {
        let run = named(&Account::new(), name, "").validate();
        run.expect_error("Invalid name", "name").expect_only_error(&texts);
    }
    let run = named(&Account::new(), "169.254.169.254/team/image:1", "").run_plan(&[]);
    run.expect_error("Connecting to 169.254.169.254", "name").expect_only_error(&["metadata services"]);
}

//! `pull_proxy`: what reaches the instances, what the plan tells, and what is refused.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use acceptance::Direct;
use tf_provider_testing::server::Diagnostics;

use super::*;

const HOST: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const BUILDKIT: &str = "/etc/buildkit/buildkitd.toml:/root/.docker/buildx/buildkitd.default.toml:ro";
const NESTED: &str = "/etc/ecr-pull-proxy/nested-daemon.json:/etc/docker/daemon.json:ro";
const LOGIN: &str = "/run/ecr-pull-proxy/docker:/run/ecr-pull-proxy/docker:ro";

/// A proxy with these rules and `more`.
fn proxy(rules: &str, more: &str) -> String {
    format!(
        r#"
  pull_proxy = {{
    url           = "s3://ci-tools/ecr-pull-proxy"
    sha256        = "{}"
    registry_host = "{HOST}"
    mirrors       = {{ "docker.io/library/alpine" = "mirror/docker.io/library/alpine" }}
    rules         = {{ {rules} }}
{more}
  }}
"#,
        "0".repeat(64)
    )
}

fn push(account: &Account) -> String {
    format!(
        "    push = {{\n      role_arn     = \"arn:aws:iam::{}:role/ci-push\"\n      repositories = [\"team/*\"]\n    }}",
        account.id()
    )
}

/// The files of the instances' user data in one version of the launch template, by path.
fn files(account: &Account, version: &str) -> BTreeMap<String, String> {
    let data = template(account, version)["UserData"].as_str().expect("user data").to_owned();
    let mut child = Command::new("base64")
        .arg("-d")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("base64");
    child.stdin.take().expect("standard input").write_all(data.as_bytes()).expect("written");
    let plain = String::from_utf8(child.wait_with_output().expect("an end").stdout).expect("text");
    let document = plain.strip_prefix("#cloud-config\n").expect("the user data was expected to be readable");
    let document: Value = serde_json::from_str(document).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let files = document["write_files"].as_array().expect("files").iter();
    files.map(|file| (text(&file["path"]), text(&file["content"]))).collect()
}

#[test]
fn pull_proxy_reaches_the_instances_and_the_plan_tells_what_jobs_need() {
    let account = Account::new();
    let ground = ground(&account);
    let config = fleet(&ground, &proxy(r#""docker.io" = "docker-hub", "quay.io" = "quay""#, &push(&account)));
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    let plan = workspace.plan();
    assert_eq!(plan.after(FLEET, "job_volumes"), &json!([BUILDKIT, NESTED, LOGIN]));
    assert_eq!(
        plan.after(FLEET, "job_environment"),
        &json!(["BUILDX_CONFIG=/root/.docker/buildx", "DOCKER_CONFIG=/run/ecr-pull-proxy/docker"])
    );
    workspace.apply_plan(&plan).expect_success();

    let files = files(&account, "1");
    let daemon = &files["/etc/ecr-pull-proxy.toml"];
    for line in [
        "listen = [\"127.0.0.1:5080\", \"198.18.0.1:5080\"]",
        &format!("repository = \"{HOST}/mirror/docker.io/library/alpine\""),
        &format!("repository = \"{HOST}/docker-hub\""),
        &format!("role_arn = \"arn:aws:iam::{}:role/ci-push\"", account.id()),
        "fallback = \"none\"",
    ] {
        assert!(daemon.contains(line), "{line} is missing in {daemon}");
    }
    let engine: Value = serde_json::from_str(&files["/etc/docker/daemon.json"]).expect("JSON");
    assert_eq!(engine["registry-mirrors"], json!(["http://127.0.0.1:5080"]));
    for host in ["docker.io", "quay.io"] {
        for directory in ["/etc/docker/certs.d", "/etc/containerd/certs.d"] {
            assert!(
                files[&format!("{directory}/{host}/hosts.toml")]
                    .contains("server = \"http://127.0.0.1:5080\"")
            );
        }
    }
    let boot = &files["/usr/local/libexec/ecrunner/boot"];
    let started = boot.find("systemctl enable --now ecr-pull-proxy.service").expect("the proxy is started");
    let blocked = boot.find("registry-1.docker.io").expect("Docker Hub is blocked");
    assert!(blocked < started && started < boot.find("docker.service").expect("Docker is started"));
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
}

#[test]
fn update_pull_proxy_makes_a_version_and_replaces_nothing() {
    let account = Account::new();
    let ground = ground(&account);
    let mut workspace = Workspace::new(&account);
    workspace.config(&fleet(&ground, &proxy(r#""docker.io" = "docker-hub""#, "")));
    workspace.apply().expect_success();
    set_desired(&account, "2");
    workspace.config(&fleet(&ground, &proxy(r#""docker.io" = "hub""#, "    fallback = \"upstream\"")));
    let plan = workspace.plan();
    assert_eq!(plan.actions(FLEET), ["update"]);
    assert!(plan.is_unknown(FLEET, "launch_template_version"));
    assert_eq!(plan.after(FLEET, "job_volumes"), &json!([BUILDKIT, NESTED]));
    workspace.apply_plan(&plan).expect_success();
    assert_eq!(group(&account)["LaunchTemplate"]["Version"], json!("2"));
    assert_eq!(group(&account)["Instances"].as_array().map(Vec::len), Some(2));
    let second = files(&account, "2");
    assert!(second["/etc/ecr-pull-proxy.toml"].contains(&format!("repository = \"{HOST}/hub\"")));
    let boot = "/usr/local/libexec/ecrunner/boot";
    assert!(!second[boot].contains("registry-1.docker.io"), "the fallback is blocked");
    assert!(files(&account, "1")[boot].contains("registry-1.docker.io"));
    workspace.assert_empty_plan();

    workspace.config(&fleet(&ground, ""));
    workspace.apply().expect_success();
    assert_eq!(workspace.state_attr(FLEET, "job_volumes"), json!([]));
    assert_eq!(workspace.state_attr(FLEET, "job_environment"), json!([]));
    assert!(!files(&account, "3").contains_key("/etc/ecr-pull-proxy.toml"));
    workspace.assert_empty_plan();
}

#[test]
fn names_in_ecr_that_are_not_made_yet_leave_settings_of_jobs_known() {
    let account = Account::new();
    let more = proxy(r#""docker.io" = "docker-hub""#, "")
        .replace("\"mirror/docker.io/library/alpine\"", "terraform_data.mirror.id");
    let config = format!("resource \"terraform_data\" \"mirror\" {{}}\n{}", fleet(&ground(&account), &more));
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    let plan = workspace.plan();
    assert!(plan.is_unknown(FLEET, "user_data_sha256"));
    assert_eq!(plan.after(FLEET, "job_volumes"), &json!([BUILDKIT, NESTED]));
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn import_with_a_pull_proxy_makes_no_new_version_where_the_instances_stay_the_same() {
    let account = Account::new();
    let config = fleet(&ground(&account), &proxy(r#""docker.io" = "docker-hub""#, ""));
    let mut workspace = Workspace::new(&account);
    workspace.config(&config);
    workspace.apply().expect_success();
    let mut second = Workspace::new(&account);
    second.config(&config);
    second.import(FLEET, NAME).expect_success();
    assert_eq!(second.plan().actions(FLEET), ["update"]);
    second.apply().expect_success();
    assert_eq!(account.count("CreateLaunchTemplateVersion"), 0);
    assert_eq!(second.state_attr(FLEET, "job_volumes"), json!([BUILDKIT, NESTED]));
    second.assert_empty_plan();
}

/// The only fault, at this place. Terraform shows the outermost attribute; the rest of the path stands in the text.
#[track_caller]
fn assert_fault(told: &Diagnostics, summary: &str, path: &str) {
    let outermost = path.split_once('.').map_or(path, |(outermost, _)| outermost);
    told.expect_error(summary, outermost);
    assert_eq!(told.len(), 1, "{told:?}");
    let place = if path == outermost { String::new() } else { format!("At {path}: ") };
    assert!(told[0].detail.starts_with(&place), "{}", told[0]);
}

#[test]
fn invalid_pull_proxy_is_told_at_the_place_of_the_fault() {
    let account = Account::new();
    let provider = Direct::new(&account);
    let good = json!({
        "url": "s3://ci-tools/ecr-pull-proxy",
        "sha256": "0".repeat(64),
        "registry_host": HOST,
        "mirrors": { "docker.io/library/alpine": "mirror/alpine" },
        "rules": { "docker.io": "docker-hub" },
        "push": { "role_arn": "arn:aws:iam::123456789012:role/ci-push", "repositories": ["team/*"] },
    });
    let fleet = |proxy: &Value, daemon_json: &str| {
        json!({
            "name": NAME,
            "image_id": "ami-0123456789abcdef0",
            "instance_types": ["t3.medium"],
            "subnet_ids": ["subnet-0123456789abcdef0"],
            "security_group_ids": ["sg-0123456789abcdef0"],
            "max_size": 4,
            "setup": { "daemon_json": daemon_json },
            "pull_proxy": proxy,
        })
    };
    let validate =
        |config: Value| provider.ask(async |server| server.validate_resource(TYPE, config.clone()).await);
    validate(fleet(&good, "{}")).expect_none();
    for (pointer, value, summary, path) in [
        ("/url", json!("http://example.com/ecr-pull-proxy"), "Invalid url", "pull_proxy.url"),
        ("/sha256", json!("0".repeat(63)), "Invalid sha256", "pull_proxy.sha256"),
        ("/registry_host", json!("docker.io"), "Invalid registry_host", "pull_proxy.registry_host"),
        ("/mirrors", json!({ "alpine": "alpine" }), "Invalid mirrors", "pull_proxy.mirrors[\"alpine\"]"),
        ("/rules", json!({ "docker.io": "Docker" }), "Invalid rules", "pull_proxy.rules[\"docker.io\"]"),
        ("/push/role_arn", json!("ci-push"), "Invalid role_arn", "pull_proxy.push.role_arn"),
        ("/push/repositories", json!([]), "Invalid repositories", "pull_proxy.push.repositories"),
        ("/push/repositories", json!(["mirror/alpine"]), "Invalid push", "pull_proxy.push"),
    ] {
        let mut proxy = good.clone();
        *proxy.pointer_mut(pointer).expect("an argument") = value;
        assert_fault(&validate(fleet(&proxy, "{}")), summary, path);
    }
    let mut proxy = good.clone();
    (proxy["mirrors"], proxy["rules"]) = (json!({}), Value::Null);
    assert_fault(&validate(fleet(&proxy, "{}")), "Invalid pull_proxy", "pull_proxy");
    proxy = good.clone();
    proxy["fallback"] = json!("both");
    assert_fault(&validate(fleet(&proxy, "{}")), "Invalid fallback", "pull_proxy.fallback");
    // Docker asks either ours or the practitioner's.
    let mirrors = r#"{"registry-mirrors": ["https://mirror.example.com"]}"#;
    let told = validate(fleet(&good, mirrors));
    assert_fault(&told, "Invalid daemon_json", "setup.daemon_json");
    assert!(told[0].detail.contains("Remove registry-mirrors"), "{}", told[0]);
    proxy = good.clone();
    (proxy["mirrors"], proxy["rules"]) = (Value::Null, json!({ "quay.io": "quay" }));
    validate(fleet(&proxy, mirrors)).expect_none();
}

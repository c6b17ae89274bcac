//! The examples of `examples/terraform` and of the modules, as they stand there: planned, and those of whole set-ups applied,
//! planned again, destroyed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use acceptance::{Account, Stack, Workspace};
use serde_json::json;
use upstream_registry::{Registry, TokenAuth};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// A workspace with the example's files, in which `module` stands for the repository's own `path`.
fn example_of(account: &Account, directory: &Path, module: &str, path: &Path) -> Workspace {
    let workspace = Workspace::new(account);
    // The example names its providers itself.
    workspace.file("provider.tf", "");
    let mut files = 0;
    for entry in fs::read_dir(directory).expect("the example") {
        let file = entry.expect("an entry of the example").path();
        let text = fs::read_to_string(&file).expect("a file of the example");
        let is_terraform = file.extension().is_some_and(|extension| extension == "tf");
        let text = if is_terraform { text.replace(module, &path.display().to_string()) } else { text };
        workspace.file(&file.file_name().expect("a name").to_string_lossy(), &text);
        files += usize::from(is_terraform);
    }
    assert!(files > 0, "{} has no files", directory.display());
    workspace
}

fn example(account: &Account, name: &str) -> Workspace {
    let directory = repository().join("examples/terraform").join(name);
    example_of(account, &directory, "../../../modules", &repository().join("modules"))
}

/// The example itself has no endpoints block; Terraform merges this one into its provider block.
fn to_the_gateway(workspace: &Workspace) {
    let endpoints = Workspace::endpoints(Stack::shared().url());
    workspace.file("endpoints_override.tf", &format!("provider \"ecrunner\" {{\n{endpoints}}}\n"));
}

/// The account's default network, as the AWS CLI tells it.
fn network(account: &Account) -> (String, Vec<String>) {
    let vpcs = account.aws(&["ec2", "describe-vpcs", "--filters", "Name=is-default,Values=true"]);
    let vpc = vpcs["Vpcs"][0]["VpcId"].as_str().expect("a default VPC").to_owned();
    let filter = format!("Name=vpc-id,Values={vpc}");
    let subnets = account.aws(&["ec2", "describe-subnets", "--filters", &filter]);
    let subnets = subnets["Subnets"].as_array().expect("subnets").iter();
    let ids = subnets.map(|subnet| subnet["SubnetId"].as_str().expect("an id").to_owned()).collect();
    (vpc, ids)
}

fn variables(workspace: &Workspace, values: &serde_json::Value) {
    workspace.file("terraform.tfvars.json", &values.to_string());
}

/// What an account holds that an example could leave behind.
fn listing(account: &Account) -> Vec<serde_json::Value> {
    let calls: &[&[&str]] = &[
        &["ecr", "describe-repositories", "--query", "repositories[].repositoryName"],
        &[
            "ecr",
            "describe-pull-through-cache-rules",
            "--query",
            "pullThroughCacheRules[].ecrRepositoryPrefix",
        ],
        &["ecr", "describe-repository-creation-templates", "--query", "repositoryCreationTemplates[].prefix"],
        &["secretsmanager", "list-secrets", "--query", "SecretList[].Name"],
        &["iam", "list-roles", "--query", "Roles[].RoleName"],
        &["iam", "list-instance-profiles", "--query", "InstanceProfiles[].InstanceProfileName"],
        &["ec2", "describe-launch-templates", "--query", "LaunchTemplates[].LaunchTemplateName"],
        &["ec2", "describe-security-groups", "--query", "SecurityGroups[].GroupName"],
        &[
            "autoscaling",
            "describe-auto-scaling-groups",
            "--query",
            "AutoScalingGroups[].AutoScalingGroupName",
        ],
        // The emulator lists AWS' public parameters too, once one of them was read.
        &["ssm", "describe-parameters", "--query", "Parameters[?!starts_with(Name, '/aws/')].Name"],
        &["logs", "describe-log-groups", "--query", "logGroups[].logGroupName"],
    ];
    calls.iter().map(|call| account.aws(call)).collect()
}

/// Applies, and proves the life cycle: empty second plan, drift seen, nothing left.
pub(crate) fn live(account: &Account, mut workspace: Workspace, drift: impl Fn(&Account), drifted: &str) {
    let before = listing(account);
    workspace.apply().expect_success();
    assert_ne!(listing(account), before, "apply makes something");
    workspace.assert_empty_plan();
    drift(account);
    assert_eq!(workspace.plan().actions(drifted), ["update"], "what others changed shows");
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    workspace.destroy().expect_success();
    assert_eq!(listing(account), before);
}

fn upstream() -> Registry {
    let upstream = Stack::shared().upstream(Registry::builder().token_auth(TokenAuth::anonymous()));
    upstream.add_image("library/alpine", "3.20", &["linux/amd64", "linux/arm64"]);
    upstream.add_image("library/golang", "1.24-bookworm", &["linux/amd64", "linux/arm64"]);
    upstream
}

/// Somebody raises the fleet's maximum by hand.
fn raise_maximum(account: &Account, group: &str) {
    let size = ["--auto-scaling-group-name", group, "--max-size", "99"];
    account.aws(&[&["autoscaling", "update-auto-scaling-group"], &size[..]].concat());
}

/// The quickstart for an account, with the id of its VPC, and the upstream that has its image.
pub(crate) fn quickstart_of(account: &Account) -> (Workspace, String, Registry) {
    let upstream = upstream();
    let (vpc_id, subnet_ids) = network(account);
    let workspace = example(account, "quickstart");
    variables(
        &workspace,
        &json!({
            "endpoint": Stack::shared().url(),
            "upstream_image": format!("{}/library/alpine:3.20", upstream.address()),
            "vpc_id": vpc_id,
            "subnet_ids": subnet_ids,
        }),
    );
    (workspace, vpc_id, upstream)
}

#[test]
fn quickstart() {
    let account = Account::new();
    let (workspace, _, _upstream) = quickstart_of(&account);
    let drift = |account: &Account| raise_maximum(account, "quickstart-workers");
    live(&account, workspace, drift, "module.runner.ecrunner_worker_fleet.this");
}

#[test]
fn complete() {
    let account = Account::new();
    let upstream = upstream();
    let (vpc_id, subnet_ids) = network(&account);
    let workspace = example(&account, "complete");
    to_the_gateway(&workspace);
    let image = |name: &str| format!("{}/library/{name}", upstream.address());
    let download = |name: &str| json!({ "url": format!("https://downloads.example.com/{name}"), "sha256": "0".repeat(64) });
    variables(
        &workspace,
        &json!({
            "vpc_id": vpc_id,
            "subnet_ids": subnet_ids,
            "gitlab": { "runner_id": 4711, "token_parameter": "/ci/runner-token" },
            "software": {
                "gitlab_runner": download("gitlab-runner"),
                "fleeting_plugin": download("fleeting-plugin-aws"),
                "ecr_pull_proxy": download("ecr-pull-proxy"),
            },
            "images": [image("alpine:3.20"), image("golang:1.24-bookworm")],
            "default_image": image("alpine:3.20"),
            "cache": { "bucket": "ci-cache", "bucket_arn": "arn:aws:s3:::ci-cache", "location": "eu-central-1" },
        }),
    );
    let drift = |account: &Account| raise_maximum(account, "ci-workers");
    live(&account, workspace, drift, "module.runner.ecrunner_worker_fleet.this");
}

/// A plan of them asks no upstream, since nothing is there yet.
#[test]
fn example_of_every_module_plans() {
    let mut planned = 0;
    for module in fs::read_dir(repository().join("modules")).expect("modules") {
        let module = module.expect("a module").path();
        let Ok(examples) = fs::read_dir(module.join("examples")) else { continue };
        for example in examples {
            let directory = example.expect("an example").path();
            let account = Account::new();
            let mut workspace = example_of(&account, &directory, "../..", &module);
            to_the_gateway(&workspace);
            workspace.environment("TF_VAR_docker_hub_token", "not-a-real-token");
            let changes = workspace.plan().changes();
            assert!(changes.iter().any(|change| change.contains("module.images.")), "{changes:?}");
            planned += 1;
        }
    }
    assert!(planned >= 3, "only {planned} examples were found");
}

/// The account that the examples on pages name.
const EXAMPLE_ACCOUNT: &str = "111122223333";

/// Types of resources and data sources that a configuration names behind `marker`.
fn types<'a>(text: &'a str, marker: &str) -> BTreeSet<&'a str> {
    let ends = |c: char| !(c.is_ascii_lowercase() || c == '_');
    let rest = text.split(marker).skip(1);
    rest.map(|rest| rest.split(ends).next().unwrap_or_default()).filter(|name| !name.is_empty()).collect()
}

/// The example on a type's page, with the examples of the resources that it refers to and does not declare.
fn page_example(path: &Path) -> String {
    let mut text = fs::read_to_string(path).expect("the example");
    loop {
        let declared = types(&text, "resource \"ecrunner_");
        let used: BTreeSet<_> =
            types(&text, " ecrunner_").union(&types(&text, "[ecrunner_")).copied().collect();
        let Some(missing) = used.difference(&declared).next() else { return text };
        let file = format!("examples/terraform/resources/ecrunner_{missing}/resource.tf");
        text += &fs::read_to_string(repository().join(file)).expect("an example of what is referred to");
    }
}

/// What an example reads stands beside it.
fn files_beside(example: &Path, workspace: &Workspace) {
    for entry in fs::read_dir(example).expect("the example") {
        let path = entry.expect("an entry of the example").path();
        if path.extension().is_none_or(|extension| extension != "tf" && extension != "sh") {
            let text = fs::read_to_string(&path).expect("a file of the example");
            workspace.file(&path.file_name().expect("a name").to_string_lossy(), &text);
        }
    }
}

/// Data sources are read while a plan is made: what sends those that would ask a public registry to one on loopback.
fn on_loopback(type_name: &str, upstream: &Registry) -> Option<String> {
    let address = upstream.address();
    let (name, argument) = match type_name {
        "ecrunner_image" => ("alpine", format!("name = \"{address}/library/alpine:3.20\"")),
        "ecrunner_docker_hub_rate_limit" => ("here", format!("registry = \"{address}\"")),
        _ => return None,
    };
    Some(format!("data \"{type_name}\" \"{name}\" {{\n  {argument}\n}}\n"))
}

/// Nobody finds the objects they name, and a plan needs none of them: it never asks about resources.
#[test]
fn example_on_every_page_plans() {
    let account = Account::new();
    let upstream = upstream();
    upstream.add_image("ratelimitpreview/test", "latest", &["linux/amd64"]);
    let mut planned = 0;
    for folder in ["resources", "data-sources", "functions"] {
        for entry in fs::read_dir(repository().join("examples/terraform").join(folder)).expect("examples") {
            let directory = entry.expect("an example").path();
            let noun = folder.trim_end_matches('s');
            let path = directory.join(format!("{noun}.tf"));
            let mut workspace = Workspace::new(&account);
            // What an example leaves to whoever applies it.
            workspace.environment("TF_VAR_docker_hub_token", "not-a-real-token");
            workspace.environment("AWS_ACCESS_KEY_ID", EXAMPLE_ACCOUNT).config(&page_example(&path));
            files_beside(&directory, &workspace);
            let name = directory.file_name().expect("a name").to_string_lossy().into_owned();
            if let Some(block) = on_loopback(&name, &upstream) {
                workspace.file("loopback_override.tf", &block);
            }
            let plan = workspace.plan();
            if folder == "resources" {
                assert!(plan.changes().iter().any(|change| change.contains(&name)), "{name}");
            }
            planned += 1;
        }
    }
    assert!(planned >= 10, "only {planned} examples were found");
}

#[test]
fn provider_block_of_the_index_page_configures() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let block = repository().join("examples/terraform/provider/provider.tf");
    workspace.file("provider.tf", &fs::read_to_string(block).expect("the provider block"));
    to_the_gateway(&workspace);
    workspace.config("data \"ecrunner_ami\" \"this\" {}\n");
    let run = workspace.run_plan(&[]);
    run.expect_error("Account is not allowed", "allowed_account_ids");
    workspace.environment("AWS_ACCESS_KEY_ID", EXAMPLE_ACCOUNT);
    workspace.plan();
}

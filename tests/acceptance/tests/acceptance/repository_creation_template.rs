//! `ecrunner_repository_creation_template`: its life cycle here, refused arguments and disturbed runs in the modules below.

mod faults;
mod invalid;

use acceptance::{Account, Direct, Workspace};
use serde_json::{Value, json};
use tf_provider_testing::server::MoveSource;

const TEMPLATE: &str = "ecrunner_repository_creation_template.this";
const TYPE: &str = "ecrunner_repository_creation_template";

/// A template with these arguments besides the two that every one has.
fn template(prefix: &str, arguments: &str) -> String {
    format!(
        r#"
resource "{TYPE}" "this" {{
  prefix      = "{prefix}"
  applied_for = ["PULL_THROUGH_CACHE"]
{arguments}
}}
"#
    )
}

fn role(account: &Account) -> String {
    format!("arn:aws:iam::{}:role/create-repositories", account.id())
}

fn key(account: &Account) -> String {
    format!("arn:aws:kms:eu-central-1:{}:key/1234abcd-12ab-34cd-56ef-1234567890ab", account.id())
}

/// Every argument that a template can have.
fn whole(account: &Account) -> String {
    format!(
        r#"
  description                            = "Docker Hub"
  image_tag_mutability                   = "IMMUTABLE_WITH_EXCLUSION"
  image_tag_mutability_exclusion_filters = ["latest", "dev-*"]
  encryption_configuration = {{
    encryption_type = "KMS"
    kms_key         = "{}"
  }}
  lifecycle_policy  = jsonencode({})
  repository_policy = jsonencode({})
  resource_tags     = {{ team = "ci" }}
  custom_role_arn   = "{}"
"#,
        key(account),
        lifecycle_policy(30),
        repository_policy(),
        role(account)
    )
}

fn lifecycle_policy(days: u32) -> Value {
    json!({ "rules": [{
        "rulePriority": 1,
        "selection": {
            "tagStatus": "any",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": days,
        },
        "action": { "type": "expire" },
    }]})
}

fn repository_policy() -> Value {
    json!({ "Version": "2012-10-17", "Statement": [{
        "Sid": "Pull",
        "Effect": "Allow",
        "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    }]})
}

/// The account's templates as the AWS CLI lists them.
fn templates(account: &Account) -> Vec<Value> {
    let answer = account.aws(&["ecr", "describe-repository-creation-templates"]);
    answer["repositoryCreationTemplates"].as_array().expect("a list of templates").clone()
}

fn delete_with_cli(account: &Account, prefix: &str) {
    account.aws(&["ecr", "delete-repository-creation-template", "--prefix", prefix]);
}

#[test]
fn basic() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.provider_arguments("  default_tags {\n    tags = { owner = \"platform\" }\n  }\n");
    workspace.config(&template("docker-hub", ""));
    assert_eq!(workspace.plan().actions(TEMPLATE), ["create"]);
    workspace.apply().expect_success();
    let [made] = &templates(&account)[..] else { panic!("there is not one template") };
    assert_eq!(made["prefix"], "docker-hub");
    assert_eq!(made["appliedFor"], json!(["PULL_THROUGH_CACHE"]));
    assert!(made["resourceTags"].is_null(), "the provider's default tags would demand a role: {made}");
    assert_eq!(workspace.state_attr(TEMPLATE, "registry_id"), account.id());
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&template("docker-hub", ""));
    second.import(TEMPLATE, "docker-hub").expect_success();
    second.assert_empty_plan();

    workspace.destroy().expect_success();
    assert_eq!(templates(&account), Vec::<Value>::new());
}

#[test]
fn every_argument_is_set_kept_and_taken_away_again() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("ROOT", &whole(&account)));
    workspace.apply().expect_success();
    let made = templates(&account).remove(0);
    assert_eq!(made["description"], "Docker Hub");
    assert_eq!(made["imageTagMutability"], "IMMUTABLE_WITH_EXCLUSION");
    assert_eq!(
        made["imageTagMutabilityExclusionFilters"],
        json!([
            { "filterType": "WILDCARD", "filter": "dev-*" },
            { "filterType": "WILDCARD", "filter": "latest" },
        ])
    );
    let encryption = json!({ "encryptionType": "KMS", "kmsKey": key(&account) });
    assert_eq!(made["encryptionConfiguration"], encryption);
    let policy =
        |name: &str| serde_json::from_str::<Value>(made[name].as_str().expect("a policy")).expect("JSON");
    assert_eq!(policy("lifecyclePolicy"), lifecycle_policy(30));
    assert_eq!(policy("repositoryPolicy"), repository_policy());
    assert_eq!(made["resourceTags"], json!([{ "Key": "team", "Value": "ci" }]));
    assert_eq!(made["customRoleArn"], role(&account));
    workspace.assert_empty_plan();

    let mut second = Workspace::new(&account);
    second.config(&template("ROOT", &whole(&account)));
    second.import(TEMPLATE, "ROOT").expect_success();
    second.assert_empty_plan();

    workspace.config(&template("ROOT", &format!("  custom_role_arn = \"{}\"", role(&account))));
    assert_eq!(workspace.plan().actions(TEMPLATE), ["update"]);
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    let bare = templates(&account).remove(0);
    assert_eq!(bare["imageTagMutability"], "MUTABLE");
    assert!(bare["imageTagMutabilityExclusionFilters"].is_null(), "{bare}");
    assert_eq!(bare["encryptionConfiguration"], json!({ "encryptionType": "AES256" }));
    for name in ["description", "lifecyclePolicy", "repositoryPolicy"] {
        assert!(bare[name].as_str().is_none_or(str::is_empty), "{name} is still there: {bare}");
    }
    assert!(bare["resourceTags"].as_array().is_none_or(Vec::is_empty), "{bare}");
}

/// Name of the argument, its line, and what of AWS' template it becomes.
fn changes(account: &Account) -> Vec<(&'static str, String, Value)> {
    let role = role(account);
    vec![
        ("applied_for", String::new(), json!({ "appliedFor": ["PULL_THROUGH_CACHE"] })),
        ("description", "  description = \"changed\"".to_owned(), json!({ "description": "changed" })),
        (
            "image_tag_mutability",
            "  image_tag_mutability = \"IMMUTABLE\"".to_owned(),
            json!({ "imageTagMutability": "IMMUTABLE" }),
        ),
        (
            "lifecycle_policy",
            format!("  lifecycle_policy = jsonencode({})", lifecycle_policy(7)),
            json!({ "lifecyclePolicy": lifecycle_policy(7) }),
        ),
        (
            "repository_policy",
            format!("  repository_policy = jsonencode({})", repository_policy()),
            json!({ "repositoryPolicy": repository_policy() }),
        ),
        ("custom_role_arn", format!("  custom_role_arn = \"{role}\""), json!({ "customRoleArn": role })),
    ]
}

#[test]
fn update_each_argument_in_place() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(
        &template("docker-hub", "")
            .replace("[\"PULL_THROUGH_CACHE\"]", "[\"CREATE_ON_PUSH\", \"REPLICATION\"]"),
    );
    workspace.apply().expect_success();
    let mut arguments = String::new();
    for (name, line, expected) in changes(&account) {
        arguments = format!("{arguments}\n{line}");
        workspace.config(&template("docker-hub", &arguments));
        let plan = workspace.plan();
        assert_eq!(plan.actions(TEMPLATE), ["update"], "{name}");
        workspace.apply_plan(&plan).expect_success();
        let made = templates(&account).remove(0);
        for (member, value) in expected.as_object().expect("members") {
            let told = match &made[member] {
                Value::String(text) if value.is_object() => serde_json::from_str(text).expect("JSON"),
                other => other.clone(),
            };
            assert_eq!(told, *value, "{name}");
        }
        workspace.assert_empty_plan();
    }
    assert_eq!(account.count("CreateRepositoryCreationTemplate"), 1);
}

#[test]
fn disappears() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    workspace.apply().expect_success();
    delete_with_cli(&account, "docker-hub");
    let plan = workspace.plan();
    assert_eq!(plan.actions(TEMPLATE), ["create"]);
    let warned: Vec<_> =
        plan.run().warnings().into_iter().map(|warning| warning.address.as_deref()).collect();
    assert_eq!(warned, [Some(TEMPLATE)]);
    workspace.apply().expect_success();
    assert_eq!(templates(&account).len(), 1);

    workspace.config("");
    let plan = workspace.plan();
    assert_eq!(plan.actions(TEMPLATE), ["delete"]);
    delete_with_cli(&account, "docker-hub");
    workspace.apply_plan(&plan).expect_success();
}

#[test]
fn replace_prefix() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    workspace.apply().expect_success();
    workspace.config(&template("ROOT", ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(TEMPLATE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(TEMPLATE), ["prefix"]);
    workspace.apply_plan(&plan).expect_success();
    let prefixes: Vec<_> = templates(&account).iter().map(|template| template["prefix"].clone()).collect();
    assert_eq!(prefixes, ["ROOT"]);
}

#[test]
fn replace_on_removal_of_custom_role_arn() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", &format!("  custom_role_arn = \"{}\"", role(&account))));
    workspace.apply().expect_success();
    workspace.config(&template("docker-hub", ""));
    let plan = workspace.plan();
    assert_eq!(plan.actions(TEMPLATE), ["delete", "create"]);
    assert_eq!(plan.replace_paths(TEMPLATE), ["custom_role_arn"]);
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn key_that_aws_chooses_is_kept_and_goes_with_kms() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let encrypted = |kind: &str| {
        let encryption = format!("  encryption_configuration = {{ encryption_type = \"{kind}\" }}");
        template("docker-hub", &format!("{encryption}\n  custom_role_arn = \"{}\"", role(&account)))
    };
    workspace.config(&encrypted("KMS"));
    workspace.apply().expect_success();
    workspace.assert_empty_plan();
    // What AWS may well do by itself.
    let chosen = format!("encryptionType=KMS,kmsKey={}", key(&account));
    account.aws(&[
        "ecr",
        "update-repository-creation-template",
        "--prefix",
        "docker-hub",
        "--encryption-configuration",
        &chosen,
    ]);
    assert_eq!(workspace.plan().changes(), Vec::<String>::new());
    workspace.config(&encrypted("AES256"));
    workspace.apply().expect_success();
    assert_eq!(
        templates(&account).remove(0)["encryptionConfiguration"],
        json!({ "encryptionType": "AES256" })
    );
    workspace.assert_empty_plan();
}

#[test]
fn policy_spelled_otherwise_is_no_change() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    let policy = lifecycle_policy(30).to_string();
    let spaced = policy.replace(':', ": ").replace(',', ", ").replace('"', "\\\"");
    workspace.config(&template("docker-hub", &format!("  lifecycle_policy = \"{spaced}\"")));
    workspace.apply().expect_success();
    workspace.config(&template("docker-hub", &format!("  lifecycle_policy = jsonencode({policy})")));
    workspace.assert_empty_plan();
}

#[test]
fn unknown_arguments_are_planned_and_applied_as_they_come_out() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&format!(
        r#"
resource "terraform_data" "input" {{
  input = {{
    prefix   = "docker-hub"
    occasion = "PULL_THROUGH_CACHE"
    policy   = jsonencode({})
    role     = "{}"
    none     = null
    tags     = {{ team = "ci" }}
  }}
}}
resource "{TYPE}" "this" {{
  prefix           = terraform_data.input.output.prefix
  applied_for      = [terraform_data.input.output.occasion]
  description      = terraform_data.input.output.none
  lifecycle_policy = terraform_data.input.output.policy
  resource_tags    = terraform_data.input.output.tags
  custom_role_arn  = terraform_data.input.output.role
}}
"#,
        lifecycle_policy(30),
        role(&account)
    ));
    let plan = workspace.plan();
    for attribute in ["prefix", "description", "lifecycle_policy", "resource_tags", "custom_role_arn"] {
        assert!(plan.is_unknown(TEMPLATE, attribute), "{attribute} is known");
    }
    workspace.apply_plan(&plan).expect_success();
    workspace.assert_empty_plan();
}

#[test]
fn already_exists_names_the_import_block() {
    let account = Account::new();
    let mut other = Workspace::new(&account);
    other.config(&template("docker-hub", ""));
    other.apply().expect_success();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    workspace
        .apply()
        .expect_error("Creating ECR repository creation template (docker-hub)", "prefix")
        .expect_only_error(&["import {", "id = \"docker-hub\""]);
    assert_eq!(workspace.state().addresses(), Vec::<String>::new());
    assert_eq!(account.count("CreateRepositoryCreationTemplate"), 1);
}

#[test]
fn import_of_an_unknown_prefix_names_it() {
    let account = Account::new();
    let mut workspace = Workspace::new(&account);
    workspace.config(&template("docker-hub", ""));
    workspace
        .import(TEMPLATE, "nothing-here")
        .expect_failure()
        .expect_text("ECR repository creation template not found (nothing-here)");
}

/// What `moved` blocks do, asked of the provider itself: the state of hashicorp/aws becomes one that plans nothing.
#[test]
fn a_template_of_hashicorp_aws_is_moved_here() {
    let account = Account::new();
    let role = role(&account);
    let lifecycle = lifecycle_policy(30).to_string();
    account.aws(&[
        "ecr",
        "create-repository-creation-template",
        "--prefix",
        "docker-hub",
        "--applied-for",
        "PULL_THROUGH_CACHE",
        "--image-tag-mutability",
        "IMMUTABLE_WITH_EXCLUSION",
        "--image-tag-mutability-exclusion-filters",
        r#"[{"filterType":"WILDCARD","filter":"latest"}]"#,
        "--lifecycle-policy",
        &lifecycle,
        "--resource-tags",
        "Key=team,Value=ci",
        "--custom-role-arn",
        &role,
    ]);
    let state = json!({
        "applied_for": ["PULL_THROUGH_CACHE"],
        "custom_role_arn": role,
        "description": "",
        "encryption_configuration": [{ "encryption_type": "AES256", "kms_key": "" }],
        "id": "docker-hub",
        "image_tag_mutability": "IMMUTABLE_WITH_EXCLUSION",
        "image_tag_mutability_exclusion_filter": [{ "filter": "latest", "filter_type": "WILDCARD" }],
        "lifecycle_policy": lifecycle,
        "prefix": "docker-hub",
        "region": "eu-central-1",
        "registry_id": account.id(),
        "repository_policy": "",
        "resource_tags": { "team": "ci" },
    });
    let config = json!({
        "prefix": "docker-hub",
        "applied_for": ["PULL_THROUGH_CACHE"],
        "image_tag_mutability": "IMMUTABLE_WITH_EXCLUSION",
        "image_tag_mutability_exclusion_filters": ["latest"],
        "lifecycle_policy": lifecycle,
        "resource_tags": { "team": "ci" },
        "custom_role_arn": role,
    });
    let source = |provider: &str, state: Value| MoveSource {
        provider_address: format!("registry.terraform.io/{provider}"),
        type_name: "aws_ecr_repository_creation_template".to_owned(),
        state,
        ..MoveSource::default()
    };
    let provider = Direct::new(&account);
    provider.ask(async |server| {
        let moved = server.move_state(source("hashicorp/aws", state.clone()), TYPE).await;
        moved.diagnostics.expect_success();
        for name in ["description", "repository_policy", "encryption_configuration"] {
            assert_eq!(moved.value[name], json!(null), "{name}: an empty text there is none here");
        }
        let read = server.read(TYPE, &moved).await;
        read.diagnostics.expect_success();
        let plan = server.plan(TYPE, &read, config.clone()).await;
        plan.diagnostics.expect_success();
        assert_eq!(plan.value, read.value, "nothing is left to do");
        let foreign = server.move_state(source("somebody/aws", state.clone()), TYPE).await;
        assert!(foreign.diagnostics.has_errors() && !foreign.exists());
        let mut newer = state;
        newer["applied_for"] = json!(["MOONSHINE"]);
        let refused = server.move_state(source("hashicorp/aws", newer), TYPE).await;
        refused.diagnostics.expect_error("Moving an ECR repository creation template", "");
        assert!(!refused.exists(), "nothing is lost in a move");
    });
}

//! Identities, which Terraform 1.12 and later store and import by: asked of the provider itself, for every resource.

use acceptance::{Account, Direct, REGION};
use serde_json::{Value, json};

use crate::examples::quickstart_of;

/// Every resource that the quickstart has, and what is made beside it, each with the identity to import it by.
fn objects(vpc_id: &str, bucket: &str) -> [(&'static str, Value); 12] {
    [
        ("ecrunner_registry_policy_statement", json!({ "sid": "Import" })),
        ("ecrunner_push_role", json!({ "name": "quickstart-manager" })),
        ("ecrunner_repository_creation_role", json!({ "name": "quickstart-manager" })),
        ("ecrunner_repository_creation_template", json!({ "prefix": "docker-hub" })),
        ("ecrunner_upstream_credential", json!({ "name": "docker-hub" })),
        ("ecrunner_mirror_repository", json!({ "name": "mirror/library/alpine" })),
        ("ecrunner_pull_through_cache_rule", json!({ "ecr_repository_prefix": "ecr-public" })),
        ("ecrunner_instance_profile", json!({ "name": "quickstart-manager" })),
        ("ecrunner_runner_network", json!({ "name": "quickstart", "vpc_id": vpc_id })),
        ("ecrunner_worker_fleet", json!({ "name": "quickstart-workers" })),
        ("ecrunner_runner_manager", json!({ "name": "quickstart-manager" })),
        ("ecrunner_software_object", json!({ "bucket": bucket, "key": software_key() })),
    ]
}

/// Key of an object that a software object can be.
fn software_key() -> String {
    format!("software/{}/tool", "0".repeat(64))
}

/// What has no region.
const IN_IAM: [&str; 3] =
    ["ecrunner_instance_profile", "ecrunner_push_role", "ecrunner_repository_creation_role"];

fn with(identity: &Value, name: &str, value: &str) -> Value {
    let mut identity = identity.clone();
    identity[name] = json!(value);
    identity
}

#[test]
fn every_resource_is_imported_by_its_identity_and_by_none_of_another_place() {
    let account = Account::new();
    let (mut workspace, vpc_id, _upstream) = quickstart_of(&account);
    workspace.apply().expect_success();
    let create = ["ecr", "create-repository-creation-template", "--prefix", "docker-hub"];
    account.aws(&[&create[..], &["--applied-for", "PULL_THROUGH_CACHE"]].concat());
    account.upstream_secret("docker-hub");
    let policy = json!({"Version": "2012-10-17", "Statement": {
        "Sid": "Import",
        "Effect": "Allow",
        "Principal": {"AWS": "111122223333"},
        "Action": "ecr:CreateRepository",
        "Resource": "*",
    }});
    account.aws(&["ecr", "put-registry-policy", "--policy-text", &policy.to_string()]);
    let bucket = format!("software-{}", account.id());
    let place = format!("LocationConstraint={REGION}");
    account.aws(&["s3api", "create-bucket", "--bucket", &bucket, "--create-bucket-configuration", &place]);
    account.aws(&["s3api", "put-object", "--bucket", &bucket, "--key", &software_key()]);
    let provider = Direct::new(&account);
    for (type_name, identity) in objects(&vpc_id, &bucket) {
        let read = provider.ask(async |server| {
            let imported = server.import_identity(type_name, identity.clone()).await;
            imported.diagnostics.expect_success();
            server.read(type_name, &imported).await
        });
        read.diagnostics.expect_success();
        assert!(read.exists(), "{type_name}");
        let mut whole = with(&identity, "account_id", account.id());
        let has_region = !IN_IAM.contains(&type_name);
        if has_region {
            whole = with(&whole, "region", REGION);
        }
        assert_eq!(read.identity, Some(whole.clone()), "{type_name}");

        let of =
            |identity: Value| provider.ask(async |server| server.import_identity(type_name, identity).await);
        assert!(of(whole).exists(), "{type_name}: the whole identity is as good");
        let elsewhere = of(with(&identity, "account_id", "999999999999"));
        elsewhere.diagnostics.expect_error("Identity of another place", "");
        assert!(!elsewhere.exists());
        if has_region {
            let elsewhere = of(with(&identity, "region", "us-east-1"));
            elsewhere.diagnostics.expect_error("Identity of another place", "");
        }
        // The first of its names is that of nothing.
        let name = identity.as_object().and_then(|names| names.keys().next()).expect("a name");
        let nothing = of(with(&identity, name, "nothing-here"));
        assert!(nothing.diagnostics.has_errors() && !nothing.exists(), "{type_name}: {nothing:?}");
    }
    workspace.destroy().expect_success();
}

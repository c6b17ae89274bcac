use std::process::Output;

use serde_json::{Value, json};

use crate::support::{REGION, World, venv, world};

/// Runs the stock AWS CLI of the emulators' virtual environment against the gateway.
async fn aws(world: &World, arguments: &[&str]) -> Output {
    tokio::process::Command::new(venv().unwrap().join("bin/aws"))
        .args(arguments)
        .args(["--output", "json"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AWS_ENDPOINT_URL", world.gateway.url())
        .env("AWS_ACCESS_KEY_ID", &world.account)
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_DEFAULT_REGION", REGION)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .output()
        .await
        .unwrap()
}

async fn aws_json(world: &World, arguments: &[&str]) -> Value {
    let output = aws(world, arguments).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[tokio::test]
async fn stock_cli_creates_and_reads_a_rule_and_sees_the_errors() {
    let Some(world) = world().await else { return };
    let create = [
        "ecr",
        "create-pull-through-cache-rule",
        "--ecr-repository-prefix",
        "quay",
        "--upstream-registry-url",
        "quay.io",
    ];
    let created = aws_json(&world, &create).await;
    assert_eq!(created["registryId"], json!(world.account));
    let again = aws(&world, &create).await;
    let error = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(error.contains("PullThroughCacheRuleAlreadyExistsException"), "{error}");
    let rules = aws_json(&world, &["ecr", "describe-pull-through-cache-rules"]).await;
    assert_eq!(rules["pullThroughCacheRules"][0]["upstreamRegistry"], "quay");
}

#[tokio::test]
async fn stock_cli_pages_repositories_and_lists_images() {
    let Some(world) = world().await else { return };
    for name in ["one", "two", "three"] {
        aws_json(&world, &["ecr", "create-repository", "--repository-name", name]).await;
    }
    world.push_image("one", "1", "layer").await;
    let all = aws_json(&world, &["ecr", "describe-repositories", "--page-size", "1"]).await;
    assert_eq!(all["repositories"].as_array().map(Vec::len), Some(3));
    let images = aws_json(&world, &["ecr", "list-images", "--repository-name", "one"]).await;
    assert_eq!(images["imageIds"][0]["imageTag"], "1");
}

#[tokio::test]
async fn stock_cli_reaches_moto_and_object_storage() {
    let Some(world) = world().await else { return };
    let identity = aws_json(&world, &["sts", "get-caller-identity"]).await;
    assert_eq!(identity["Account"], json!(world.account));
    let vpcs = aws_json(&world, &["ec2", "describe-vpcs"]).await;
    assert_eq!(vpcs["Vpcs"].as_array().map(Vec::len), Some(1));
    let bucket = format!("s3://bucket-{}", world.account);
    assert!(aws(&world, &["s3", "mb", &bucket]).await.status.success());
    let policy =
        ["iam", "get-policy", "--policy-arn", "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"];
    assert_eq!(aws_json(&world, &policy).await["Policy"]["PolicyName"], "AmazonSSMManagedInstanceCore");
}

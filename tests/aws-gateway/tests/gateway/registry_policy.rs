use serde_json::{Value, json};

use crate::support::{REGION, World, world};

fn statement(world: &World, sid: &str, actions: &[&str]) -> Value {
    json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": ["111122223333"]},
        "Action": actions,
        "Resource": [format!("arn:aws:ecr:{REGION}:{}:repository/docker-hub/*", world.account)],
    })
}

fn input(statements: &[Value]) -> Value {
    json!({"policyText": json!({"Version": "2012-10-17", "Statement": statements}).to_string()})
}

const IMPORT: [&str; 2] = ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"];

#[tokio::test]
async fn policy_lives_from_put_to_delete_in_a_layout_of_its_own() {
    let Some(world) = world().await else { return };
    assert_eq!(world.ecr_error("GetRegistryPolicy", json!({})).await, "RegistryPolicyNotFoundException");
    world.ecr("PutRegistryPolicy", input(&[statement(&world, "one", &IMPORT)])).await;
    let read = world.ecr("GetRegistryPolicy", json!({})).await;
    assert_eq!(read["registryId"], json!(world.account));
    let text = read["policyText"].as_str().unwrap();
    assert!(text.contains("\n  "), "not laid out: {text}");
    let policy: Value = serde_json::from_str(text).unwrap();
    assert_eq!(policy["Statement"][0]["Principal"], json!({"AWS": "arn:aws:iam::111122223333:root"}));
    assert_eq!(policy["Statement"][0]["Action"], json!(IMPORT));
    assert!(policy["Statement"][0]["Resource"].is_string());
    world.ecr("DeleteRegistryPolicy", json!({})).await;
    assert_eq!(world.ecr_error("DeleteRegistryPolicy", json!({})).await, "RegistryPolicyNotFoundException");
}

#[tokio::test]
async fn policies_that_aws_refuses_are_refused() {
    let Some(world) = world().await else { return };
    let good = statement(&world, "one", &IMPORT);
    let without = |name: &str| {
        let mut statement = good.clone();
        statement.as_object_mut().unwrap().remove(name);
        input(&[statement])
    };
    let refused = [
        json!({"policyText": "no json"}),
        json!({"policyText": "[]"}),
        input(&[]),
        input(&[good.clone(), good.clone()]),
        input(&[statement(&world, "not-alphanumeric", &IMPORT)]),
        input(&[statement(&world, "one", &["s3:GetObject"])]),
        without("Effect"),
        without("Principal"),
        without("Action"),
        without("Resource"),
        json!({"policyText": " ".repeat(10_241)}),
    ];
    for input in refused {
        assert_eq!(
            world.ecr_error("PutRegistryPolicy", input.clone()).await,
            "InvalidParameterException",
            "{input}"
        );
    }
    world.ecr("PutRegistryPolicy", input(&[good])).await;
}

#[tokio::test]
async fn scope_v1_knows_three_actions() {
    let Some(world) = world().await else { return };
    let pull = input(&[statement(&world, "one", &["ecr:BatchGetImage"])]);
    world.ecr("PutRegistryPolicy", pull.clone()).await;
    world.ecr("PutAccountSetting", json!({"name": "REGISTRY_POLICY_SCOPE", "value": "V1"})).await;
    assert_eq!(world.ecr_error("PutRegistryPolicy", pull).await, "InvalidParameterException");
    world.ecr("PutRegistryPolicy", input(&[statement(&world, "one", &IMPORT)])).await;
}

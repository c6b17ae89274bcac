use serde_json::{Value, json};

use crate::support::{REGION, World, botocore_model, world};

async fn credential(world: &World) -> String {
    world.secret("hub", &json!({"username": "u", "accessToken": "t"})).await
}

#[tokio::test]
async fn rule_lives_from_create_to_delete_with_the_members_of_each_answer() {
    let Some(world) = world().await else { return };
    let arn = credential(&world).await;
    let input = json!({
        "ecrRepositoryPrefix": "docker-hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn,
    });
    let created = world.ecr("CreatePullThroughCacheRule", input).await;
    assert_eq!(created["registryId"], json!(world.account));
    assert_eq!(created["upstreamRegistry"], "docker-hub");
    assert_eq!(created["upstreamRepositoryPrefix"], "ROOT");
    let created_at = created["createdAt"].as_f64().unwrap();

    world.gateway.clock().advance(std::time::Duration::from_secs(100));
    let other = world.secret("other", &json!({"username": "u", "accessToken": "t"})).await;
    let update = json!({"ecrRepositoryPrefix": "docker-hub/", "credentialArn": other});
    let updated = world.ecr("UpdatePullThroughCacheRule", update).await;
    assert!(updated["updatedAt"].as_f64().unwrap() >= created_at + 100.0);

    let described = world.ecr("DescribePullThroughCacheRules", json!({})).await;
    let rule = &described["pullThroughCacheRules"][0];
    assert_eq!(rule["credentialArn"], json!(other));
    assert_eq!(rule["createdAt"].as_f64().unwrap(), created_at);

    let deleted = world.ecr("DeletePullThroughCacheRule", json!({"ecrRepositoryPrefix": "docker-hub"})).await;
    assert_eq!(deleted["upstreamRegistryUrl"], "registry-1.docker.io");
    let gone = json!({"ecrRepositoryPrefixes": ["docker-hub"]});
    let error = world.ecr_error("DescribePullThroughCacheRules", gone).await;
    assert_eq!(error, "PullThroughCacheRuleNotFoundException");
}

#[tokio::test]
async fn rule_of_one_account_is_not_seen_by_another() {
    let (Some(one), Some(other)) = (world().await, world().await) else { return };
    let rule = json!({"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"});
    one.ecr("CreatePullThroughCacheRule", rule).await;
    let seen = other.ecr("DescribePullThroughCacheRules", json!({})).await;
    assert_eq!(seen["pullThroughCacheRules"], json!([]));
}

#[tokio::test]
async fn refusals_have_the_codes_of_aws() {
    let Some(world) = world().await else { return };
    let create = |input: Value| world.ecr_error("CreatePullThroughCacheRule", input);
    let quay = json!({"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io"});
    world.ecr("CreatePullThroughCacheRule", quay.clone()).await;
    assert_eq!(create(quay).await, "PullThroughCacheRuleAlreadyExistsException");
    let slash = json!({"ecrRepositoryPrefix": "quay/", "upstreamRegistryUrl": "quay.io"});
    assert_eq!(create(slash).await, "PullThroughCacheRuleAlreadyExistsException");
    let unknown = json!({"ecrRepositoryPrefix": "x1", "upstreamRegistryUrl": "harbor.example.com"});
    assert_eq!(create(unknown).await, "UnsupportedUpstreamRegistryException");
    let mismatch =
        json!({"ecrRepositoryPrefix": "x1", "upstreamRegistryUrl": "quay.io", "upstreamRegistry": "k8s"});
    assert_eq!(create(mismatch).await, "UnsupportedUpstreamRegistryException");
    let hub = |arn: &str| json!({"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn});
    let arn = |account: &str| {
        format!("arn:aws:secretsmanager:{REGION}:{account}:secret:ecr-pullthroughcache/absent-AbCdEf")
    };
    assert_eq!(create(hub(&arn(&world.account))).await, "SecretNotFoundException");
    assert_eq!(create(hub(&arn("999999999999"))).await, "UnableToAccessSecretException");
    let bare = json!({"ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io"});
    assert_eq!(create(bare).await, "InvalidParameterException");
    let root = json!({
        "ecrRepositoryPrefix": "ROOT", "upstreamRegistryUrl": "quay.io", "upstreamRepositoryPrefix": "org",
    });
    assert_eq!(create(root).await, "InvalidParameterException");
    let role = json!({
        "ecrRepositoryPrefix": "x2", "upstreamRegistryUrl": "quay.io",
        "customRoleArn": format!("arn:aws:iam::{}:role/r", world.account),
    });
    assert_eq!(create(role).await, "InvalidParameterException");
    let foreign = format!("999999999999.dkr.ecr.{REGION}.amazonaws.com");
    let foreign = json!({"ecrRepositoryPrefix": "x3", "upstreamRegistryUrl": foreign});
    assert_eq!(create(foreign).await, "InvalidParameterException");
    for action in ["UpdatePullThroughCacheRule", "ValidatePullThroughCacheRule", "DeletePullThroughCacheRule"]
    {
        let input = json!({"ecrRepositoryPrefix": "absent", "credentialArn": arn(&world.account)});
        assert_eq!(world.ecr_error(action, input).await, "PullThroughCacheRuleNotFoundException");
    }
    let empty = json!({"ecrRepositoryPrefix": "quay"});
    assert_eq!(world.ecr_error("UpdatePullThroughCacheRule", empty).await, "InvalidParameterException");
}

#[tokio::test]
async fn rule_whose_secret_is_no_login_is_not_valid() {
    let Some(world) = world().await else { return };
    for (name, value, valid) in [
        ("right", json!({"username": "u", "accessToken": "t"}), true),
        ("without-token", json!({"username": "u"}), false),
        ("without-user", json!({"accessToken": "t"}), false),
    ] {
        let credential = world.secret(name, &value).await;
        let rule = json!({
            "ecrRepositoryPrefix": name, "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": credential,
        });
        world.ecr("CreatePullThroughCacheRule", rule).await;
        let answer = world.ecr("ValidatePullThroughCacheRule", json!({"ecrRepositoryPrefix": name})).await;
        assert_eq!(answer["isValid"], json!(valid), "{name}: {answer}");
        assert_eq!(answer["failure"].is_null(), valid, "{name}: {answer}");
    }
}

#[tokio::test]
async fn secret_under_a_customer_key_cannot_be_decrypted() {
    let Some(world) = world().await else { return };
    let input = json!({
        "Name": "ecr-pullthroughcache/kms", "SecretString": "{}", "KmsKeyId": "alias/mine",
        "ClientRequestToken": "00000000-0000-4000-8000-000000000000",
    });
    let (_, secret) = world.json_in(REGION, "secretsmanager", "secretsmanager.CreateSecret", &input).await;
    let rule = json!({
        "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": secret["ARN"],
    });
    let error = world.ecr_error("CreatePullThroughCacheRule", rule).await;
    assert_eq!(error, "UnableToDecryptSecretValueException");
}

#[tokio::test]
async fn secret_that_waits_for_deletion_cannot_be_used() {
    let Some(world) = world().await else { return };
    let arn = credential(&world).await;
    let (status, _) = world
        .json_in(REGION, "secretsmanager", "secretsmanager.DeleteSecret", &json!({"SecretId": arn}))
        .await;
    assert_eq!(status, 200);
    let rule = json!({
        "ecrRepositoryPrefix": "hub", "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": arn,
    });
    assert_eq!(world.ecr_error("CreatePullThroughCacheRule", rule).await, "UnableToAccessSecretException");
}

#[tokio::test]
async fn rules_are_paged_and_limited_to_fifty() {
    let Some(world) = world().await else { return };
    for number in 0..50 {
        let rule = json!({"ecrRepositoryPrefix": format!("p{number:02}"), "upstreamRegistryUrl": "quay.io"});
        world.ecr("CreatePullThroughCacheRule", rule).await;
    }
    let one_more = json!({"ecrRepositoryPrefix": "p50", "upstreamRegistryUrl": "quay.io"});
    assert_eq!(world.ecr_error("CreatePullThroughCacheRule", one_more).await, "LimitExceededException");
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page =
            world.ecr("DescribePullThroughCacheRules", json!({"maxResults": 20, "nextToken": token})).await;
        let rules = page["pullThroughCacheRules"].as_array().unwrap();
        seen.extend(rules.iter().map(|rule| rule["ecrRepositoryPrefix"].as_str().unwrap().to_owned()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
        assert_eq!(rules.len(), 20);
    }
    seen.dedup();
    assert_eq!(seen.len(), 50);
}

/// Well-formed inputs, from which the malformed ones are derived.
fn well_formed(action: &str, account: &str) -> Value {
    let arn = format!("arn:aws:secretsmanager:{REGION}:{account}:secret:ecr-pullthroughcache/absent-AbCdEf");
    match action {
        "CreatePullThroughCacheRule" => json!({
            "ecrRepositoryPrefix": "derived", "upstreamRegistryUrl": "registry-1.docker.io", "registryId": account,
            "upstreamRegistry": "docker-hub", "credentialArn": arn, "customRoleArn": "r",
            "upstreamRepositoryPrefix": "library",
        }),
        "DescribePullThroughCacheRules" => json!({
            "registryId": account, "ecrRepositoryPrefixes": ["derived"], "nextToken": "t", "maxResults": 5,
        }),
        "UpdatePullThroughCacheRule" => json!({
            "registryId": account, "ecrRepositoryPrefix": "derived", "credentialArn": arn, "customRoleArn": "r",
        }),
        "ValidatePullThroughCacheRule" | "DeletePullThroughCacheRule" => {
            json!({"registryId": account, "ecrRepositoryPrefix": "derived"})
        }
        "CreateRepositoryCreationTemplate" | "UpdateRepositoryCreationTemplate" => json!({
            "prefix": "derived", "description": "d", "appliedFor": ["PULL_THROUGH_CACHE"],
            "encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": ""},
            "resourceTags": [{"Key": "k", "Value": "v"}], "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev*"}],
            "repositoryPolicy": "{}", "lifecyclePolicy": "{}", "customRoleArn": "r",
        }),
        "DescribeRepositoryCreationTemplates" => {
            json!({"prefixes": ["derived"], "nextToken": "t", "maxResults": 5})
        }
        "DeleteRepositoryCreationTemplate" => json!({"prefix": "derived"}),
        _ => panic!("{action} has no well-formed input"),
    }
}

/// Every way in which `value` can break the constraints of `shape`, each with a word on what is wrong.
fn malformed(model: &Value, shape: &str, value: &Value) -> Vec<(String, Value)> {
    let shape = &model["shapes"][shape];
    let mut found = Vec::new();
    let mut add = |what: &str, value: Value| found.push((what.to_owned(), value));
    let limit = |name: &str| shape[name].as_u64().map(|limit| usize::try_from(limit).unwrap());
    match shape["type"].as_str().unwrap() {
        "string" => {
            add("number", json!(1));
            add("object", json!({}));
            if shape.get("enum").is_some() {
                add("enum", json!("no-such-value"));
            }
            if let Some(max) = limit("max") {
                add("long", json!("a".repeat(max + 1)));
            }
            if let Some(min) = limit("min").filter(|min| *min > 0) {
                add("short", json!("a".repeat(min - 1)));
            }
            if shape.get("pattern").is_some() {
                add("pattern", json!(format!("{} !", value.as_str().unwrap())));
            }
        }
        "integer" => {
            add("text", json!("1"));
            add("large", json!(shape["max"].as_i64().unwrap() + 1));
            add("small", json!(shape["min"].as_i64().unwrap() - 1));
        }
        "list" => {
            add("text", json!("x"));
            let element = &value[0];
            if let Some(max) = limit("max") {
                add("long", json!(vec![element; max + 1]));
            }
            if limit("min").is_some_and(|min| min > 0) {
                add("empty", json!([]));
            }
            for (what, element) in malformed(model, shape["member"]["shape"].as_str().unwrap(), element) {
                found.push((format!("element {what}"), json!([element])));
            }
        }
        "structure" => {
            add("list", json!([]));
            for required in shape["required"].as_array().into_iter().flatten() {
                let mut without = value.clone();
                without.as_object_mut().unwrap().remove(required.as_str().unwrap());
                found.push((format!("without {required}"), without));
            }
            for (member, target) in shape["members"].as_object().unwrap() {
                let inner = value.get(member).unwrap_or_else(|| panic!("no value for {member}"));
                for (what, broken) in malformed(model, target["shape"].as_str().unwrap(), inner) {
                    let mut with = value.clone();
                    with[member] = broken;
                    found.push((format!("{member} {what}"), with));
                }
            }
        }
        other => panic!("{other} is not derived"),
    }
    found
}

#[tokio::test]
async fn malformed_requests_derived_from_botocore_are_refused() {
    let (Some(world), Some(model)) = (world().await, botocore_model("ecr")) else { return };
    let actions = [
        "CreatePullThroughCacheRule",
        "DescribePullThroughCacheRules",
        "UpdatePullThroughCacheRule",
        "ValidatePullThroughCacheRule",
        "DeletePullThroughCacheRule",
        "CreateRepositoryCreationTemplate",
        "DescribeRepositoryCreationTemplates",
        "UpdateRepositoryCreationTemplate",
        "DeleteRepositoryCreationTemplate",
    ];
    let mut derived = 0;
    for action in actions {
        let shape = model["operations"][action]["input"]["shape"].as_str().unwrap();
        for (what, input) in malformed(&model, shape, &well_formed(action, &world.account)) {
            let (status, output) = world.ecr_raw(action, &input).await;
            let code = output["__type"].as_str().unwrap_or_default();
            assert_eq!(status, 400, "{action}, {what}: {input}");
            assert!(
                matches!(
                    code,
                    "InvalidParameterException" | "SerializationException" | "ValidationException"
                ),
                "{action}, {what}: {output}"
            );
            // Refused for what is malformed, not for a rule of its own.
            let message = output["message"].as_str().unwrap();
            assert!(
                message.contains("failed to satisfy constraint") || code == "SerializationException",
                "{action}, {what}: {output}"
            );
            derived += 1;
        }
    }
    assert!(derived > 150, "only {derived} malformed requests");
    let rules = world.ecr("DescribePullThroughCacheRules", json!({})).await;
    assert_eq!(rules["pullThroughCacheRules"], json!([]));
}

#[tokio::test]
async fn members_the_model_does_not_know_are_ignored() {
    let Some(world) = world().await else { return };
    let rule = json!({"ecrRepositoryPrefix": "quay", "upstreamRegistryUrl": "quay.io", "later": true});
    world.ecr("CreatePullThroughCacheRule", rule).await;
}

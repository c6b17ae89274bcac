use serde_json::{Value, json};

use crate::support::world;

#[tokio::test]
async fn template_lives_from_create_to_delete() {
    let Some(world) = world().await else { return };
    let input = json!({"prefix": "docker-hub", "appliedFor": ["PULL_THROUGH_CACHE"], "description": "one"});
    let created = world.ecr("CreateRepositoryCreationTemplate", input.clone()).await;
    assert_eq!(created["registryId"], json!(world.account));
    let template = &created["repositoryCreationTemplate"];
    assert_eq!(template["imageTagMutability"], "MUTABLE");
    assert_eq!(template["encryptionConfiguration"], json!({"encryptionType": "AES256"}));
    assert!(template["createdAt"].as_f64().unwrap() > 1_700_000_000.0);
    assert_eq!(
        world.ecr_error("CreateRepositoryCreationTemplate", input).await,
        "TemplateAlreadyExistsException"
    );

    let update = json!({"prefix": "docker-hub", "description": "two"});
    let updated = world.ecr("UpdateRepositoryCreationTemplate", update).await;
    assert_eq!(updated["repositoryCreationTemplate"]["description"], "two");
    assert_eq!(updated["repositoryCreationTemplate"]["appliedFor"], json!(["PULL_THROUGH_CACHE"]));

    let described =
        world.ecr("DescribeRepositoryCreationTemplates", json!({"prefixes": ["docker-hub"]})).await;
    assert_eq!(described["repositoryCreationTemplates"][0]["description"], "two");
    world.ecr("DeleteRepositoryCreationTemplate", json!({"prefix": "docker-hub"})).await;
    let gone = json!({"prefix": "docker-hub"});
    assert_eq!(
        world.ecr_error("DeleteRepositoryCreationTemplate", gone.clone()).await,
        "TemplateNotFoundException"
    );
    assert_eq!(world.ecr_error("UpdateRepositoryCreationTemplate", gone).await, "TemplateNotFoundException");
}

#[tokio::test]
async fn contradicting_settings_are_refused() {
    let Some(world) = world().await else { return };
    let refused = [
        json!({"appliedFor": []}),
        json!({"appliedFor": ["PULL_THROUGH_CACHE"], "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}),
        json!({
            "appliedFor": ["PULL_THROUGH_CACHE"],
            "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev*"}],
        }),
        json!({"appliedFor": ["PULL_THROUGH_CACHE"], "repositoryPolicy": "no json"}),
        json!({"appliedFor": ["PULL_THROUGH_CACHE"], "customRoleArn": "arn:aws:iam::999999999999:role/r"}),
    ];
    for mut input in refused {
        input["prefix"] = json!("p");
        let error = world.ecr_error("CreateRepositoryCreationTemplate", input.clone()).await;
        assert_eq!(error, "InvalidParameterException", "{input}");
    }
}

#[tokio::test]
async fn templates_are_paged() {
    let Some(world) = world().await else { return };
    for prefix in ["a", "b", "ROOT"] {
        let input = json!({"prefix": prefix, "appliedFor": ["REPLICATION"]});
        world.ecr("CreateRepositoryCreationTemplate", input).await;
    }
    let first = world.ecr("DescribeRepositoryCreationTemplates", json!({"maxResults": 2})).await;
    assert_eq!(first["repositoryCreationTemplates"].as_array().map(Vec::len), Some(2));
    let rest = json!({"maxResults": 2, "nextToken": first["nextToken"]});
    let rest = world.ecr("DescribeRepositoryCreationTemplates", rest).await;
    assert_eq!(rest["repositoryCreationTemplates"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["nextToken"], Value::Null);
}

#[tokio::test]
async fn template_is_applied_to_a_repository_created_by_push() {
    let Some(world) = world().await else { return };
    let start = || async {
        world.v2("POST", "apps/one/blobs/uploads/").await.send().await.unwrap().status().as_u16()
    };
    assert_eq!(start().await, 404);
    let input =
        json!({"prefix": "apps", "appliedFor": ["CREATE_ON_PUSH"], "imageTagMutability": "IMMUTABLE"});
    world.ecr("CreateRepositoryCreationTemplate", input).await;
    assert_eq!(start().await, 202);
    let found = world.ecr("DescribeRepositories", json!({"repositoryNames": ["apps/one"]})).await;
    assert_eq!(found["repositories"][0]["imageTagMutability"], "IMMUTABLE");
}

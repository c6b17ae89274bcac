use serde_json::{Value, json};

use crate::support::{REGION, digest, world};

#[tokio::test]
async fn one_name_that_is_not_there_fails_the_description_of_all() {
    let Some(world) = world().await else { return };
    world.repository("there").await;
    world.repository("there/too").await;
    let names = json!({"repositoryNames": ["there/too", "there"]});
    let found = world.ecr("DescribeRepositories", names).await;
    assert_eq!(found["repositories"].as_array().unwrap().len(), 2);
    let names = json!({"repositoryNames": ["there", "absent"]});
    assert_eq!(world.ecr_error("DescribeRepositories", names).await, "RepositoryNotFoundException");
}

#[tokio::test]
async fn every_page_of_repositories_arrives() {
    let Some(world) = world().await else { return };
    for name in ["one", "two", "three", "four", "five"] {
        world.repository(name).await;
    }
    let mut seen = Vec::new();
    let mut token = Value::Null;
    loop {
        let page = world.ecr("DescribeRepositories", json!({"maxResults": 2, "nextToken": token})).await;
        let page_names = page["repositories"].as_array().unwrap().iter();
        seen.extend(page_names.map(|repository| repository["repositoryName"].as_str().unwrap().to_owned()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["five", "four", "one", "three", "two"]);
    let both = json!({"repositoryNames": ["one"], "maxResults": 1});
    assert_eq!(world.ecr_error("DescribeRepositories", both).await, "InvalidParameterException");
    let foreign = json!({"nextToken": "bm90IG91cnM"});
    assert_eq!(world.ecr_error("DescribeRepositories", foreign).await, "InvalidParameterException");
}

#[tokio::test]
async fn names_and_settings_that_aws_refuses_are_refused() {
    let Some(world) = world().await else { return };
    for name in ["A", "a", "a..b", "a/", "/a", "a_-b"] {
        let error = world.ecr_error("CreateRepository", json!({"repositoryName": name})).await;
        assert_eq!(error, "InvalidParameterException", "{name}");
    }
    let key = json!({"repositoryName": "ok", "encryptionConfiguration": {"encryptionType": "AES256", "kmsKey": "k"}});
    assert_eq!(world.ecr_error("CreateRepository", key).await, "InvalidParameterException");
    let bare = json!({"repositoryName": "ok", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"});
    assert_eq!(world.ecr_error("CreateRepository", bare).await, "InvalidParameterException");
    let other = json!({"registryId": "999999999999"});
    assert_eq!(world.ecr_error("DescribeRepositories", other).await, "AccessDeniedException");
}

#[tokio::test]
async fn uri_is_that_of_aws_and_filters_are_kept() {
    let Some(world) = world().await else { return };
    let filters = json!([{"filterType": "WILDCARD", "filter": "dev*"}]);
    let input = json!({
        "repositoryName": "apps/filtered", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters,
    });
    let created = world.ecr("CreateRepository", input).await;
    let uri = format!("{}.dkr.ecr.{REGION}.amazonaws.com/apps/filtered", world.account);
    assert_eq!(created["repository"]["repositoryUri"], json!(uri));
    let read = || world.ecr("DescribeRepositories", json!({"repositoryNames": ["apps/filtered"]}));
    assert_eq!(read().await["repositories"][0]["imageTagMutabilityExclusionFilters"], filters);
    let input = json!({"repositoryName": "apps/filtered", "imageTagMutability": "MUTABLE"});
    world.ecr("PutImageTagMutability", input).await;
    let repository = &read().await["repositories"][0];
    assert_eq!(repository["imageTagMutability"], "MUTABLE");
    assert_eq!(repository["imageTagMutabilityExclusionFilters"], Value::Null);
}

#[tokio::test]
async fn nothing_of_a_deleted_repository_is_in_a_new_one() {
    let Some(world) = world().await else { return };
    world.repository("again").await;
    let (_, image) = world.push_image("again", "1", "layer of again").await;
    let kept = json!({"repositoryName": "again"});
    assert_eq!(world.ecr_error("DeleteRepository", kept).await, "RepositoryNotEmptyException");
    world.ecr("DeleteRepository", json!({"repositoryName": "again", "force": true})).await;
    world.repository("again").await;
    let manifest = world.v2("GET", &format!("again/manifests/{image}")).await.send().await.unwrap();
    assert_eq!(manifest.status(), 404);
    let blob = digest(b"layer of again");
    let blob = world.v2("HEAD", &format!("again/blobs/{blob}")).await.send().await.unwrap();
    assert_eq!(blob.status(), 404);
}

//! GetResources, as far as tags of repositories go.

use serde_json::{Value, json};

use crate::support::{REGION, World, world};

async fn ask(world: &World, input: Value) -> (u16, Value) {
    world.json_in(REGION, "tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", &input).await
}

/// Names of the repositories that one page tells of.
fn names(page: &Value) -> Vec<&str> {
    let resources = page["ResourceTagMappingList"].as_array().unwrap().iter();
    resources.map(|resource| resource["ResourceARN"].as_str().unwrap().split_once('/').unwrap().1).collect()
}

async fn tagged(world: &World, name: &str, key: &str) -> String {
    let input = json!({"repositoryName": name, "tags": [{"Key": key, "Value": "v"}]});
    let made = world.ecr("CreateRepository", input).await;
    made["repository"]["repositoryArn"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn tagged_repositories_come_in_pages_and_those_never_tagged_do_not() {
    let Some(world) = world().await else { return };
    world.repository("never").await;
    for name in ["cc", "aa", "bb"] {
        tagged(&world, name, "one").await;
    }
    let arn = tagged(&world, "dd", "two").await;
    let (_, first) =
        ask(&world, json!({"ResourceTypeFilters": ["ecr:repository"], "ResourcesPerPage": 3})).await;
    assert_eq!(names(&first), ["aa", "bb", "cc"]);
    assert_eq!(first["ResourceTagMappingList"][0]["Tags"], json!([{"Key": "one", "Value": "v"}]));
    let token = first["PaginationToken"].as_str().unwrap();
    let (_, second) = ask(&world, json!({"ResourcesPerPage": 3, "PaginationToken": token})).await;
    assert_eq!((names(&second), &second["PaginationToken"]), (vec!["dd"], &json!("")));
    let filtered = |key: &str| json!({"TagFilters": [{"Key": key}]});
    assert_eq!(names(&ask(&world, filtered("two")).await.1), ["dd"]);
    assert!(names(&ask(&world, json!({"ResourceTypeFilters": ["ec2"]})).await.1).is_empty());

    world.ecr("UntagResource", json!({"resourceArn": arn, "tagKeys": ["two"]})).await;
    let (_, all) = ask(&world, json!({})).await;
    assert_eq!(names(&all), ["aa", "bb", "cc", "dd"], "what had tags once is told of");
    assert_eq!(all["ResourceTagMappingList"][3]["Tags"], json!([]));
    assert!(names(&ask(&world, filtered("two")).await.1).is_empty());
}

#[tokio::test]
async fn what_aws_refuses_is_refused() {
    let Some(world) = world().await else { return };
    assert_eq!(ask(&world, json!({})).await.0, 200);
    for input in [
        json!({"ResourcesPerPage": 0}),
        json!({"ResourcesPerPage": 101}),
        json!({"PaginationToken": "bm90IG91cnM"}),
        json!({"ResourceTypeFilter": ["ecr:repository"]}),
        json!({"TagFilters": [{"Values": ["v"]}]}),
    ] {
        let (status, answer) = ask(&world, input.clone()).await;
        assert_eq!((status, &answer["__type"]), (400, &json!("InvalidParameterException")), "{input}");
    }
}

#[tokio::test]
async fn held_tags_are_those_of_before_until_they_are_released() {
    let Some(world) = world().await else { return };
    let arn = tagged(&world, "held", "old").await;
    world.gateway.hold_tags(&world.account, REGION).await.unwrap();
    let tag = json!({"resourceArn": arn, "tags": [{"Key": "new", "Value": "v"}]});
    world.ecr("TagResource", tag).await;
    let new = json!({"TagFilters": [{"Key": "new"}]});
    assert!(names(&ask(&world, new.clone()).await.1).is_empty());
    world.gateway.release_tags(&world.account, REGION);
    assert_eq!(names(&ask(&world, new).await.1), ["held"]);
    let calls = world.gateway.calls(&world.account);
    let counted = calls.iter().filter(|call| call.service == "tagging").count();
    assert_eq!(counted, 2, "what the gateway asks itself is not counted");
}

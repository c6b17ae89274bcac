//! Sessions of roles: their policy, their end, and the registry tokens that they ask for.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{REGION, World, authorization, element, registry_error, world, world_with};

/// Begins a session and gives its access key.
async fn assume(world: &World, policy: &str) -> String {
    let role = format!("arn:aws:iam::{}:role/push", world.account);
    let parameters = [("RoleArn", role.as_str()), ("RoleSessionName", "s"), ("Policy", policy)];
    let (status, xml) = world.query("sts", "2011-06-15", "AssumeRole", &parameters).await;
    assert_eq!(status, 200, "{xml}");
    element(&xml, "AccessKeyId").unwrap().to_owned()
}

/// Calls an action of ECR with an access key.
async fn call(world: &World, key: &str, action: &str, input: Value) -> Value {
    let request = world
        .http
        .post(world.gateway.url())
        .header("authorization", authorization(key, REGION, "ecr"))
        .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{action}"))
        .body(input.to_string());
    serde_json::from_str(&request.send().await.unwrap().text().await.unwrap()).unwrap()
}

async fn login(world: &World, key: &str) -> String {
    let answer = call(world, key, "GetAuthorizationToken", json!({})).await;
    format!("Basic {}", answer["authorizationData"][0]["authorizationToken"].as_str().unwrap())
}

fn policy(world: &World) -> String {
    let team = format!("arn:aws:ecr:{REGION}:{}:repository/team/*", world.account);
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        {"Effect": "Allow", "Action": ["ecr:InitiateLayerUpload", "ecr:ListImages"], "Resource": team},
    ]})
    .to_string()
}

#[tokio::test]
async fn session_policy_counts_in_the_api_and_below_v2_and_calls_name_their_session() {
    let Some(world) = world().await else { return };
    world.repository("team/app").await;
    world.repository("other").await;
    let key = assume(&world, &policy(&world)).await;
    let login = login(&world, &key).await;
    let start = async |name: &str, login: &str| {
        let url = format!("{}/v2/{name}/blobs/uploads/", world.gateway.url());
        world.http.post(url).header("authorization", login).send().await.unwrap()
    };
    assert_eq!(start("team/app", &login).await.status(), 202);
    let refused = start("other", &login).await;
    assert_eq!(registry_error(refused).await, (403, "DENIED".to_owned()));
    // The account's own token is bound to no session.
    assert_eq!(start("other", &world.login().await).await.status(), 202);
    let listed = call(&world, &key, "ListImages", json!({"repositoryName": "team/app"})).await;
    assert!(listed["imageIds"].is_array(), "{listed}");
    for (action, input) in
        [("ListImages", json!({"repositoryName": "other"})), ("DescribeRepositories", json!({}))]
    {
        let refused = call(&world, &key, action, input).await;
        assert_eq!(refused["__type"], "AccessDeniedException", "{action}");
    }
    let calls = world.gateway.calls(&world.account);
    let starts: Vec<_> = calls.iter().filter(|call| call.action == "StartBlobUpload").collect();
    let session = Some(format!("arn:aws:sts::{}:assumed-role/push/s", world.account));
    assert_eq!((&starts[0].session, &starts[2].session), (&session, &None));
}

#[tokio::test]
async fn session_and_its_token_end_together() {
    let adjust = |builder: aws_gateway::GatewayBuilder| builder.session_validity(Duration::from_secs(900));
    let Some(world) = world_with(adjust).await else { return };
    let key = assume(&world, &policy(&world)).await;
    let login = login(&world, &key).await;
    let base = async || {
        let url = format!("{}/v2/", world.gateway.url());
        world.http.get(url).header("authorization", &login).send().await.unwrap().status()
    };
    assert_eq!(base().await, 200);
    world.gateway.clock().advance(Duration::from_secs(901));
    assert_eq!(base().await, 403);
    let refused = call(&world, &key, "GetAuthorizationToken", json!({})).await;
    assert_eq!(refused["__type"], "ExpiredTokenException");
}

#[tokio::test]
async fn session_policy_that_sts_would_refuse_is_refused() {
    let Some(world) = world().await else { return };
    let role = format!("arn:aws:iam::{}:role/push", world.account);
    for (policy, code) in [("x".repeat(2049), "ValidationError"), ("{".to_owned(), "MalformedPolicyDocument")]
    {
        let parameters = [("RoleArn", role.as_str()), ("RoleSessionName", "s"), ("Policy", policy.as_str())];
        let (status, xml) = world.query("sts", "2011-06-15", "AssumeRole", &parameters).await;
        assert_eq!((status, element(&xml, "Code")), (400, Some(code)), "{xml}");
    }
}

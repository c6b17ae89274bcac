use std::time::{Duration, Instant};

use aws_gateway::{Fault, FaultKind};
use serde_json::json;

use crate::support::{REGION, authorization, element, world};

#[tokio::test]
async fn throttling_has_the_code_of_each_protocol() {
    let Some(world) = world().await else { return };
    let inject = |service: &str, action: &str| {
        world.gateway.inject(&world.account, Fault::once(service, action, FaultKind::Throttling));
    };
    inject("ecr", "DescribeRepositories");
    assert_eq!(world.ecr_error("DescribeRepositories", json!({})).await, "ThrottlingException");
    world.ecr("DescribeRepositories", json!({})).await;
    inject("ec2", "DescribeVpcs");
    let (status, xml) = world.query("ec2", "2016-11-15", "DescribeVpcs", &[]).await;
    assert_eq!((status, element(&xml, "Code")), (503, Some("RequestLimitExceeded")));
    inject("iam", "ListRoles");
    let (status, xml) = world.query("iam", "2010-05-08", "ListRoles", &[]).await;
    assert_eq!((status, element(&xml, "Code")), (400, Some("Throttling")));
    inject("registry", "GetBase");
    assert_eq!(world.v2("GET", "").await.send().await.unwrap().status(), 429);
}

#[tokio::test]
async fn object_is_not_visible_for_as_many_reads_as_ordered() {
    let Some(world) = world().await else { return };
    world.repository("slow").await;
    let fault = Fault::once("ecr", "DescribeRepositories", FaultKind::NotVisible).times(2);
    world.gateway.inject(&world.account, fault);
    let input = json!({"repositoryNames": ["slow"]});
    for _ in 0..2 {
        let error = world.ecr_error("DescribeRepositories", input.clone()).await;
        assert_eq!(error, "RepositoryNotFoundException");
    }
    world.ecr("DescribeRepositories", input).await;
}

#[tokio::test]
async fn given_error_is_answered_and_the_call_has_no_effect() {
    let Some(world) = world().await else { return };
    let kind = FaultKind::error("LimitExceededException", "full");
    world.gateway.inject(&world.account, Fault::once("ecr", "CreateRepository", kind));
    let error = world.ecr_error("CreateRepository", json!({"repositoryName": "none"})).await;
    assert_eq!(error, "LimitExceededException");
    let found = world.ecr("DescribeRepositories", json!({})).await;
    assert_eq!(found["repositories"], json!([]));
}

/// One CreateRepository with little patience.
async fn create(world: &crate::support::World, name: &str) -> Result<reqwest::Response, reqwest::Error> {
    world
        .http
        .post(world.gateway.url())
        .timeout(Duration::from_secs(2))
        .header("authorization", authorization(&world.account, REGION, "ecr"))
        .header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.CreateRepository")
        .body(json!({"repositoryName": name}).to_string())
        .send()
        .await
}

#[tokio::test]
async fn call_that_times_out_after_its_effect_has_one() {
    let Some(world) = world().await else { return };
    let fault = Fault::once("ecr", "CreateRepository", FaultKind::TimeoutAfterEffect);
    world.gateway.inject(&world.account, fault);
    assert!(create(&world, "lost").await.unwrap_err().is_timeout());
    world.ecr("DescribeRepositories", json!({"repositoryNames": ["lost"]})).await;
}

#[tokio::test]
async fn cut_connection_has_no_effect_and_latency_only_waits() {
    let Some(world) = world().await else { return };
    world.gateway.inject(&world.account, Fault::once("ecr", "CreateRepository", FaultKind::CutConnection));
    let error = create(&world, "cut").await.unwrap_err();
    assert!(!error.is_timeout());
    let latency = FaultKind::Latency { milliseconds: 300 };
    world.gateway.inject(&world.account, Fault::once("ecr", "CreateRepository", latency));
    let before = Instant::now();
    assert_eq!(create(&world, "cut").await.unwrap().status(), 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn manifest_is_cut_in_its_middle() {
    let Some(world) = world().await else { return };
    world.repository("middle").await;
    world.push_image("middle", "1", "one").await;
    let fault = Fault::once("registry", "GetManifest", FaultKind::CutAfter { bytes: 10 });
    world.gateway.inject(&world.account, fault);
    let answer = world.v2("GET", "middle/manifests/1").await.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
}

#[tokio::test]
async fn faults_are_ordered_listed_and_dropped_over_http() {
    let Some(world) = world().await else { return };
    let url = format!("{}/_gateway/faults?account={}", world.gateway.url(), world.account);
    let fault = json!({"service": "ecr", "times": 5, "kind": {"type": "server_error"}});
    let ordered = world.http.post(&url).body(fault.to_string()).send().await.unwrap();
    assert_eq!(ordered.status(), 200);
    let (status, _) = world.ecr_raw("DescribeRepositories", &json!({})).await;
    assert_eq!(status, 503);
    let listed = world.http.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(listed.contains("\"times\":4"), "{listed}");
    world.http.delete(&url).send().await.unwrap();
    world.ecr("DescribeRepositories", json!({})).await;
    let wrong = world.http.post(&url).body("{}").send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}

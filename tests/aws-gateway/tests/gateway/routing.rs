use serde_json::json;

use crate::support::{REGION, authorization, element, new_account, world};

#[tokio::test]
async fn services_reach_their_emulator_in_the_account_of_the_access_key() {
    let Some(world) = world().await else { return };
    let (status, xml) = world.query("sts", "2011-06-15", "GetCallerIdentity", &[]).await;
    assert_eq!((status, element(&xml, "Account")), (200, Some(world.account.as_str())), "{xml}");
    // Only moto has instance types; only ministack's bucket store is asked for S3.
    let (status, xml) =
        world.query("ec2", "2016-11-15", "DescribeInstanceTypes", &[("InstanceType.1", "t3.micro")]).await;
    assert_eq!((status, element(&xml, "instanceType")), (200, Some("t3.micro")), "{xml}");
    world.repository("routed").await;
    let found = world.ecr("DescribeRepositories", json!({"repositoryNames": ["routed"]})).await;
    assert_eq!(found["repositories"][0]["registryId"], json!(world.account));
}

#[tokio::test]
async fn regions_are_apart() {
    let Some(world) = world().await else { return };
    world.repository("here").await;
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
    let (_, elsewhere) = world.json_in("us-east-1", "ecr", target, &json!({})).await;
    assert_eq!(elsewhere["repositories"], json!([]));
}

#[tokio::test]
async fn key_of_assume_role_belongs_to_the_account_of_the_role() {
    let Some(world) = world().await else { return };
    let other = new_account();
    let role = format!("arn:aws:iam::{other}:role/r");
    let (status, xml) =
        world.query("sts", "2011-06-15", "AssumeRole", &[("RoleArn", &role), ("RoleSessionName", "s")]).await;
    assert_eq!(status, 200, "{xml}");
    let key = element(&xml, "AccessKeyId").unwrap();
    let call = async |action: &str, input: serde_json::Value| {
        let request = world
            .http
            .post(world.gateway.url())
            .header("authorization", authorization(key, REGION, "ecr"))
            .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{action}"))
            .body(input.to_string());
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()
    };
    let created = call("CreateRepository", json!({"repositoryName": "assumed"})).await;
    let arn = format!("arn:aws:ecr:{REGION}:{other}:repository/assumed");
    assert_eq!(created["repository"]["repositoryArn"], json!(arn));
    // An action that ministack answers by itself finds the repository of that account.
    let policy = call("GetLifecyclePolicy", json!({"repositoryName": "assumed"})).await;
    assert_eq!(policy["__type"], "LifecyclePolicyNotFoundException");
}

#[tokio::test]
async fn bucket_and_object_survive_the_way_there_and_back() {
    let Some(world) = world().await else { return };
    let bucket = format!("{}/bucket-{}", world.gateway.url(), world.account);
    let signed = |method: &str, url: String| {
        world
            .http
            .request(method.parse().unwrap(), url)
            .header("authorization", authorization(&world.account, "us-east-1", "s3"))
    };
    assert_eq!(signed("PUT", bucket.clone()).send().await.unwrap().status(), 200);
    let content = vec![7_u8; 3 * 1024 * 1024];
    let stored = signed("PUT", format!("{bucket}/k")).body(content.clone()).send().await.unwrap();
    assert_eq!(stored.status(), 200);
    let read = signed("GET", format!("{bucket}/k")).send().await.unwrap();
    assert!(read.bytes().await.unwrap() == content);
    let calls = world.gateway.calls(&world.account);
    assert!(
        calls.iter().any(|call| call.service == "s3" && call.method == "PUT" && call.status == Some(200))
    );
}

#[tokio::test]
async fn request_without_signature_is_refused_in_the_form_of_the_service() {
    let Some(world) = world().await else { return };
    let post = || world.http.post(world.gateway.url());
    let ecr =
        post().header("x-amz-target", "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories").body("{}");
    let answer = ecr.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("\"__type\":\"MissingAuthenticationTokenException\""));
    let form =
        |body: &'static str| post().header("content-type", "application/x-www-form-urlencoded").body(body);
    let iam = form("Action=ListRoles&Version=2010-05-08").send().await.unwrap();
    assert_eq!(iam.status(), 403);
    let text = iam.text().await.unwrap();
    assert!(text.starts_with("<ErrorResponse>") && text.contains("MissingAuthenticationToken"), "{text}");
    let ec2 = form("Action=DescribeVpcs&Version=2016-11-15").send().await.unwrap();
    assert!(ec2.text().await.unwrap().starts_with("<Response><Errors>"));
}

#[tokio::test]
async fn calls_are_recorded_with_service_action_region_and_status_without_secrets() {
    let Some(world) = world().await else { return };
    world.secret("recorded", &json!({"username": "u", "accessToken": "hidden-token"})).await;
    world.ecr_error("DescribeRepositories", json!({"repositoryNames": ["absent"]})).await;
    let calls = world.gateway.calls(&world.account);
    let made: Vec<_> =
        calls.iter().map(|call| (call.service.as_str(), call.action.as_str(), call.status)).collect();
    assert_eq!(
        made,
        [("secretsmanager", "CreateSecret", Some(200)), ("ecr", "DescribeRepositories", Some(400))]
    );
    assert_eq!(calls[0].parameters["Name"], "ecr-pullthroughcache/recorded");
    let out_of_process = format!("{}/_gateway/calls?account={}", world.gateway.url(), world.account);
    let text = world.http.get(out_of_process).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("DescribeRepositories") && text.contains(REGION));
    assert!(!text.contains("hidden-token"));
}

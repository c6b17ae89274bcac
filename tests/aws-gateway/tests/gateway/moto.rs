use serde_json::json;

use crate::support::{REGION, World, element, world};

async fn autoscaling(world: &World, action: &str, rest: &[(&str, &str)]) -> (u16, String) {
    world.query("autoscaling", "2011-01-01", action, rest).await
}

async fn ec2(world: &World, action: &str, rest: &[(&str, &str)]) -> (u16, String) {
    world.query("ec2", "2016-11-15", action, rest).await
}

/// A launch template `t`, and parameters of a group `g` of three sizes.
async fn group(world: &World) -> Vec<(&'static str, &'static str)> {
    let template = [("LaunchTemplateName", "t"), ("LaunchTemplateData.InstanceType", "t3.micro")];
    assert_eq!(ec2(world, "CreateLaunchTemplate", &template).await.0, 200);
    vec![
        ("AutoScalingGroupName", "g"),
        ("MinSize", "0"),
        ("MaxSize", "4"),
        ("AvailabilityZones.member.1", "eu-central-1a"),
        ("LaunchTemplate.LaunchTemplateName", "t"),
    ]
}

async fn described(world: &World) -> String {
    autoscaling(world, "DescribeAutoScalingGroups", &[("AutoScalingGroupNames.member.1", "g")]).await.1
}

#[tokio::test]
async fn group_is_checked_and_created_once() {
    let Some(world) = world().await else { return };
    let mut parameters = group(&world).await;
    let code = async |parameters: &[(&str, &str)]| {
        let (status, xml) = autoscaling(&world, "CreateAutoScalingGroup", parameters).await;
        (status, element(&xml, "Code").unwrap_or_default().to_owned())
    };
    let mut unknown = parameters.clone();
    unknown[4].1 = "absent";
    assert_eq!(code(&unknown).await, (400, "ValidationError".to_owned()));
    let mut above = parameters.clone();
    above.push(("DesiredCapacity", "5"));
    assert_eq!(code(&above).await, (400, "ValidationError".to_owned()));
    parameters.extend([
        ("LifecycleHookSpecificationList.member.1.LifecycleHookName", "drain"),
        (
            "LifecycleHookSpecificationList.member.1.LifecycleTransition",
            "autoscaling:EC2_INSTANCE_TERMINATING",
        ),
        ("InstanceMaintenancePolicy.MinHealthyPercentage", "0"),
        ("InstanceMaintenancePolicy.MaxHealthyPercentage", "100"),
    ]);
    assert_eq!(code(&parameters).await.0, 200);
    assert_eq!(code(&parameters).await, (400, "AlreadyExists".to_owned()));
    let xml = described(&world).await;
    assert_eq!(element(&xml, "MaxHealthyPercentage"), Some("100"));
    let (_, hooks) = autoscaling(&world, "DescribeLifecycleHooks", &[("AutoScalingGroupName", "g")]).await;
    assert_eq!(element(&hooks, "LifecycleHookName"), Some("drain"));
}

#[tokio::test]
async fn sizes_move_the_desired_capacity_into_their_bounds() {
    let Some(world) = world().await else { return };
    let mut parameters = group(&world).await;
    parameters.push(("DesiredCapacity", "3"));
    assert_eq!(autoscaling(&world, "CreateAutoScalingGroup", &parameters).await.0, 200);
    let update = |size: (&'static str, &'static str)| {
        let world = &world;
        async move { autoscaling(world, "UpdateAutoScalingGroup", &[("AutoScalingGroupName", "g"), size]).await.0 }
    };
    assert_eq!(update(("MaxSize", "1")).await, 200);
    assert_eq!(element(&described(&world).await, "DesiredCapacity"), Some("1"));
    assert_eq!(update(("MinSize", "2")).await, 400);
    let desired = [("AutoScalingGroupName", "g"), ("DesiredCapacity", "2")];
    assert_eq!(autoscaling(&world, "SetDesiredCapacity", &desired).await.0, 400);
    let delete = [("AutoScalingGroupName", "g")];
    let (status, xml) = autoscaling(&world, "DeleteAutoScalingGroup", &delete).await;
    assert_eq!((status, element(&xml, "Code")), (400, Some("ResourceInUse")));
    let forced = [("AutoScalingGroupName", "g"), ("ForceDelete", "true")];
    assert_eq!(autoscaling(&world, "DeleteAutoScalingGroup", &forced).await.0, 200);
    let (status, xml) = autoscaling(&world, "DeleteAutoScalingGroup", &delete).await;
    assert_eq!((status, element(&xml, "Code")), (400, Some("ValidationError")));
}

#[tokio::test]
async fn client_token_repeats_the_answer() {
    let Some(world) = world().await else { return };
    let create =
        [("LaunchTemplateName", "t"), ("ClientToken", "c"), ("LaunchTemplateData.InstanceType", "t3.micro")];
    let (_, first) = ec2(&world, "CreateLaunchTemplate", &create).await;
    let (status, second) = ec2(&world, "CreateLaunchTemplate", &create).await;
    assert_eq!((status, second), (200, first));
    let other = [("LaunchTemplateName", "u"), ("ClientToken", "c")];
    let (_, xml) = ec2(&world, "CreateLaunchTemplate", &other).await;
    assert_eq!(element(&xml, "Code"), Some("IdempotentParameterMismatch"));
}

#[tokio::test]
async fn unknown_launch_template_id_is_an_error() {
    let Some(world) = world().await else { return };
    let unknown = [("LaunchTemplateId.1", "lt-0123456789abcdef0")];
    let (_, xml) = ec2(&world, "DescribeLaunchTemplates", &unknown).await;
    assert_eq!(element(&xml, "Code"), Some("InvalidLaunchTemplateId.NotFound"));
}

#[tokio::test]
async fn parameter_that_is_too_long_or_nests_another_is_refused() {
    let Some(world) = world().await else { return };
    let put = async |value: &str, tier: &str| {
        let input = json!({"Name": "/p", "Value": value, "Type": "String", "Tier": tier, "Overwrite": true});
        let (status, output) = world.json_in(REGION, "ssm", "AmazonSSM.PutParameter", &input).await;
        (status, output["__type"].as_str().unwrap_or_default().to_owned())
    };
    let refused = (400, "ValidationException".to_owned());
    assert_eq!(put(&"a".repeat(4096), "Standard").await.0, 200);
    assert_eq!(put(&"a".repeat(4097), "Standard").await, refused);
    assert_eq!(put(&"a".repeat(8192), "Advanced").await.0, 200);
    assert_eq!(put(&"a".repeat(8193), "Advanced").await, refused);
    assert_eq!(put("{{x}}", "Standard").await, refused);
}

/// Id of a new security group in the default VPC.
async fn security_group(world: &World, name: &str) -> String {
    let parameters = [("GroupName", name), ("GroupDescription", name)];
    let (status, xml) = ec2(world, "CreateSecurityGroup", &parameters).await;
    assert_eq!(status, 200, "{xml}");
    element(&xml, "groupId").unwrap().to_owned()
}

#[tokio::test]
async fn security_group_in_use_is_not_deleted() {
    let Some(world) = world().await else { return };
    let (manager, worker) = (security_group(&world, "manager").await, security_group(&world, "worker").await);
    let delete = async |group: &str| {
        let (status, xml) = ec2(&world, "DeleteSecurityGroup", &[("GroupId", group)]).await;
        (status, element(&xml, "Code").unwrap_or_default().to_owned())
    };
    let in_use = (400, "DependencyViolation".to_owned());
    let rule = |group: &str| {
        [
            ("GroupId".to_owned(), worker.clone()),
            ("IpPermissions.1.IpProtocol".to_owned(), "tcp".to_owned()),
            ("IpPermissions.1.FromPort".to_owned(), "22".to_owned()),
            ("IpPermissions.1.ToPort".to_owned(), "22".to_owned()),
            ("IpPermissions.1.Groups.1.GroupId".to_owned(), group.to_owned()),
        ]
    };
    let change = async |action: &str, group: &str| {
        let rule = rule(group);
        let rule: Vec<(&str, &str)> =
            rule.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(ec2(&world, action, &rule).await.0, 200);
    };
    change("AuthorizeSecurityGroupIngress", &manager).await;
    assert_eq!(delete(&manager).await, in_use);
    change("RevokeSecurityGroupIngress", &manager).await;
    assert_eq!(delete(&manager).await.0, 200);
    change("AuthorizeSecurityGroupIngress", &worker).await;
    let (_, images) = ec2(&world, "DescribeImages", &[("Owner.1", "amazon")]).await;
    let image = element(&images, "imageId").unwrap();
    let run = [
        ("ImageId", image),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("InstanceType", "t3.micro"),
        ("SecurityGroupId.1", &worker),
    ];
    let (status, xml) = ec2(&world, "RunInstances", &run).await;
    assert_eq!(status, 200, "{xml}");
    assert_eq!(delete(&worker).await, in_use);
    ec2(&world, "TerminateInstances", &[("InstanceId.1", element(&xml, "instanceId").unwrap())]).await;
    assert_eq!(delete(&worker).await.0, 200);
}

#[tokio::test]
async fn unknown_image_and_unknown_instance_are_refused() {
    let Some(world) = world().await else { return };
    let run = [("ImageId", "ami-0000000000000000f"), ("MinCount", "1"), ("MaxCount", "1")];
    let (_, xml) = ec2(&world, "RunInstances", &run).await;
    assert_eq!(element(&xml, "Code"), Some("InvalidAMIID.NotFound"));
    let parameters = group(&world).await;
    assert_eq!(autoscaling(&world, "CreateAutoScalingGroup", &parameters).await.0, 200);
    let protect = [
        ("AutoScalingGroupName", "g"),
        ("InstanceIds.member.1", "i-0123456789abcdef0"),
        ("ProtectedFromScaleIn", "true"),
    ];
    let (status, xml) = autoscaling(&world, "SetInstanceProtection", &protect).await;
    assert_eq!((status, element(&xml, "Code")), (400, Some("ValidationError")));
}

#[tokio::test]
async fn action_that_moto_lacks_fails_at_once_and_says_so() {
    let Some(world) = world().await else { return };
    let (status, xml) = ec2(&world, "GetInstanceMetadataDefaults", &[]).await;
    assert_eq!((status, element(&xml, "Code")), (400, Some("EmulatorFailure")), "{xml}");
}

#[tokio::test]
async fn trust_policy_that_aws_cannot_parse_is_refused() {
    let Some(world) = world().await else { return };
    let create = async |document: &str| {
        let parameters = [("RoleName", "r"), ("AssumeRolePolicyDocument", document)];
        let (status, xml) = world.query("iam", "2010-05-08", "CreateRole", &parameters).await;
        (status, element(&xml, "Code").unwrap_or_default().to_owned())
    };
    let refused = (400, "MalformedPolicyDocument".to_owned());
    assert_eq!(create("{").await, refused);
    assert_eq!(create(r#"{"Version":"2012-10-17"}"#).await, refused);
    let statement = json!({"Effect": "Allow", "Action": "sts:AssumeRole"});
    assert_eq!(create(&json!({"Statement": [statement]}).to_string()).await, refused);
    let mut good = statement;
    good["Principal"] = json!({"Service": "ec2.amazonaws.com"});
    let document = json!({"Version": "2012-10-17", "Statement": [good]}).to_string();
    assert_eq!(create(&document).await.0, 200);
}

#[tokio::test]
async fn trust_policy_with_a_role_that_is_not_there_is_refused() {
    let Some(world) = world().await else { return };
    let create = async |name: &str, trusted: &str| {
        let trusted = format!("arn:aws:iam::{trusted}");
        let statement =
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": [trusted]}});
        let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let parameters = [("RoleName", name), ("Path", "/ci/"), ("AssumeRolePolicyDocument", &document)];
        let (status, xml) = world.query("iam", "2010-05-08", "CreateRole", &parameters).await;
        (status, element(&xml, "Message").unwrap_or_default().to_owned())
    };
    let own = |role: &str| format!("{}:role/{role}", world.account);
    let (status, message) = create("r", &own("ci/worker")).await;
    assert_eq!(status, 400);
    assert!(message.starts_with("Invalid principal in policy: \"AWS\":"), "{message}");
    // Of other accounts nothing is known.
    assert_eq!(create("worker", "999999999999:role/any").await.0, 200);
    assert_eq!(create("r", &own("worker")).await.0, 400, "the path belongs to the name");
    assert_eq!(create("r", &own("ci/worker")).await.0, 200);
}

#[tokio::test]
async fn retention_is_one_of_the_known_periods() {
    let Some(world) = world().await else { return };
    let call = async |action: &str, days: u64| {
        let input = json!({"logGroupName": "g", "retentionInDays": days});
        let target = format!("Logs_20140328.{action}");
        let answer = world
            .http
            .post(world.gateway.url())
            .header("authorization", crate::support::authorization(&world.account, REGION, "logs"))
            .header("x-amz-target", target)
            .body(input.to_string());
        answer.send().await.unwrap().status().as_u16()
    };
    assert_eq!(call("CreateLogGroup", 14).await, 200);
    assert_eq!(call("PutRetentionPolicy", 13).await, 400);
    assert_eq!(call("PutRetentionPolicy", 14).await, 200);
}

#[tokio::test]
async fn secret_that_waits_for_its_deletion_keeps_its_name_and_changes_no_more() {
    let Some(world) = world().await else { return };
    let call = async |action: &str, input: serde_json::Value| {
        world.json_in(REGION, "secretsmanager", &format!("secretsmanager.{action}"), &input).await
    };
    let code = |(status, output): (u16, serde_json::Value)| {
        (status, output["__type"].as_str().unwrap_or_default().to_owned())
    };
    let create = |name: &str, token: &str| {
        json!({
            "Name": name,
            "SecretString": "x",
            "Description": "of a test",
            "ClientRequestToken": format!("00000000-0000-4000-8000-00000000000{token}"),
        })
    };
    let refused = (400, "InvalidRequestException".to_owned());
    assert_eq!(code(call("CreateSecret", create("a b", "1")).await).1, "ValidationException");
    assert_eq!(call("CreateSecret", create("s", "1")).await.0, 200);
    let taken = code(call("CreateSecret", create("s", "2")).await);
    assert_eq!(taken, (400, "ResourceExistsException".to_owned()));
    let update = json!({"SecretId": "s", "Description": "", "ClientRequestToken": "3".repeat(32)});
    assert_eq!(call("UpdateSecret", update.clone()).await.0, 200);
    let described = call("DescribeSecret", json!({"SecretId": "s"})).await.1;
    assert!(described["Description"].is_null(), "{described}");
    assert_eq!(call("DeleteSecret", json!({"SecretId": "s"})).await.0, 200);
    assert_eq!(code(call("CreateSecret", create("s", "2")).await), refused);
    assert_eq!(code(call("UpdateSecret", update).await), refused);
    let tags = json!({"SecretId": "s", "Tags": [{"Key": "a", "Value": "b"}]});
    assert_eq!(code(call("TagResource", tags.clone()).await), refused);
    assert_eq!(call("RestoreSecret", json!({"SecretId": "s"})).await.0, 200);
    assert_eq!(call("TagResource", tags).await.0, 200);
    let unknown = code(call("DescribeSecret", json!({"SecretId": "t"})).await);
    assert_eq!(unknown, (404, "ResourceNotFoundException".to_owned()));
}

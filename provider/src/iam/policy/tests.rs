use std::collections::BTreeSet;

use super::*;

const ACCOUNT: &str = "111122223333";

fn arns(arns: &[&str]) -> BTreeSet<String> {
    arns.iter().map(|arn| (*arn).to_owned()).collect()
}

fn group(name: &str) -> String {
    format!("arn:aws:autoscaling:eu-central-1:{ACCOUNT}:autoScalingGroup:*:autoScalingGroupName/{name}")
}

/// Each capability alone, with the document it makes.
fn golden() -> Vec<(Capabilities, &'static str)> {
    let none = Capabilities::default();
    vec![
        (
            Capabilities { session_manager: true, ..none.clone() },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"SessionManager","Effect":"Allow","Action":["ssm:UpdateInstanceInformation","ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"],"Resource":["*"]}]}"#,
        ),
        (
            Capabilities {
                image_pull: Some(ImagePull {
                    repositories: Some(arns(&["arn:aws:ecr:eu-central-1:111122223333:repository/mirror/*"])),
                    import_repositories: None,
                }),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"EcrLogin","Effect":"Allow","Action":["ecr:GetAuthorizationToken"],"Resource":["*"]},{"Sid":"ImagePull","Effect":"Allow","Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"],"Resource":["arn:aws:ecr:eu-central-1:111122223333:repository/mirror/*"]}]}"#,
        ),
        (
            Capabilities {
                fleet_control: Some(FleetControl {
                    fleet_arns: [group("large"), group("small")].into(),
                    os_user: "ec2-user".to_owned(),
                }),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"FleetDescribe","Effect":"Allow","Action":["autoscaling:DescribeAutoScalingGroups","ec2:DescribeInstances"],"Resource":["*"]},{"Sid":"FleetControl","Effect":"Allow","Action":["autoscaling:SetDesiredCapacity","autoscaling:TerminateInstanceInAutoScalingGroup"],"Resource":["arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/large","arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/small"]},{"Sid":"FleetConnect","Effect":"Allow","Action":["ec2-instance-connect:SendSSHPublicKey"],"Resource":["arn:aws:ec2:eu-central-1:111122223333:instance/*"],"Condition":{"StringEquals":{"aws:ResourceTag/aws:autoscaling:groupName":["large","small"],"ec2:osuser":["ec2-user"]}}}]}"#,
        ),
        (
            Capabilities {
                read_parameters: Some(ReadParameters {
                    parameters: arns(&["arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/token"]),
                    kms_key_arns: Some(arns(&["arn:aws:kms:eu-central-1:111122223333:key/1234"])),
                }),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"ParameterRead","Effect":"Allow","Action":["ssm:GetParameter"],"Resource":["arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/token"]},{"Sid":"ParameterDecrypt","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["arn:aws:kms:eu-central-1:111122223333:key/1234"],"Condition":{"StringLike":{"kms:EncryptionContext:PARAMETER_ARN":["arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/token"]}}}]}"#,
        ),
        (
            Capabilities {
                write_parameters: Some(arns(&[
                    "arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/health",
                ])),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"ParameterWrite","Effect":"Allow","Action":["ssm:PutParameter"],"Resource":["arn:aws:ssm:eu-central-1:111122223333:parameter/ecrunner/health"]}]}"#,
        ),
        (
            Capabilities {
                cache_bucket: Some(CacheBucket {
                    bucket_arn: "arn:aws:s3:::cache".to_owned(),
                    prefix: Some("team".to_owned()),
                    kms_key_arn: Some("arn:aws:kms:eu-central-1:111122223333:key/1234".to_owned()),
                }),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"CacheObjects","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],"Resource":["arn:aws:s3:::cache/team/*"]},{"Sid":"CacheKey","Effect":"Allow","Action":["kms:Decrypt","kms:GenerateDataKey"],"Resource":["arn:aws:kms:eu-central-1:111122223333:key/1234"],"Condition":{"StringLike":{"kms:EncryptionContext:aws:s3:arn":["arn:aws:s3:::cache","arn:aws:s3:::cache/team/*"]}}}]}"#,
        ),
        (
            Capabilities { read_objects: Some(arns(&["arn:aws:s3:::config/main.toml"])), ..none.clone() },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"ObjectRead","Effect":"Allow","Action":["s3:GetObject"],"Resource":["arn:aws:s3:::config/main.toml"]}]}"#,
        ),
        (
            Capabilities {
                write_logs: Some(arns(&["arn:aws:logs:eu-central-1:111122223333:log-group:/ecrunner/main"])),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"LogWrite","Effect":"Allow","Action":["logs:CreateLogStream","logs:DescribeLogStreams","logs:PutLogEvents"],"Resource":["arn:aws:logs:eu-central-1:111122223333:log-group:/ecrunner/main:*"]}]}"#,
        ),
        (
            Capabilities {
                complete_lifecycle: Some(CompleteLifecycle { fleet_arns: [group("manager")].into() }),
                ..none.clone()
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"LifecycleComplete","Effect":"Allow","Action":["autoscaling:CompleteLifecycleAction","autoscaling:RecordLifecycleActionHeartbeat"],"Resource":["arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/manager"]}]}"#,
        ),
        (
            Capabilities {
                assume_roles: Some(arns(&["arn:aws:iam::111122223333:role/team/ci-push"])),
                ..none
            },
            r#"{"Version":"2012-10-17","Statement":[{"Sid":"RoleAssume","Effect":"Allow","Action":["sts:AssumeRole"],"Resource":["arn:aws:iam::111122223333:role/team/ci-push"]}]}"#,
        ),
    ]
}

/// Every capability at once.
fn all() -> Capabilities {
    let mut all = golden().into_iter().fold(Capabilities::default(), |all, (one, _)| Capabilities {
        session_manager: all.session_manager || one.session_manager,
        image_pull: all.image_pull.or(one.image_pull),
        fleet_control: all.fleet_control.or(one.fleet_control),
        read_parameters: all.read_parameters.or(one.read_parameters),
        write_parameters: all.write_parameters.or(one.write_parameters),
        cache_bucket: all.cache_bucket.or(one.cache_bucket),
        read_objects: all.read_objects.or(one.read_objects),
        write_logs: all.write_logs.or(one.write_logs),
        complete_lifecycle: all.complete_lifecycle.or(one.complete_lifecycle),
        assume_roles: all.assume_roles.or(one.assume_roles),
    });
    let imported = arns(&["arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*"]);
    all.image_pull = all.image_pull.map(|pull| ImagePull { import_repositories: Some(imported), ..pull });
    all
}

/// The statements of a document, read back as JSON.
fn statements(document: &str) -> Vec<serde_json::Value> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    document["Statement"].as_array().unwrap().clone()
}

fn actions(document: Option<String>) -> BTreeSet<String> {
    let statements = document.map(|document| statements(&document)).unwrap_or_default();
    let actions = statements.iter().flat_map(|statement| statement["Action"].as_array().unwrap());
    actions.map(|action| action.as_str().unwrap().to_owned()).collect()
}

#[test]
fn each_capability_makes_its_document() {
    for (capabilities, expected) in golden() {
        assert_eq!(capabilities.document().as_deref(), Some(expected));
    }
}

#[test]
fn no_capability_makes_no_document() {
    assert_eq!(Capabilities::default().document(), None);
    let for_nothing = Capabilities {
        image_pull: Some(ImagePull { import_repositories: Some(BTreeSet::new()), ..ImagePull::default() }),
        fleet_control: Some(FleetControl::default()),
        read_parameters: Some(ReadParameters {
            kms_key_arns: Some(arns(&["arn:aws:kms:eu-central-1:111122223333:key/1234"])),
            ..ReadParameters::default()
        }),
        write_parameters: Some(BTreeSet::new()),
        write_logs: Some(BTreeSet::new()),
        complete_lifecycle: Some(CompleteLifecycle::default()),
        assume_roles: Some(BTreeSet::new()),
        ..Capabilities::default()
    };
    assert_eq!(for_nothing.document(), None);
}

#[test]
fn no_action_appears_without_its_capability() {
    let everything = all();
    let all_actions = actions(everything.document());
    // What only this capability allows has to go with it, and nothing else may.
    let without: [(&str, Capabilities, &[&str]); 11] = [
        (
            "session_manager",
            Capabilities { session_manager: false, ..everything.clone() },
            &[
                "ssm:UpdateInstanceInformation",
                "ssmmessages:CreateControlChannel",
                "ssmmessages:CreateDataChannel",
                "ssmmessages:OpenControlChannel",
                "ssmmessages:OpenDataChannel",
            ],
        ),
        (
            "image_pull",
            Capabilities { image_pull: None, ..everything.clone() },
            &[
                "ecr:GetAuthorizationToken",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchImportUpstreamImage",
                "ecr:CreateRepository",
            ],
        ),
        (
            "import_repositories",
            Capabilities {
                image_pull: everything
                    .image_pull
                    .clone()
                    .map(|pull| ImagePull { import_repositories: None, ..pull }),
                ..everything.clone()
            },
            &["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
        ),
        (
            "fleet_control",
            Capabilities { fleet_control: None, ..everything.clone() },
            &[
                "autoscaling:DescribeAutoScalingGroups",
                "ec2:DescribeInstances",
                "autoscaling:SetDesiredCapacity",
                "autoscaling:TerminateInstanceInAutoScalingGroup",
                "ec2-instance-connect:SendSSHPublicKey",
            ],
        ),
        (
            "read_parameters",
            // The cache's key is decrypted with too.
            Capabilities { read_parameters: None, ..everything.clone() },
            &["ssm:GetParameter"],
        ),
        (
            "write_parameters",
            Capabilities { write_parameters: None, ..everything.clone() },
            &["ssm:PutParameter"],
        ),
        (
            "cache_bucket",
            // Objects are read by `read_objects` too, and parameters decrypted.
            Capabilities { cache_bucket: None, ..everything.clone() },
            &["s3:PutObject", "kms:GenerateDataKey"],
        ),
        ("read_objects", Capabilities { read_objects: None, ..everything.clone() }, &[]),
        (
            "write_logs",
            Capabilities { write_logs: None, ..everything.clone() },
            &["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        ),
        (
            "complete_lifecycle",
            Capabilities { complete_lifecycle: None, ..everything.clone() },
            &["autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat"],
        ),
        ("assume_roles", Capabilities { assume_roles: None, ..everything.clone() }, &["sts:AssumeRole"]),
    ];
    for (name, capabilities, gone) in without {
        let left = actions(capabilities.document());
        let missing: BTreeSet<String> = all_actions.difference(&left).cloned().collect();
        assert_eq!(missing, arns(gone), "without {name}");
        assert!(left.is_subset(&all_actions), "without {name} something came");
    }
}

#[test]
fn only_what_has_no_resource_is_allowed_on_all() {
    let unscoped: BTreeSet<String> = statements(&all().document().unwrap())
        .into_iter()
        .filter(|statement| statement["Resource"] == serde_json::json!(["*"]))
        .map(|statement| statement["Sid"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(unscoped, arns(&["EcrLogin", "FleetDescribe", "SessionManager"]));
}

#[test]
fn no_action_is_a_pattern_and_every_sid_is_unique_and_plain() {
    let statements = statements(&all().document().unwrap());
    let sids: BTreeSet<&str> = statements.iter().map(|it| it["Sid"].as_str().unwrap()).collect();
    assert_eq!(sids.len(), statements.len());
    assert!(sids.iter().all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())));
    assert!(actions(all().document()).iter().all(|action| !action.contains('*')));
}

#[test]
fn the_whole_bucket_may_be_listed_but_not_one_that_is_shared_by_prefix() {
    let cache = |prefix: Option<&str>| Capabilities {
        cache_bucket: Some(CacheBucket {
            bucket_arn: "arn:aws:s3:::cache".to_owned(),
            prefix: prefix.map(str::to_owned),
            kms_key_arn: None,
        }),
        ..Capabilities::default()
    };
    assert!(actions(cache(None).document()).contains("s3:ListBucket"));
    assert!(!actions(cache(Some("team")).document()).contains("s3:ListBucket"));
    assert_eq!(
        cache(Some("team")).document(),
        cache(Some("team/")).document(),
        "a folder, never part of a name"
    );
}

#[test]
fn instances_are_those_of_the_partition_and_account_of_the_group() {
    let arn = "arn:aws-cn:autoscaling:cn-north-1:444455556666:autoScalingGroup:0a1b:autoScalingGroupName/w";
    let control = FleetControl { fleet_arns: arns(&[arn]), os_user: "ubuntu".to_owned() };
    let capabilities = Capabilities { fleet_control: Some(control), ..Capabilities::default() };
    let document = capabilities.document().unwrap();
    assert!(document.contains(r#""Resource":["arn:aws-cn:ec2:cn-north-1:444455556666:instance/*"]"#));
    assert!(document.contains(r#""ec2:osuser":["ubuntu"]"#));
}

#[test]
fn a_log_group_is_named_with_its_streams_once() {
    let with = |arn: &str| Capabilities { write_logs: Some(arns(&[arn])), ..Capabilities::default() };
    let arn = "arn:aws:logs:eu-central-1:111122223333:log-group:main";
    assert_eq!(with(arn).document(), with(&format!("{arn}:*")).document());
}

#[test]
fn the_role_is_trusted_to_ec2_of_its_partition() {
    for (partition, service) in [
        ("aws", "ec2.amazonaws.com"),
        ("aws-us-gov", "ec2.amazonaws.com"),
        ("aws-eusc", "ec2.amazonaws.com"),
        ("aws-cn", "ec2.amazonaws.com.cn"),
        ("aws-iso", "ec2.c2s.ic.gov"),
        ("aws-iso-b", "ec2.sc2s.sgov.gov"),
    ] {
        let document = statements(&trust_document("Service", &[ec2_principal(partition)]));
        let expected = serde_json::json!([{
            "Effect": "Allow",
            "Principal": {"Service": [service]},
            "Action": ["sts:AssumeRole"],
        }]);
        assert_eq!(serde_json::Value::Array(document), expected);
    }
}

#[test]
fn layout_is_no_difference_but_meaning_is() {
    let ours = r#"{"Version":"1","Statement":[{"Action":["a","b"],"Resource":["*"]}]}"#;
    let theirs = r#"{ "Statement": {"Resource": "*", "Action": ["b", "a"]}, "Version": "1" }"#;
    assert!(is_same(ours, theirs));
    assert!(!is_same(ours, &theirs.replace("\"a\"", "\"c\"")));
    assert!(!is_same(ours, "not JSON"));
}

#[test]
fn a_document_of_ours_tells_its_capabilities_and_another_does_not() {
    for (capabilities, document) in golden() {
        assert_eq!(declared(document), Some(capabilities));
    }
    let document = all().document().unwrap();
    assert_eq!(declared(&document), Some(all()));
    for (ours, changed) in [
        ("ecr:BatchGetImage", "ecr:*"),
        ("\"ec2:osuser\":[\"ec2-user\"]", "\"ec2:osuser\":[\"ec2-user\",\"root\"]"),
        ("\"Effect\":\"Allow\"", "\"Effect\":\"Deny\""),
        ("\"Sid\":\"LogWrite\"", "\"Sid\":\"Mine\""),
    ] {
        assert!(document.contains(ours), "{ours} is not in the document");
        assert_eq!(declared(&document.replacen(ours, changed, 1)), None, "{changed}");
    }
    assert_eq!(declared("{}"), None);
}

#[test]
fn names_become_arns_of_the_providers_account_and_arns_stay() {
    let scope = Scope { partition: "aws-cn", region: "cn-north-1", account_id: "111122223333" };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let foreign = "arn:aws-cn:ecr:cn-north-1:444455556666:repository/a";
    let named = Capabilities {
        image_pull: Some(ImagePull {
            repositories: Some(set(&["mirror/*", foreign])),
            import_repositories: Some(set(&["docker-hub/*"])),
        }),
        read_parameters: Some(ReadParameters {
            parameters: set(&["/ci/token", "plain"]),
            kms_key_arns: None,
        }),
        write_logs: Some(set(&["/ci/manager", "plain"])),
        read_objects: Some(set(&["s3://tools/gitlab-runner"])),
        assume_roles: Some(set(&["ci-push", "/team/ci-push", "arn:aws-cn:iam::444455556666:role/push"])),
        ..Capabilities::default()
    };
    let within = named.within(scope);
    let own = |rest: &str| format!("arn:aws-cn:{rest}");
    assert_eq!(
        within.assume_roles.unwrap(),
        set(&[
            "arn:aws-cn:iam::444455556666:role/push",
            &own("iam::111122223333:role/ci-push"),
            &own("iam::111122223333:role/team/ci-push"),
        ])
    );
    assert_eq!(within.read_objects.unwrap(), set(&[&own("s3:::tools/gitlab-runner")]));
    let pull = within.image_pull.unwrap();
    let repository = |name: &str| own(&format!("ecr:cn-north-1:111122223333:repository/{name}"));
    assert_eq!(pull.repositories.unwrap(), set(&[foreign, &repository("mirror/*")]));
    assert_eq!(pull.import_repositories.unwrap(), set(&[&repository("docker-hub/*")]));
    assert_eq!(
        within.read_parameters.unwrap().parameters,
        set(&[
            &own("ssm:cn-north-1:111122223333:parameter/ci/token"),
            &own("ssm:cn-north-1:111122223333:parameter/plain")
        ])
    );
    assert_eq!(
        within.write_logs.unwrap(),
        set(&[
            &own("logs:cn-north-1:111122223333:log-group:/ci/manager"),
            &own("logs:cn-north-1:111122223333:log-group:plain")
        ])
    );
}

#[test]
fn white_space_does_not_count_against_the_quota() {
    assert_eq!(size("{ \"a\" :\n 1 }"), 7);
}

//! `--check` and the start: what is refused, and in which words.

use std::process::Output;

use crate::support::{command, file};

fn check(config: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("proxy.toml");
    std::fs::write(&path, config).unwrap();
    let mut command = command(&directory);
    command.args(["--check".as_ref(), "--config".as_ref(), path.as_os_str()]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.output().unwrap()
}

#[track_caller]
fn refused(config: &str, parts: &[&str]) {
    let output = check(config);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78), "{text}");
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in: {text}");
    }
}

const RULE: &str = r#"
[[pull_through]]
upstream = "docker.io"
repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub"
"#;

#[test]
fn good_configuration_is_said_to_be_good() {
    let output = check(&format!("listen = [\"127.0.0.1:5000\"]\n{RULE}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8(output.stdout).unwrap().contains("1 rules, good"));
}

#[test]
fn example_in_the_crate_is_good() {
    let output = check(&std::fs::read_to_string(file("systemd/ecr-pull-proxy.toml")).unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn unknown_keys_are_refused_with_their_line() {
    refused(&format!("listne = []\n{RULE}"), &["unknown field `listne`", "line 1"]);
    refused(&format!("{RULE}\nfalback = \"none\""), &["unknown field `falback`"]);
    refused(&format!("{RULE}\nfallback = \"maybe\""), &["maybe", "upstream"]);
}

#[test]
fn all_faults_are_named_at_once_with_key_and_remedy() {
    let config = r#"
        listen = ["localhost"]
        wait_seconds = 0
        log_level = "loud"
        [endpoints]
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com" = "https://example.com"
        "docker.io" = "http://example.com"
        [[mirror]]
        upstream = "alpine"
        repository = "example.com/alpine"
        [[pull_through]]
        upstream = "registry-1.docker.io"
        repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/Hub"
    "#;
    refused(
        config,
        &[
            "listen[0] = \"localhost\": write an address with a port",
            "wait_seconds = 0: write a number from 1 to 600",
            "log_level = \"loud\"",
            "ECR's token goes to ECR or to loopback only",
            "plain http is for loopback only",
            "mirror[0].upstream = \"alpine\": begin with the registry's name",
            "mirror[0].repository = \"example.com/alpine\"",
            "is no registry of ECR",
            "pull_through[0].upstream = \"registry-1.docker.io\": write docker.io",
            "upper-case letters: write \"hub\"",
        ],
    );
}

#[test]
fn configuration_without_rules_or_with_two_of_one_upstream_is_refused() {
    refused("listen = [\"127.0.0.1:5000\"]", &["no rule", "[[pull_through]]"]);
    refused(&format!("{RULE}{RULE}"), &["two rules of one kind have upstream \"docker.io\""]);
}

#[test]
fn missing_file_and_wrong_arguments_are_said() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, part) in [
        (&["--config", "absent.toml"][..], "absent.toml"),
        (&[], "--config is missing"),
        (&["--config"], "--config needs a file"),
        (&["--frobnicate"], "unknown argument --frobnicate"),
    ] {
        let output =
            command(&directory).args(arguments).stderr(std::process::Stdio::piped()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{text}");
        assert!(text.contains(part), "{text}");
    }
}

const PUSH: &str = r#"
[push]
role_arn = "arn:aws:iam::123456789012:role/ci-push"
repositories = ["123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/*"]
docker_config = "/dev/shm/ecr-pull-proxy/docker/config.json"
"#;

#[test]
fn login_for_pushes_that_can_be_kept_is_good() {
    for push in [
        PUSH.to_owned(),
        PUSH.replace("/team/*", "/team/app"),
        PUSH.replace("/team/*", "/*"),
        PUSH.replace("role/ci-push", "role/ci/push+=,.@-_"),
    ] {
        let output = check(&format!("{RULE}{push}"));
        assert!(output.status.success(), "{push}{}", String::from_utf8_lossy(&output.stderr));
    }
    refused(&format!("{RULE}{}", PUSH.replace("docker_config", "dockerconfig")), &["unknown field"]);
    let without =
        PUSH.lines().filter(|line| !line.starts_with("docker_config")).collect::<Vec<_>>().join("\n");
    refused(&format!("{RULE}{without}"), &["missing field `docker_config`"]);
    let none = PUSH.replace("\"123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/*\"", "");
    refused(&format!("{RULE}{none}"), &["push.repositories is empty: name repositories, or remove [push]"]);
}

#[test]
fn all_faults_of_the_login_for_pushes_are_named_at_once_with_key_and_remedy() {
    let push = r#"
        [push]
        role_arn = "arn:aws:iam::123456789012:user/ci-push"
        repositories = [
            "example.com/team/*",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/*/app",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/Team/*",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/library/*",
            "123456789012.dkr.ecr-fips.eu-central-1.amazonaws.com/docker-hub/library/alpine",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app",
            "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app",
        ]
        docker_config = "docker/config.json"
    "#;
    refused(
        &format!("{RULE}{push}"),
        &[
            "push.role_arn = \"arn:aws:iam::123456789012:user/ci-push\": write arn:aws:iam::<account>:role/<name>",
            "push.repositories[0] = \"example.com/team/*\": \"example.com\" is no registry of ECR",
            "push.repositories[1] = \"123456789012.dkr.ecr.eu-central-1.amazonaws.com\": name a repository behind",
            "push.repositories[2]",
            "only the end may be open, by one *, as in team/*",
            "push.repositories[3]",
            "write \"team/a\"",
            "push.repositories[4]",
            "images of docker.io are served from there, so nothing may be pushed there",
            "push.repositories[5]",
            "push.repositories[7]",
            "it stands there twice: remove one",
            "push.docker_config = \"docker/config.json\": write an absolute path that ends with /config.json",
        ],
    );
    for path in ["/run/docker/login.json", "/run/../config.json", "/"] {
        let push = PUSH.replace("/dev/shm/ecr-pull-proxy/docker/config.json", path);
        refused(&format!("{RULE}{push}"), &["write an absolute path that ends with /config.json"]);
    }
    let china = PUSH.replace("arn:aws:", "arn:aws-cn:");
    refused(&format!("{RULE}{china}"), &["the role is of partition aws-cn: push to a registry of that"]);
}

#[test]
fn session_policy_that_sts_would_refuse_for_its_length_is_named_with_a_remedy() {
    let host = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
    let many: Vec<String> = (0..20).map(|number| format!("\"{host}/team/app-{number}\"")).collect();
    let push = PUSH.replace(&format!("\"{host}/team/*\""), &many.join(", "));
    refused(&format!("{RULE}{push}"), &["characters and STS takes 2048", "by patterns such as team/*"]);
}

#[test]
fn certificates_that_cannot_be_used_are_named_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("proxy.toml"), RULE).unwrap();
    std::fs::write(directory.path().join("empty.pem"), "no certificate").unwrap();
    for (file, problem) in
        [("absent.pem", "which cannot be read"), ("empty.pem", "which holds no PEM certificate")]
    {
        let mut command = command(&directory);
        command.args(["--check", "--config", "proxy.toml"]).env("AWS_CA_BUNDLE", file);
        let output = command.stderr(std::process::Stdio::piped()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        let expected = format!("AWS_CA_BUNDLE names {file}, {problem}");
        assert!(text.contains(&expected) && text.contains("correct or unset it"), "{text}");
        assert_eq!(output.status.code(), Some(78), "{text}");
    }
}

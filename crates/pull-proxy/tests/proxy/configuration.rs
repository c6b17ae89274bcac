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

//! What the reader refuses, with which path and words.
#![allow(clippy::unwrap_used, reason = "a test ends at the first failure")]

use runner_config::{Docker, Executor, ParseError, RenderError, Runner, RunnerConfig, TokenPlaceholder};

/// A docker-autoscaler entry, then the given lines, which may open further sections.
fn with(lines: &str) -> String {
    format!(
        "concurrent = 4\n[[runners]]\nurl = \"https://gitlab.example.com\"\ntoken = \"__T__\"\n\
         executor = \"docker-autoscaler\"\n{lines}"
    )
}

#[track_caller]
fn refused(text: &str, expected: &[&str]) {
    let error = RunnerConfig::parse(text).unwrap_err();
    let lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines, expected);
}

#[test]
fn unknown_key_is_reported_with_full_path_and_nearest_key() {
    refused(
        &with("[[runners.autoscaler.policy]]\n[[runners.autoscaler.policy]]\nidle_cuont = 1\n"),
        &["runners[0].autoscaler.policy[1].idle_cuont: unknown key (did you mean `idle_count`?)"],
    );
    refused(
        &with("[runners.autoscaler.connector_config]\nkey_pathname = \"/k\"\n"),
        &["runners[0].autoscaler.connector_config.key_pathname: unknown key (did you mean `key_path`?)"],
    );
    refused(
        &with("tls_ca_file = \"/ca\"\n"),
        &["runners[0].tls_ca_file: unknown key (did you mean `tls-ca-file`?)"],
    );
    refused(
        &with("[runners.machine]\nidlecount = 1\n"),
        &["runners[0].machine.idlecount: unknown key (did you mean `IdleCount`?)"],
    );
}

#[test]
fn key_of_another_section_is_reported_with_that_section() {
    refused(
        &with("privileged = true\n"),
        &["runners[0].privileged: unknown key (it is a key of [runners.docker])"],
    );
    refused(
        &with("[runners.docker]\nconcurrent = 1\n"),
        &["runners[0].docker.concurrent: unknown key (it is a key of the global section)"],
    );
}

#[test]
fn all_faults_are_reported_in_one_run() {
    refused(
        &format!(
            "check_intervall = 3\n{}",
            with(
                "limit = \"ten\"\nshell = \"bsh\"\n[runners.docker]\nprivileged = \"yes\"\npull_policy = \"if-not-presnt\"\n\
                 memory = \"lots\"\nvolumes = [\"/cache\", 1]\n[runners.autoscaler]\nplugin_config = { region = \"eu\" }\n\
                 [[runners.autoscaler.policy]]\nperiods = [\"* * * * * *\"]\nscale_factor = 1\nidle_time = 1200\n"
            )
        ),
        &[
            "check_intervall: unknown key (did you mean `check_interval`?)",
            "runners[0].limit: expected an integer, found a string",
            "runners[0].shell: `bsh` is not one of `bash`, `sh`, `cmd`, `pwsh`, `powershell` (did you mean `bash`?)",
            "runners[0].docker.memory: is not a size: write a number with the unit b, k, m or g, such as \"512m\"",
            "runners[0].docker.privileged: expected a boolean, found a string",
            "runners[0].docker.volumes[1]: expected a string, found an integer",
            "runners[0].docker.pull_policy: `if-not-presnt` is not one of `always`, `if-not-present`, `never` (did you \
             mean `if-not-present`?)",
            "runners[0].autoscaler.plugin_config.region: this key is refused: the plugin ignores it: set AWS_REGION in \
             the environment of the service",
            "runners[0].autoscaler.policy[0].periods[0]: has 6 cron fields and needs 5, such as \"* 8-17 * * mon-fri\"",
            "runners[0].autoscaler.policy[0].idle_time: a bare integer would be read as nanoseconds: write a quoted \
             duration such as \"20m0s\"",
            "runners[0].autoscaler.policy[0].scale_factor: must be written as a float: 1.0",
        ],
    );
}

#[test]
fn missing_required_keys_are_reported_together() {
    refused(
        "[[runners]]\nname = \"a\"\n",
        &[
            "runners[0].url: required key is missing",
            "runners[0].token: required key is missing",
            "runners[0].executor: required key is missing",
        ],
    );
}

#[test]
fn keys_that_lint_refuses_or_that_would_hold_secrets_are_refused_with_the_reason() {
    for (lines, path, word) in [
        (
            "[runners.docker]\nhelper_image_autoset_arch_and_os = true\n",
            "docker.helper_image_autoset_arch_and_os",
            "lint",
        ),
        ("[runners.cache.s3]\nAccessKey = \"opaque\"\n", "cache.s3.AccessKey", "secret"),
        ("[runners.cache.s3]\nsecretkey = \"opaque\"\n", "cache.s3.secretkey", "secret"),
        ("[runners.cache.s3]\nSessionToken = \"opaque\"\n", "cache.s3.SessionToken", "secret"),
        (
            "[runners.autoscaler.connector_config]\npassword = \"opaque\"\n",
            "autoscaler.connector_config.password",
            "password",
        ),
        ("[runners.kubernetes]\n", "kubernetes", "not part of this model"),
    ] {
        let error = RunnerConfig::parse(&with(lines)).unwrap_err().to_string();
        assert!(error.starts_with(&format!("runners[0].{path}: this key is refused: ")), "{error}");
        assert!(error.contains(word) && !error.contains("opaque"), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn secret_is_refused_wherever_it_stands_and_never_repeated() {
    let secret = "glrt-t1_aBcDeF0123456789";
    for (text, path) in [
        (with(&format!("name = \"{secret}\"\n")), "runners[0].name"),
        (with(&format!("environment = [\"A=b\", \"T={secret}\"]\n")), "runners[0].environment[1]"),
        (
            with(&format!("[runners.docker.sysctls]\n\"a.b\" = \"{secret}\"\n")),
            "runners[0].docker.sysctls[\"a.b\"]",
        ),
        (with(&format!("[runners.docker.sysctls]\n\"{secret}\" = \"1\"\n")), "runners[0].docker.sysctls"),
        (with(&format!("shell = \"{secret}\"\n")), "runners[0].shell"),
        (with(&format!("limit = \"{secret}\"\n")), "runners[0].limit"),
        (with(&format!("{secret} = 1\n")), "runners[0]"),
        (with("").replace("__T__", secret), "runners[0].token"),
    ] {
        let error = RunnerConfig::parse(&text).unwrap_err();
        let (shown, debug) = (error.to_string(), format!("{error:?}"));
        assert!(
            shown.starts_with(&format!("{path}: holds what looks like a runner authentication token")),
            "{shown}"
        );
        assert!(!shown.contains("aBcDeF") && !debug.contains("aBcDeF"), "{shown} {debug}");
    }
}

#[test]
fn secret_in_a_comment_is_refused() {
    let error = RunnerConfig::parse(&with("# was glpat-aBcDeF0123456789\n")).unwrap_err().to_string();
    assert!(error.starts_with("config.toml: holds what looks like a GitLab access token"), "{error}");
    assert!(!error.contains("aBcDeF"), "{error}");
}

#[test]
fn long_wrong_value_is_not_shown() {
    let value = "opaque".repeat(20);
    let error = RunnerConfig::parse(&with(&format!("shell = \"{value}\"\n"))).unwrap_err().to_string();
    assert!(error.contains("(too long to show)") && !error.contains("opaque"), "{error}");
}

#[test]
fn token_that_is_no_placeholder_is_refused_without_being_repeated() {
    for token in ["opaque-value", "${GITLAB_RUNNER_TOKEN}", ""] {
        let error = RunnerConfig::parse(&with("").replace("__T__", token)).unwrap_err().to_string();
        assert!(error.starts_with("runners[0].token: must be a placeholder"), "{error}");
        assert!(token.is_empty() || !error.contains(token), "{error}");
    }
}

#[test]
fn syntax_error_names_line_and_column_but_not_the_text() {
    let error =
        RunnerConfig::parse("concurrent = 4\n[[runners]]\ntoken = \"glrt-t1_aBcDeF0123456789\n").unwrap_err();
    let ParseError::Syntax { line, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*line, 3);
    assert!(!error.to_string().contains("aBcDeF") && !format!("{error:?}").contains("aBcDeF"), "{error}");
    let duplicate = RunnerConfig::parse("concurrent = 4\nconcurrent = 5\n").unwrap_err();
    assert_eq!(duplicate.to_string(), "line 2, column 1: duplicate key");
    let misplaced = RunnerConfig::parse("a = 1\n[a.b]\n").unwrap_err().to_string();
    assert!(!misplaced.contains("not shown"), "{misplaced}");
}

#[test]
fn render_refuses_secrets_that_were_put_into_the_model() {
    let token = TokenPlaceholder::new("__T__").unwrap();
    let runner = Runner {
        docker: Some(Docker {
            extra_hosts: vec!["AKIAIOSFODNN7EXAMPLE:10.0.0.1".to_owned()],
            ..Docker::default()
        }),
        ..Runner::new("https://gitlab.example.com", token, Executor::Docker)
    };
    let RenderError::Secrets(faults) =
        RunnerConfig { runners: vec![runner], ..RunnerConfig::default() }.render().unwrap_err();
    assert_eq!(faults.as_slice()[0].path.to_string(), "runners[0].docker.extra_hosts[0]");
    assert!(!faults.to_string().contains("AKIA"), "{faults}");
}

#[test]
fn pull_policy_may_be_a_string_or_a_list_and_numbers_keep_their_type() {
    let text = with(
        "[runners.docker]\npull_policy = [\"always\", \"if-not-present\"]\n[[runners.autoscaler.policy]]\n\
         scale_factor = 2.0\nidle_time = \"90m\"\n",
    );
    let rendered = RunnerConfig::parse(&text).unwrap().render().unwrap();
    for line in
        ["pull_policy = [\"always\", \"if-not-present\"]", "scale_factor = 2.0", "idle_time = \"1h30m0s\""]
    {
        assert!(rendered.contains(line), "{rendered}");
    }
    let one = RunnerConfig::parse(&with("[runners.docker]\npull_policy = [\"never\"]\n"))
        .unwrap()
        .render()
        .unwrap();
    assert!(one.contains("pull_policy = \"never\""), "{one}");
}

#[test]
fn number_that_a_count_cannot_be_is_refused() {
    for number in ["-1", "4294967296"] {
        refused(
            &with(&format!("limit = {number}\n")),
            &["runners[0].limit: must lie between 0 and 4294967295"],
        );
    }
}
